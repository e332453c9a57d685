import { isUtf8 } from "node:buffer";
import type { Dataset, Layout } from "../model/dataset.js";
import type { Digest } from "../model/entry.js";
import { readDatasetText } from "./description.js";
import { type Git, outputList } from "./git.js";
import { digitsOf, isEntryPath, isShard } from "./layout.js";
import { type ObjectReader, openObjects } from "./object-reader.js";
import { listTree, type TreeEntry } from "./objects.js";
import type { Repository } from "./repository.js";
import { entryChanges, type FileChange, packedEntry, withEntries } from "./shard-tree.js";
import { shardIndexes } from "./shards.js";
import { byId, type Source } from "./source.js";
import { nodesOf } from "./tree.js";
import { weaveDirectory } from "./weave.js";

/** Two states of a project's data. */
export interface ChangedSources {
  before: Source;
  after: Source;
  /** Names of the datasets of which both list only the entries in which they differ. */
  partial: ReadonlySet<string>;
}

/**
 * Which entries of a dataset are listed: all; those in which the two states differ; or also those whose key's hash begins
 * with one of these digits, all of one length, which the layout's directories have as well.
 */
export type ListedEntries = "all" | "changed" | readonly string[];

type Trees = ReadonlyMap<string, Digest>;

/** A dataset's directory in one of the two. */
interface Directory {
  tree: Digest;
  /** What it lists; undefined where that is all of it. */
  entries?: TreeEntry[];
}

/** A weave's directory in one of the two: its files, and its datasets by directory. */
interface Listing {
  files: TreeEntry[];
  directories: Map<string, Directory>;
}

/**
 * Two states of some weaves, by their tree ids, that list of a dataset what `choose` says. All of it where that would not
 * do: where its description differs, where it lies in two weaves, and where anything differs that is no regular entry in
 * its place. Directories that are the same are not read.
 */
export async function changedSources(
  repository: Repository,
  before: Trees,
  after: Trees,
  choose: (dataset: Dataset) => Promise<ListedEntries>,
): Promise<ChangedSources> {
  await using objects = openObjects(repository);
  const partial = new Set<string>();
  const [was, is] = [await listings(objects, before), await listings(objects, after)];
  for (const [weave, now] of is) {
    for (const [name, directory] of now.directories) {
      const then = was.get(weave)?.directories.get(name);
      if (!then || isInTwo(name, was) || isInTwo(name, is)) continue;
      const dataset = await description(objects, then.tree, directory.tree);
      const changes = dataset && (await changedEntries(repository.git, then.tree, directory.tree, dataset));
      if (!changes) continue;
      const listed = await choose(dataset);
      if (listed === "all") continue;
      partial.add(dataset.name);
      const sides = [0, 1].map((side) => changes.flatMap((change) => change[side] ?? []));
      if (listed !== "changed") {
        const found = [await entriesUnder(repository.git, objects, then.tree, listed)];
        found.push(
          then.tree === directory.tree
            ? found[0]!
            : await entriesUnder(repository.git, objects, directory.tree, listed),
        );
        for (const [side, entries] of found.entries()) {
          const known = new Set(sides[side]!.map(({ path }) => path));
          sides[side]!.push(...entries.filter(({ path }) => !known.has(path)));
        }
      }
      for (const [side, one] of [then, directory].entries()) {
        const file = { path: "_dataset.json", mode: "100644", id: (await descriptionOf(objects, one.tree))!.id };
        one.entries = [file, ...sides[side]!];
      }
    }
  }
  return { before: sourceOf(repository.git, before, was), after: sourceOf(repository.git, after, is), partial };
}

/** The entries below directories, or in shards, that these digits lead to, and those that lie where no digits tell. */
async function entriesUnder(
  git: Git,
  objects: ObjectReader,
  dataset: Digest,
  digits: readonly string[],
): Promise<TreeEntry[]> {
  const length = digits[0]!.length;
  const ways = new Set(digits.flatMap((some) => [...some].map((_, i) => some.slice(0, i + 1))));
  const leads = (some: string) => ways.has(some.slice(0, length));
  const found: TreeEntry[] = [];
  const walk = async (tree: Digest, way: string, path: string) => {
    for (const { name: bytes, mode, id } of nodesOf(await objects.read(tree, "tree"))) {
      const name = Buffer.from(bytes, "latin1").toString();
      const here = `${path}${name}`;
      if (mode === "40000") {
        if (/^[\da-f]{2}$/.test(name) && leads(way + name)) await walk(id, way + name, `${here}/`);
      } else if (isShard(`${anyDataset}${here}`) ? leads(name.slice(0, -".jsonl".length)) : isEntryPath(here)) {
        found.push({ path: here, mode, id });
      }
    }
  };
  await walk(dataset, "", "");
  const listing = withEntries(
    git,
    anyDataset.slice(0, -1),
    (async function* () {
      yield found;
    })(),
  );
  const entries: TreeEntry[] = [];
  for await (const batch of listing) for (const entry of batch) entries.push(entry);
  return entries;
}

function isInTwo(directory: string, weaves: ReadonlyMap<string, Listing>): boolean {
  return [...weaves.values()].filter(({ directories }) => directories.has(directory)).length > 1;
}

async function listings(objects: ObjectReader, trees: Trees): Promise<Map<string, Listing>> {
  const found = new Map<string, Listing>();
  for (const [weave, tree] of trees) {
    const listing: Listing = { files: [], directories: new Map() };
    for (const { name: bytes, mode, id } of nodesOf(await objects.read(tree, "tree"))) {
      const name = Buffer.from(bytes, "latin1").toString();
      if (mode === "40000") listing.directories.set(name, { tree: id });
      else listing.files.push({ path: name, mode, id });
    }
    found.set(weave, listing);
  }
  return found;
}

const descriptionOf = (objects: ObjectReader, tree: Digest) => objects.find(`${tree}:_dataset.json`);

/** What both directories say that they hold; undefined where they do not say the same, or nothing that can be read. */
async function description(objects: ObjectReader, before: Digest, after: Digest): Promise<Dataset | undefined> {
  const [then, now] = [await descriptionOf(objects, before), await descriptionOf(objects, after)];
  if (!now || then?.id !== now.id || now.type !== "blob" || !isUtf8(now.body)) return undefined;
  return readDatasetText(now.body.toString(), "_dataset.json", []);
}

/** The entries that differ, as both have them; undefined where something else differs. */
async function changedEntries(
  git: Git,
  before: Digest,
  after: Digest,
  { layout }: Dataset,
): Promise<(readonly [TreeEntry | undefined, TreeEntry | undefined])[] | undefined> {
  if (before === after) return [];
  const args = ["diff-tree", "-r", "-z", "--no-renames", "--no-abbrev", "-O/dev/null", before, after];
  const tokens = await outputList(git, args);
  const changes: (readonly [TreeEntry | undefined, TreeEntry | undefined])[] = [];
  const shards: FileChange[] = [];
  for (let i = 0; i + 1 < tokens.length; i += 2) {
    const [fromMode, toMode, from, to] = tokens[i]!.slice(1).split(" ") as [string, string, string, string];
    const path = tokens[i + 1]!;
    const modes = [fromMode, toMode].filter((mode) => mode !== absent);
    if (!isInPlace(path, layout) || modes.some((mode) => mode !== "100644")) return undefined;
    if (layout.kind === "lines") {
      const idOf = (mode: string, id: Digest) => (mode === absent ? undefined : id);
      shards.push({ path: `${anyDataset}${path}`, before: idOf(fromMode, from), after: idOf(toMode, to) });
      continue;
    }
    const entry = (mode: string, id: Digest) => (mode === absent ? undefined : { path, mode, id });
    changes.push([entry(fromMode, from), entry(toMode, to)]);
  }
  if (shards.length === 0) return changes;
  const ids = shards.flatMap(({ before, after }) => [before, after]).filter((id) => id !== undefined);
  const indexes = await shardIndexes(git, ids);
  if (ids.some((id) => indexes.get(id)!.problems.length > 0)) return undefined;
  return (await entryChanges(git, shards)).map(({ path, before, after }) => {
    const place = path.slice(anyDataset.length);
    const entry = (id: Digest | undefined) => (id === undefined ? undefined : packedEntry(place, id));
    return [entry(before), entry(after)] as const;
  });
}

const absent = "000000";
/** Shards are told apart from other files by where they lie in a project. */
const anyDataset = "data/weave/dataset/";

function isInPlace(path: string, layout: Layout): boolean {
  if (layout.kind === "files") return path.split("/").length === layout.fanout + 1 && isEntryPath(path);
  return isShard(`${anyDataset}${path}`) && path.length === digitsOf(layout) + ".jsonl".length;
}

function sourceOf(git: Git, trees: Trees, weaves: ReadonlyMap<string, Listing>): Source {
  const byPath = new Map([...weaves].map(([weave, listing]) => [weaveDirectory(weave), listing]));
  return {
    commit: undefined,
    tree: async (path) => [...trees].find(([weave]) => weaveDirectory(weave) === path)?.[1],
    async *list(path) {
      const listing = byPath.get(path);
      if (!listing) return;
      yield listing.files;
      for (const [name, { tree, entries }] of listing.directories) {
        yield [{ path: name, mode: "040000", id: tree }];
        const within = (entry: TreeEntry) => ({ ...entry, path: `${name}/${entry.path}` });
        if (entries) yield entries.map(within);
        else {
          const batches = withEntries(git, `${path}/${name}`, listTree(git, tree));
          for await (const batch of batches) yield batch.map(within);
        }
      }
    },
    ...byId(git),
  };
}
