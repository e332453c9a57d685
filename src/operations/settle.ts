import type { Codec } from "../model/codec.js";
import type { Dataset } from "../model/dataset.js";
import type { Digest, Key } from "../model/entry.js";
import type { Problem } from "../model/errors.js";
import { type Fields, renderFields } from "../model/json.js";
import { parseManifest } from "../model/parse.js";
import { markedSides, renderConflicts } from "../plan/conflict-text.js";
import { type FieldConflict, mergeFields } from "../plan/merge-fields.js";
import type { Files, MergedView } from "../plan/merge-view.js";
import { type ManifestFile, manifests } from "../repository/manifests.js";
import { readEach, type Source } from "../repository/source.js";
import type { ObjectWriter } from "../repository/writer.js";
import { unfitFiles } from "./side.js";

/** Who decides where git and the source changed the same. */
export type Prefer = "git" | "source";

/** Nobody (undefined): conflicts are told. `mark`: they stand in the files, between git's markers, for people to resolve. */
export type Decision = Prefer | "mark" | undefined;

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
  decision: Decision;
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
export async function settle(asked: SettleInput): Promise<Settled> {
  // A packed entry has one line: no room for markers around a field.
  const unmarked = asked.decision === "mark" && asked.after.layout.kind === "lines";
  const input = unmarked ? { ...asked, decision: undefined } : asked;
  const { merged, ours, theirs, before, after, source, codec, directory, writer } = input;
  const result: Settled = { conflicts: [], misfits: [], preferred: [] };
  const onBothSides = new Map<string, Digest>();
  for (const path of merged.both) {
    if (ours.has(path) && theirs.has(path)) onBothSides.set(path, ours.get(path)!);
    else await settleAbsent(path, input, result);
  }
  if (onBothSides.size === 0) return result;
  // The source's entries are read back from git.
  await writer.flush();
  const problems: Problem[] = [];
  const read = new Set<string>();
  // Who resolves a conflict in git may have given the entry its new shape already.
  for (const dataset of [before!, after]) {
    problems.length = 0;
    const files = new Map([...onBothSides].filter(([path]) => !read.has(path)));
    for await (const batch of manifests(source!, { codec, dataset, directory, files }, problems)) {
      await mergeBatch(batch, input, result);
      for (const { path } of batch) read.add(path);
    }
  }
  if (problems.length > 0) throw unfitFiles(problems);
  return result;
}

/** Deleted on one side and changed on the other. */
async function settleAbsent(path: string, input: SettleInput, { conflicts, preferred }: Settled): Promise<void> {
  const { merged, base, ours, theirs, decision, source, writer } = input;
  const [our, their] = [ours.get(path), theirs.get(path)];
  const message = conflictMessage(their !== undefined, our !== undefined, base === undefined);
  if (decision === undefined) {
    conflicts.push({ ...placeOf(path, input), message });
  } else if (decision === "mark") {
    await writer.flush();
    let text = "";
    for await (const bytes of readEach(source!, "", [{ path, id: (our ?? their)! }])) text = bytes.toString();
    const [digest] = await writer.blobs([our ? markedSides(text, undefined, "") : markedSides("", undefined, text)]);
    merged.files.set(path, digest!);
    (our ? merged.changed : merged.added).push(path);
  } else {
    preferred.push(path);
    if (decision === "git") (our === undefined ? merged.deleted : merged.edited).push(path);
    else if (their === undefined) {
      merged.files.delete(path);
      merged.removed.push(path);
    } else {
      merged.files.set(path, their);
      merged.added.push(path);
    }
  }
}

async function mergeBatch(batch: readonly ManifestFile[], input: SettleInput, result: Settled): Promise<void> {
  const { merged, base, ours, theirs, after, source, codec, writer, decision, validate } = input;
  const wanted = batch.flatMap(({ path }) =>
    [base?.get(path), theirs.get(path)].flatMap((id) => (id === undefined ? [] : [{ path, id }])),
  );
  const bodies = readEach(source!, "", wanted);
  const next = async (): Promise<Fields> => parseManifest((await bodies.next()).value.toString()).fields;
  const store = async (path: string, text: string) => {
    const [digest] = await writer.entries([{ text }], after.layout);
    merged.files.set(path, digest!);
    if (digest !== ours.get(path)) merged.changed.push(path);
    if (digest !== theirs.get(path)) merged.edited.push(path);
  };
  for (const { path, key, fields: our } of batch) {
    const was = base && (base.has(path) ? await next() : new Map());
    const sides = { base: was, ours: our, theirs: await next() };
    const { fields, conflicts } = mergeFields(sides, decision && preference[decision]);
    const place = placeOf(path, input);
    if (conflicts.length > 0 && decision === "mark") {
      await store(path, renderConflicts(fields, conflicts, sides));
      continue;
    }
    if (decision) result.preferred.push(...conflicts.map((conflict) => `${path} ${conflict.path}`.trimEnd()));
    else if (conflicts.length > 0) {
      result.conflicts.push(...conflicts.map((conflict) => ({ ...place, ...described(conflict, was === undefined) })));
      continue;
    }
    const canonical = codec.canonical(after, fields);
    if (canonical.problems.length > 0) {
      result.conflicts.push(...canonical.problems.map((problem) => ({ ...place, ...problem })));
      continue;
    }
    result.misfits.push(...validate(after, key, canonical.fields));
    await store(path, renderFields(canonical.fields));
  }
  await bodies.return(undefined);
}

const preference = { git: "ours", source: "theirs", mark: undefined } as const;

function described({ path, ours, theirs }: FieldConflict, baseLost: boolean): { path: string; message: string } {
  if (path === "") return { path, message: "its fields stand in another order in git and in the source" };
  return { path, message: conflictMessage(theirs !== undefined, ours !== undefined, baseLost) };
}

function placeOf(path: string, { directory, after }: SettleInput): Pick<Problem, "file" | "dataset"> {
  return { file: `${directory}/${path}`, dataset: after.name };
}

function conflictMessage(inSource: boolean, inGit: boolean, baseLost: boolean): string {
  if (!inGit) return baseLost ? "in the source, not in git" : "deleted in git and changed in the source";
  if (!inSource) return baseLost ? "in git, not in the source" : "changed in git and gone from the source";
  return baseLost ? "not the same in git and in the source" : "changed in git and in the source";
}
