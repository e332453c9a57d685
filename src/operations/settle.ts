import type { Codec } from "../model/codec.js";
import type { Dataset } from "../model/dataset.js";
import type { Digest, Key } from "../model/entry.js";
import type { Problem } from "../model/errors.js";
import { type Fields, renderFields } from "../model/json.js";
import { parseManifest } from "../model/parse.js";
import { mergeFields } from "../plan/merge-fields.js";
import type { Files, MergedView } from "../plan/merge-view.js";
import { type ManifestFile, manifests } from "../repository/manifests.js";
import type { Source } from "../repository/source.js";
import type { ObjectWriter } from "../repository/writer.js";
import { unfitFiles } from "./side.js";

/** Who decides where git and the source changed the same. */
export type Prefer = "git" | "source";

export interface SettleInput {
  merged: MergedView;
  base: Files | undefined;
  ours: Files;
  theirs: Files;
  /** How the branch describes the dataset, and how the source does now. */
  before: Dataset | undefined;
  after: Dataset;
  /** Of the dataset, from the project. */
  directory: string;
  source: Source | undefined;
  codec: Codec;
  writer: ObjectWriter;
  prefer: Prefer | undefined;
  /** Judges merged entries by the weave's schemas. */
  validate(dataset: Dataset, key: Key, fields: Fields): Problem[];
}

export interface Settled {
  /** What git and the source changed differently, by entry and field, and nobody decided. */
  conflicts: Problem[];
  /** Merged entries that do not fit their schema. */
  misfits: Problem[];
  /** What `prefer` decided: an entry's path in the dataset, with the field's pointer where it is one. */
  preferred: string[];
}

/**
 * Settles in `merged` what both sides changed since the last view: different fields of one entry are merged, the rest is
 * decided or a conflict. Reads those entries alone. HDL400 where git's cannot be read.
 */
export async function settle(input: SettleInput): Promise<Settled> {
  const { merged, ours, theirs, before, source, codec, directory, writer } = input;
  const result: Settled = { conflicts: [], misfits: [], preferred: [] };
  const onBothSides = new Map<string, Digest>();
  for (const path of merged.both) {
    if (ours.has(path) && theirs.has(path)) onBothSides.set(path, ours.get(path)!);
    else settleAbsent(path, input, result);
  }
  if (onBothSides.size === 0) return result;
  // The source's entries are read back from git.
  await writer.flush();
  const problems: Problem[] = [];
  const selection = { codec, dataset: before!, directory, files: onBothSides };
  for await (const batch of manifests(source!, selection, problems)) await mergeBatch(batch, input, result);
  if (problems.length > 0) throw unfitFiles(problems);
  return result;
}

/** Deleted on one side and changed on the other. */
function settleAbsent(path: string, input: SettleInput, { conflicts, preferred }: Settled): void {
  const { merged, base, ours, theirs, prefer } = input;
  const [our, their] = [ours.get(path), theirs.get(path)];
  if (prefer === undefined) {
    const message = conflictMessage(their !== undefined, our !== undefined, base === undefined);
    conflicts.push({ ...placeOf(path, input), message });
    return;
  }
  preferred.push(path);
  if (prefer === "git") (our === undefined ? merged.deleted : merged.edited).push(path);
  else if (their === undefined) {
    merged.files.delete(path);
    merged.removed.push(path);
  } else {
    merged.files.set(path, their);
    merged.added.push(path);
  }
}

async function mergeBatch(batch: readonly ManifestFile[], input: SettleInput, result: Settled): Promise<void> {
  const { merged, base, ours, theirs, after, source, codec, writer, prefer, validate } = input;
  const wanted = batch.flatMap(({ path }) =>
    [base?.get(path), theirs.get(path)].flatMap((id) => (id === undefined ? [] : [{ path, id }])),
  );
  const bodies = source!.read("", wanted)[Symbol.asyncIterator]();
  const next = async (): Promise<Fields> => parseManifest((await bodies.next()).value.toString()).fields;
  for (const { path, key, fields: our } of batch) {
    const was = base && (base.has(path) ? await next() : new Map());
    const sides = { base: was, ours: our, theirs: await next() };
    const { fields, conflicts } = mergeFields(sides, prefer && (prefer === "git" ? "ours" : "theirs"));
    if (prefer) result.preferred.push(...conflicts.map((conflict) => `${path} ${conflict.path}`.trimEnd()));
    else if (conflicts.length > 0) {
      const told = conflicts.map(({ path: field, ours, theirs }) => ({
        ...placeOf(path, input),
        path: field,
        message:
          field === ""
            ? "its fields stand in another order in git and in the source"
            : conflictMessage(theirs !== undefined, ours !== undefined, was === undefined),
      }));
      result.conflicts.push(...told);
      continue;
    }
    const canonical = codec.canonical(after, fields);
    if (canonical.problems.length > 0) {
      result.conflicts.push(...canonical.problems.map((problem) => ({ ...placeOf(path, input), ...problem })));
      continue;
    }
    result.misfits.push(...validate(after, key, canonical.fields));
    const [digest] = await writer.blobs([renderFields(canonical.fields)]);
    merged.files.set(path, digest!);
    if (digest !== ours.get(path)) merged.changed.push(path);
    if (digest !== theirs.get(path)) merged.edited.push(path);
  }
  await bodies.return?.();
}

function placeOf(path: string, { directory, after }: SettleInput): Pick<Problem, "file" | "dataset"> {
  return { file: `${directory}/${path}`, dataset: after.name };
}

function conflictMessage(inSource: boolean, inGit: boolean, baseLost: boolean): string {
  if (!inGit) return baseLost ? "in the source, not in git" : "deleted in git and changed in the source";
  if (!inSource) return baseLost ? "in git, not in the source" : "changed in git and gone from the source";
  return baseLost ? "not the same in git and in the source" : "changed in git and in the source";
}
