import { DigestSet } from "../model/digest-set.js";
import { type Digest, digestOfEntry, type Entry } from "../model/entry.js";
import { packed, unpacked } from "../model/shard.js";
import { type Cache, cacheOf } from "./cache.js";
import type { Git } from "./git.js";
import { readBatches, readObjects } from "./objects.js";
import { indexShard, keepIndex, keptIndex, type ShardIndex } from "./shard-index.js";
import { openSpool, type Spool } from "./spool.js";

/** Of a digest: where its entry is packed. Held ones lie in the spool, at an offset. */
type Place = { shard: Digest; line: number } | { offset: number };

/**
 * What is known of the shards of a repository, so that the digest of an entry that was seen in one can be read as if git had
 * a blob of it.
 */
interface Store {
  indexes: Map<Digest, ShardIndex>;
  cache: Cache;
  ids: Digest[];
  /** Entries that were seen or are held. */
  entries: DigestSet;
  /** Of each in their order the number of its shard in `ids` and its line as one number, or the offset in the spool as a negative one. */
  places: number[];
  spool: Spool | undefined;
}

const linesPerShard = 2 ** 24;
const stores = new WeakMap<Git, Store>();

function storeOf(git: Git): Store {
  const store = stores.get(git);
  if (store) return store;
  const cache = cacheOf(git, "shards");
  const opened = { indexes: new Map(), cache, ids: [], entries: new DigestSet(), places: [], spool: undefined };
  stores.set(git, opened);
  return opened;
}

function setPlace({ entries, places }: Store, id: Digest, place: number): void {
  places[entries.put(id)] = place;
}

function placeOf({ ids, entries, places }: Store, id: Digest): Place | undefined {
  const place = places[entries.indexOf(id)];
  if (place === undefined) return undefined;
  if (place < 0) return { offset: -place - 1 };
  return { shard: ids[Math.floor(place / linesPerShard)]!, line: place % linesPerShard };
}

function remember(store: Store, id: Digest, index: ShardIndex): void {
  store.indexes.set(id, index);
  const first = store.ids.push(id) * linesPerShard - linesPerShard;
  let i = 0;
  for (const digest of index.entries.values()) setPlace(store, digest, first + index.lines[i++]!);
}

/** The entries of shards, by blob id. */
export async function shardIndexes(
  git: Git,
  ids: readonly Digest[],
  read = (unknown: readonly Digest[]): AsyncIterable<Buffer> => readObjects(git, unknown),
): Promise<ReadonlyMap<Digest, ShardIndex>> {
  const store = storeOf(git);
  const unknown = [...new Set(ids)].filter((id) => {
    if (store.indexes.has(id)) return false;
    const index = keptIndex(store.cache, id);
    if (index) remember(store, id, index);
    return !index;
  });
  if (unknown.length === 0) return store.indexes;
  const rest = unknown.values();
  for await (const bytes of read(unknown)) {
    const id = rest.next().value!;
    const index = indexShard(bytes);
    remember(store, id, index);
    keepIndex(store.cache, id, index);
  }
  return store.indexes;
}

/** Whether an entry was seen in a shard, or is held for one: git need not have a blob of it. */
export const isPacked = (git: Git, id: Digest): boolean => storeOf(git).entries.has(id);
export const anyPacked = (git: Git): boolean => storeOf(git).entries.size > 0;

/** A shard that was read before. */
export function seenShard(git: Git, id: Digest): ShardIndex | undefined {
  return storeOf(git).indexes.get(id);
}

/** Keeps entries until they are written in shards; gives their digests. */
export function holdEntries(git: Git, entries: readonly Omit<Entry, "key">[]): Digest[] {
  const store = storeOf(git);
  return entries.map((entry) => {
    const id = digestOfEntry(entry);
    if (store.entries.has(id)) return id;
    store.spool ??= openSpool();
    setPlace(store, id, -store.spool.add(packed(entry.text)!) - 1);
    return id;
  });
}

/** The bytes of entries and other blobs, in the order of their ids, some at a time. Those of one shard, one after the other, read it once. */
export async function* readEntries(git: Git, ids: Iterable<Digest>): AsyncGenerator<Buffer[]> {
  if (!anyPacked(git)) return yield* readBatches(git, ids);
  for await (const { body, lines } of groups(git, ids)) {
    if (!lines) yield [body];
    else for (const json of lines) yield [Buffer.from(unpacked(json))];
  }
}

/** The JSON of packed entries, in the order of their ids. Any of another blob is packed. */
export async function* readPacked(git: Git, ids: Iterable<Digest>): AsyncGenerator<string> {
  for await (const { body, lines } of groups(git, ids)) {
    if (lines) yield* lines;
    else yield packed(body.toString())!;
  }
}

/** The shard that an entry was seen in, and its line there; undefined for what is no packed entry. */
export function packedAt(git: Git, id: Digest): Extract<Place, { shard: Digest }> | undefined {
  const place = placeOf(storeOf(git), id);
  return place && "shard" in place ? place : undefined;
}

/** Entries that follow each other in one object, or are held. */
interface Group {
  object: Digest | undefined;
  places: (Place | undefined)[];
}

async function* groups(git: Git, ids: Iterable<Digest>): AsyncGenerator<{ body: Buffer; lines?: Iterable<string> }> {
  const store = storeOf(git);
  const asked: Group[] = [];
  function* objects(): Generator<Digest> {
    let group: Group | undefined;
    function* close() {
      if (!group) return;
      asked.push(group);
      if (group.object !== undefined) yield group.object;
    }
    for (const id of ids) {
      const place = placeOf(store, id);
      const object = !place ? id : "shard" in place ? place.shard : undefined;
      if (!group || !place || group.object !== object) {
        yield* close();
        group = { object, places: [] };
      }
      group.places.push(place);
    }
    yield* close();
  }
  const bodies = readObjects(git, objects());
  const none = Buffer.alloc(0);
  try {
    for (;;) {
      const { value: body = none } = await bodies.next();
      let group = asked.shift();
      for (; group && group.object === undefined; group = asked.shift()) {
        yield {
          body: none,
          lines: group.places.map((place) => store.spool!.read((place as { offset: number }).offset)),
        };
      }
      if (!group) return;
      if (!group.places[0]) yield { body };
      else {
        const rows = body.toString().split("\n");
        const { places } = group;
        yield { body, lines: places.map((place) => jsonOf(rows[(place as { line: number }).line - 1]!)) };
      }
    }
  } finally {
    await bodies.return(undefined);
  }
}

/** The JSON of one line of a shard. */
export function jsonOf(row: string): string {
  return row.slice(row.indexOf('":{') + 2, -1);
}
