import type { Codec } from "../model/codec.js";
import type { Digest } from "../model/entry.js";
import { HeddleError, type Problem } from "../model/errors.js";
import { type Fields, renderFields } from "../model/json.js";
import { differingPaths } from "../plan/entry-diff.js";
import type { DatasetPlan } from "../plan/plan.js";
import { refit } from "../plan/refit.js";
import type { RenderContext } from "../plan/show.js";
import { entryPath, nameIn } from "../repository/layout.js";
import { type ManifestFile, manifests } from "../repository/manifests.js";
import type { Source } from "../repository/source.js";
import type { Change as TreeChange } from "../repository/tree.js";
import { type DatasetFiles, weaveDirectory } from "../repository/weave.js";
import type { ObjectWriter } from "../repository/writer.js";
import type { Condition } from "../transform/condition.js";

/** One dataset at two revisions. */
export interface RestorationInput {
  weave: string;
  now: Side;
  before: Side;
  codec: Codec;
  /** Which entries are meant, by file name without fan-out. */
  chosen(name: string): boolean;
  /** True where a person named the very entry: then it is restored also where the dataset was selected otherwise. */
  named: boolean;
  /** Must hold for an entry as it is now, or as it was. */
  where?: Condition;
  writer: ObjectWriter;
}

interface Side {
  source: Source;
  data: DatasetFiles;
  /** Path and digest by file name without fan-out. */
  places: ReadonlyMap<string, readonly [path: string, digest: Digest]>;
}

/** A dataset of a revision as `restoration` takes it. */
export function sideAt(source: Source, data: DatasetFiles): Side {
  return { source, data, places: new Map([...data.files].map((file) => [nameIn(file[0]), file])) };
}

export interface Restoration {
  plan: DatasetPlan;
  /** Of the changed entries' files as they are now, by file name. */
  digests: Map<string, Digest>;
  /** What to replace inside the dataset's directory. */
  changes: TreeChange[];
  context: RenderContext;
  /** What a person should know. */
  notes: string[];
  /** Entries that cannot be restored. */
  problems: Problem[];
}

const batchSize = 500;

/**
 * What it takes to give entries of one dataset back what they were, in today's shape and under today's paths. Blobs go to
 * the writer; nothing is committed. HDL400 where the two revisions tell entries apart by other keys.
 */
export async function restoration(input: RestorationInput): Promise<Restoration> {
  const { weave, codec, writer } = input;
  const { dataset, files } = input.now.data;
  const none = { blocked: [], kept: [], adopted: 0, owned: files.size, wanted: 0, released: 0 };
  const plan: DatasetPlan = { weave, dataset, changes: [], ...none };
  const problems: Problem[] = [];
  const changes: TreeChange[] = [];
  const digests = new Map<string, Digest>();
  const told: Told = { dropped: new Set(), kept: new Set() };
  const { names, notes } = differing(input);
  for (let start = 0; start < names.length; start += batchSize) {
    for (const version of await readVersions(input, names.slice(start, start + batchSize), problems)) {
      const { name, path, present, old } = version;
      if (!(await isMeant(input, version))) continue;
      const wanted = old && fitted(input, version, told, problems);
      if (old && !wanted) continue;
      const text = wanted && renderFields(wanted);
      if (present && text === present.text) continue;
      const kind = !old ? "delete" : path === undefined ? "create" : "update";
      // A present file that cannot be read has no fields to compare.
      const paths = present && wanted ? differingPaths(present.fields, wanted) : [];
      const digest = input.now.places.get(name)?.[1];
      if (digest !== undefined) digests.set(name, digest);
      plan.changes.push({
        kind,
        label: "git",
        key: (old ?? present)?.key ?? "[]",
        name,
        fields: paths.map((path) => ({ path, label: "git" })),
      });
      const place = old && entryPath(old.key, dataset.layout, codec.keyName);
      if (path !== undefined && path !== place) changes.push({ path, remove: true });
      if (text === undefined) continue;
      const [blob] = await writer.entries([{ text }], dataset.layout);
      changes.push({ path: place!, blob: blob! });
    }
  }
  const say = (names: Set<string>, why: string) => {
    if (names.size > 0) notes.push(`${dataset.name}: ${[...names].join(", ")} ${why}`);
  };
  say(told.dropped, "(not selected any more) cannot be restored");
  say(told.kept, "(selected or masked otherwise then) left as now");
  return { plan, digests, changes, notes, problems, context: contextOf(input) };
}

/** Names whose files differ, and what is to say about those that are left out. */
function differing({ now, before: then, chosen, named }: RestorationInput): { names: string[]; notes: string[] } {
  const [today, before] = [now.data.dataset, then.data.dataset];
  if (today.engine !== before.engine || JSON.stringify(today.key) !== JSON.stringify(before.key)) {
    throw new HeddleError("HDL400", `${today.name}: entries had another key then (${before.key.join(", ")})`, {
      hint: "choose the other datasets with --dataset",
    });
  }
  const [has, had] = [now.places, then.places];
  const all = [...new Set([...had.keys(), ...has.keys()])];
  const names = all.filter((name) => chosen(name) && has.get(name)?.[1] !== had.get(name)?.[1]).sort();
  if (named || today.selection === before.selection) return { names, notes: [] };
  // What only one of the two has may have come or gone by the selection: that is no edit to take back.
  const both = names.filter((name) => has.has(name) && had.has(name));
  const left = names.length - both.length;
  const what = left === 1 ? "1 entry that came or went since is" : `${left} entries that came or went since are`;
  return { names: both, notes: left > 0 ? [`${today.name} was selected otherwise then: ${what} left as now`] : [] };
}

/** One entry at the two revisions; undefined where there is none, or where it cannot be read. */
interface Version {
  name: string;
  /** Where its file lies now. */
  path: string | undefined;
  present: ManifestFile | undefined;
  old: ManifestFile | undefined;
}

/** Present files that cannot be read are replaced; old ones go to `problems`, and their entries are left out. */
async function readVersions(
  { weave, now, before: then, codec }: RestorationInput,
  names: readonly string[],
  problems: Problem[],
): Promise<Version[]> {
  const read = async ({ source, data, places }: Side, found: Problem[]) => {
    const files = new Map(names.flatMap((name) => [places.get(name)].filter((file) => file !== undefined)));
    const directory = `${weaveDirectory(weave)}/${data.directory}`;
    const entries = new Map<string, ManifestFile>();
    for await (const batch of manifests(source, { codec, dataset: data.dataset, directory, files }, found)) {
      for (const entry of batch) entries.set(nameIn(entry.path), entry);
    }
    return entries;
  };
  const [old, present] = [await read(then, problems), await read(now, [])];
  return names
    .filter((name) => old.has(name) || !then.places.has(name))
    .map((name) => ({ name, path: now.places.get(name)?.[0], present: present.get(name), old: old.get(name) }));
}

async function isMeant(
  { where, codec, now, before: then }: RestorationInput,
  { present, old }: Version,
): Promise<boolean> {
  if (!where) return true;
  if (present && (await where(codec, now.data.dataset, present.fields))) return true;
  return old !== undefined && where(codec, then.data.dataset, old.fields);
}

interface Told {
  dropped: Set<string>;
  kept: Set<string>;
}

/** The old version in today's shape; undefined where it does not fit, which goes to `problems`. */
function fitted(
  { now, before: then, codec }: RestorationInput,
  { name, present, old }: Version,
  told: Told,
  problems: Problem[],
): Fields | undefined {
  const { dataset } = now.data;
  const place = { dataset: dataset.name, key: name.replace(/\.json$/, "") };
  const today = { dataset, present: present?.fields };
  const { fields, dropped, kept, missing } = refit(
    { dataset: then.data.dataset, fields: old!.fields },
    today,
    codec.rows,
  );
  for (const one of dropped) told.dropped.add(one);
  for (const one of kept) told.kept.add(one);
  if (missing.length > 0) {
    const message = `what it had in ${missing.join(", ")} is not known, and there is no entry to take it from`;
    problems.push({ ...place, message, hint: "add the entry by hand (`heddle add`)" });
    return undefined;
  }
  const canonical = codec.canonical(dataset, fields);
  problems.push(
    ...canonical.problems.map((problem) => ({ ...place, ...problem, hint: "_dataset.json is another by now" })),
  );
  return canonical.problems.length > 0 ? undefined : canonical.fields;
}

/** For rendering: git is what was then, live what is now. */
function contextOf(input: RestorationInput): RenderContext {
  return {
    redact: () => [],
    typeName: input.codec.typeName,
    readValues: async (_plan, changes) => {
      const told: Told = { dropped: new Set(), kept: new Set() };
      const versions = await readVersions(
        input,
        changes.map(({ name }) => name),
        [],
      );
      return new Map(
        versions.map((version) => {
          const git = version.old && fitted(input, version, told, []);
          return [version.name, { git, live: version.present?.fields }];
        }),
      );
    },
  };
}
