import { createHash } from "node:crypto";
import type { EnvironmentConfig } from "../config/config.js";
import { pointersFor, rulesFor } from "../config/rules.js";
import type { AppliedRecord } from "../model/record.js";
import { type ChangedSources, changedSources } from "../repository/changed.js";
import { weaveDirectory } from "../repository/weave.js";
import { compilePipeline } from "../transform/pipeline.js";
import type { CompareInput } from "./compare.js";
import type { Fingerprints } from "./fingerprints.js";
import { shapeDigest } from "./shape-digest.js";

/**
 * What was applied and what the revision wants, listed only where they differ: then nothing else needs to be read, since
 * it is as the last apply left it, or drifted. With `full` also what may have drifted, by the database's fingerprints.
 * Undefined where all is to be compared: asked for; nothing was applied; something else shapes entries or leaves some of
 * their fields alone; entries are known by natural keys, which others refer to; a hold has to be looked through; or an
 * apply is to be finished.
 * @param record one whose trees this clone has
 */
export async function readChanges(
  input: CompareInput,
  record: AppliedRecord,
  fingerprints: Fingerprints | undefined,
): Promise<ChangedSources | undefined> {
  const { environment, project, codec, overlay, naming, source, full, exact, finishing } = input;
  if (exact || finishing || !record.datasets || record.hold) return undefined;
  if (full && !(await fingerprints?.kept())?.size) return undefined;
  if (record.overlay.digest !== shapeDigest(naming, overlay) || Object.keys(naming.identify).length > 0)
    return undefined;
  const trees = new Map<string, string>();
  for (const weave of environment.weaves) {
    const tree = await source.tree(weaveDirectory(weave));
    if (tree !== undefined) trees.set(weave, tree);
  }
  const before = new Map(Object.entries(record.trees));
  const pipeline = full ? await compilePipeline({ rules: overlay, codec, origin: "overlay" }) : undefined;
  return changedSources(project.repository, before, trees, async (dataset) => {
    const { name, pick } = dataset;
    const isKept = record.exceptions.some(({ kind, dataset }) => kind === "kept" && dataset === name);
    const { prune } = rulesFor(environment, name, { isSource: false, picked: pick !== undefined });
    const isAlone = record.datasets?.[name]?.untouched === untouchedDigest(environment, name);
    if (isKept || prune === "mirror" || !isAlone) return "all";
    if (!pipeline) return "changed";
    return fingerprints!.moved(pipeline.touches(dataset) ? pipeline.describe(dataset) : dataset);
  });
}

/** Digest of the members that an environment leaves alone in a dataset: with others, other entries differ. */
export function untouchedDigest({ ignore, local }: EnvironmentConfig, dataset: string): string {
  const pointers = [ignore, local].map((byDataset) => pointersFor(byDataset, dataset).sort());
  return createHash("sha256").update(JSON.stringify(pointers)).digest("hex").slice(0, 16);
}
