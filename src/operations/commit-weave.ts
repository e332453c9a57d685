import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { WeaveConfig } from "../config/config.js";
import { configDirectory, isConfigFile } from "../config/project.js";
import type { Digest } from "../model/entry.js";
import type { Target } from "../repository/branch.js";
import { commit } from "../repository/commit.js";
import type { Change } from "../repository/tree.js";
import { takenBack } from "../repository/view.js";
import { inspect, uncommitted } from "../repository/work-tree.js";
import type { ObjectWriter } from "../repository/writer.js";
import type { DatasetChanges, MergedWeave } from "./merge-weave.js";
import type { Project } from "./project.js";

/** The weaves of one source, merged. */
export interface Woven {
  weaves: WeaveConfig[];
  merged: MergedWeave[];
  writer: ObjectWriter;
}

/** What weave tells of one weave. */
export interface WovenDatasets {
  name: string;
  datasets: DatasetChanges[];
}

/**
 * Commits what changed in the weaves of one source, with the configuration that they used where that is the work tree's.
 * @returns the commit; undefined where nothing changed
 */
export async function commitWeaves(
  project: Project,
  target: Target,
  { weaves, merged, writer }: Woven,
  { ownConfig, notes }: { ownConfig: boolean; notes: string[] },
): Promise<{ id: Digest; subject: string } | undefined> {
  const changes = merged.flatMap((part) => part.changes);
  if (changes.length === 0) return undefined;
  const config = ownConfig ? await configChanges(project, weaves, writer) : [];
  if (config.length > 0) notes.push(`committed with the data: ${config.map(({ path }) => path).join(", ")}`);
  for (const { name } of weaves) {
    const revert = target.tip && (await takenBack(project.repository, target.tip, name));
    if (revert)
      notes.push(
        `${name}: what ${revert.id.slice(0, 10)} (${revert.subject}) took back, and the source still has, comes again`,
      );
  }
  const message = describeCommit(weaves.map(({ name }, i) => ({ name, datasets: merged[i]!.datasets })));
  const views = merged.flatMap(({ view }) => view ?? []);
  const made = await commit(project.repository, { target, writer, changes: [...changes, ...config], message, views });
  return made.committed ? { id: made.tip!, subject: message.split("\n", 1)[0]! } : undefined;
}

/** The configuration and the schemas that the weaves used, where they are not committed yet; no other file that lies there. */
async function configChanges(
  { root, repository }: Project,
  weaves: readonly WeaveConfig[],
  writer: ObjectWriter,
): Promise<Change[]> {
  const schemas = weaves.flatMap(({ validate }) => validate.map(({ schema }) => schema));
  const paths = await uncommitted(repository, [configDirectory, ...schemas]);
  const changes: Change[] = [];
  for (const path of paths.filter((path) => isConfigFile(path) || schemas.includes(path))) {
    const found = await inspect(root, path);
    if (found === undefined) changes.push({ path, remove: true });
    else if (found.mode.startsWith("100")) {
      const [blob] = await writer.blobs([await readFile(join(root, path), "utf8")]);
      changes.push({ path, blob: blob! });
    }
  }
  return changes;
}

export function describeCommit(weaves: readonly WovenDatasets[]): string {
  const total = (of: "added" | "changed" | "removed") =>
    weaves.flatMap(({ datasets }) => datasets).reduce((sum, dataset) => sum + dataset[of], 0);
  const counts = (["added", "changed", "removed"] as const)
    .filter((of) => total(of) > 0)
    .map((of) => `${total(of)} ${of}`);
  const subject = `weave ${weaves.map(({ name }) => name).join(", ")}: ${counts.join(", ") || "descriptions only"}`;
  const lines = weaves.flatMap(({ name, datasets }) =>
    datasets
      .filter(({ added, changed, removed }) => added + changed + removed > 0)
      .map((d) => `${name}/${d.name}: ${d.added} added, ${d.changed} changed, ${d.removed} removed`),
  );
  return [subject, "", ...lines].join("\n");
}
