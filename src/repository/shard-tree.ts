import { DigestMap } from "../model/digest-map.js";
import type { Digest } from "../model/entry.js";
import { byName, renderShard, type ShardLine } from "../model/shard.js";
import { type Git, outputList } from "./git.js";
import { isShard, splitPacked } from "./layout.js";
import { parseRecord, type TreeEntry } from "./objects.js";
import type { ShardIndex } from "./shard-index.js";
import { anyPacked, isPacked, packedAt, readEntries, readPacked, seenShard, shardIndexes } from "./shards.js";
import type { Change } from "./tree.js";

/**
 * A listing with the entries of shards instead of the shards.
 * @param directory what is listed, from the project
 */
export async function* withEntries(
  git: Git,
  directory: string,
  batches: AsyncIterable<TreeEntry[]>,
): AsyncGenerator<TreeEntry[]> {
  const isRegularShard = ({ path, mode }: TreeEntry) =>
    path.endsWith(".jsonl") && mode === "100644" && isShard(`${directory}/${path}`);
  for await (const batch of batches) {
    const shards = batch.filter(isRegularShard).map(({ id }) => id);
    if (shards.length === 0) yield batch;
    else {
      const indexes = await shardIndexes(git, shards);
      for (const entry of batch) {
        if (!isRegularShard(entry)) yield [entry];
        else yield expanded(entry, indexes.get(entry.id)!);
      }
    }
  }
}

/** The entries of a shard as files of a directory; the shard itself, with its problems, where it cannot be read. */
export function expanded(shard: TreeEntry, { entries, problems }: ShardIndex): TreeEntry[] {
  if (problems.length > 0) return [{ ...shard, problems }];
  return [...entries].map(([name, id]) => packedEntry(`${shard.path}/${name}.json`, id));
}

export function packedEntry(path: string, id: Digest): TreeEntry {
  return { path, mode: "100644", id, packed: true };
}

/** A file that differs: blob ids before, one for each state before, and after; undefined where there is no regular file. */
export interface FileTouch {
  path: string;
  before: (Digest | undefined)[];
  after: Digest | undefined;
}

/** Changes of files, with those of entries instead of those of shards. What of a shard cannot be read is left out. */
export async function entryTouches(git: Git, files: readonly FileTouch[]): Promise<FileTouch[]> {
  const shards = files.filter(({ path }) => isShard(path));
  if (shards.length === 0) return [...files];
  const ids = shards.flatMap(({ before, after }) => [...before, after]).filter((id) => id !== undefined);
  const indexes = await shardIndexes(git, ids);
  const entriesOf = (id: Digest | undefined) => (id === undefined ? undefined : indexes.get(id)!.entries);
  return files.flatMap((file) => {
    if (!isShard(file.path)) return [file];
    const [after, ...before] = [file.after, ...file.before].map(entriesOf);
    const names = new Set([after, ...before].flatMap((entries) => [...(entries?.keys() ?? [])]));
    return [...names].flatMap((name) => {
      const touched = {
        path: `${file.path}/${name}.json`,
        before: before.map((entries) => entries?.get(name)),
        after: after?.get(name),
      };
      return touched.before.every((id) => id !== touched.after) ? [touched] : [];
    });
  });
}

/** A file that differs from the one state before. */
export interface FileChange {
  path: string;
  before: Digest | undefined;
  after: Digest | undefined;
}

/** The same for files with one state before. */
export async function entryChanges(git: Git, files: FileChange[]): Promise<FileChange[]> {
  if (!files.some(({ path }) => isShard(path))) return files;
  const touches = await entryTouches(
    git,
    files.map((file) => ({ ...file, before: [file.before] })),
  );
  return touches.map((touch) => ({ ...touch, before: touch.before[0] }));
}

/** Files of a dataset's directory with its packed entries as shards; `store` takes these, and what was packed and is no more. */
export async function packed(git: Git, files: DigestMap, store: (text: string) => Promise<Digest>): Promise<DigestMap> {
  const [first = ""] = files.keys();
  if (!anyPacked(git) && !splitPacked(first)) return files;
  const shards = new Map<string, { name: string; id: Digest }[]>();
  const result = new DigestMap();
  const unpacked: Digest[] = [];
  for (const [path, id] of files) {
    const place = splitPacked(path);
    if (!place) {
      result.set(path, id);
      if (isPacked(git, id)) unpacked.push(id);
    } else {
      const shard = shards.get(place.shard) ?? [];
      shards.set(place.shard, shard);
      shard.push({ name: place.name, id });
    }
  }
  for await (const batch of readEntries(git, unpacked)) for (const bytes of batch) await store(bytes.toString());
  for (const [path, entries] of shards)
    result.set(path, unchanged(git, entries) ?? (await store(await shardOf(git, entries))));
  return result;
}

/** The text of a shard. What lies in one shard now is read together, so that no shard is read twice. */
async function shardOf(git: Git, entries: readonly { name: string; id: Digest }[]): Promise<string> {
  const placed = entries.map((entry) => ({ ...entry, shard: packedAt(git, entry.id)?.shard ?? "" }));
  placed.sort((a, b) => (a.shard < b.shard ? -1 : a.shard > b.shard ? 1 : 0));
  const lines: ShardLine[] = [];
  const ids = placed.map(({ id }) => id);
  for await (const json of readPacked(git, ids)) lines.push({ name: placed[lines.length]!.name, json });
  return renderShard(lines.sort(byName));
}

/** The shard that holds just these entries, where one was seen. */
function unchanged(git: Git, entries: readonly { name: string; id: Digest }[]): Digest | undefined {
  const shard = packedAt(git, entries[0]!.id)?.shard;
  const index = shard === undefined ? undefined : seenShard(git, shard);
  const same =
    index?.entries.size === entries.length && entries.every(({ name, id }) => index.entries.get(name) === id);
  return same ? shard : undefined;
}

/** Changes inside a dataset's directory with those of packed entries as changes of their shards. */
export async function packedChanges(
  git: Git,
  tree: Digest | undefined,
  changes: readonly Change[],
  store: (text: string) => Promise<Digest>,
): Promise<Change[]> {
  const shards = new Map<string, { name: string; change: Change }[]>();
  const result: Change[] = [];
  for (const change of changes) {
    const place = splitPacked(change.path);
    if (!place) result.push(change);
    else shards.set(place.shard, [...(shards.get(place.shard) ?? []), { name: place.name, change }]);
  }
  if (shards.size === 0) return result;
  const present = new Map<string, Digest>();
  if (tree !== undefined) {
    for (const record of await outputList(git, ["ls-tree", "-z", "--full-tree", tree])) {
      const { path, mode, id } = parseRecord(record);
      if (mode === "100644") present.set(path, id);
      // A directory of that name holds files.
      else for (const { change } of shards.get(path) ?? []) result.push(change);
      if (mode !== "100644") shards.delete(path);
    }
  }
  const indexes = await shardIndexes(
    git,
    [...shards.keys()].flatMap((path) => present.get(path) ?? []),
  );
  for (const [path, inside] of shards) {
    const id = present.get(path);
    const entries = new Map(id === undefined ? [] : indexes.get(id)!.entries);
    for (const { name, change } of inside) {
      if ("blob" in change) entries.set(name, change.blob);
      else entries.delete(name);
    }
    const all = [...entries].map(([name, digest]) => ({ name, id: digest }));
    if (all.length === 0) result.push({ path, remove: true });
    else result.push({ path, blob: await store(await shardOf(git, all)) });
  }
  return result;
}
