import { isUtf8 } from "node:buffer";
import { randomUUID } from "node:crypto";
import { closeSync, openSync, readSync, unlinkSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DigestMap } from "../model/digest-map.js";
import { type Digest, digestOf } from "../model/entry.js";
import type { Problem } from "../model/errors.js";
import { packed, readShard, unpacked } from "../model/shard.js";
import type { Git } from "./git.js";
import { readObjects } from "./objects.js";

/** The entries of a shard: their names, and the digests that their files would have. */
export interface ShardIndex {
  entries: DigestMap;
  /** Of each entry in their order its line, from 1. */
  lines: number[];
  /** What is wrong with it, by line: then entries may be missing. */
  problems: Problem[];
}

/** Reads a shard's bytes. */
export function indexShard(bytes: Buffer): ShardIndex {
  const index: ShardIndex = { entries: new DigestMap(), lines: [], problems: [] };
  if (!isUtf8(bytes)) return { ...index, problems: [{ message: "is not UTF-8 text" }] };
  const { lines, problems } = readShard(bytes.toString());
  for (const { name, json, line } of lines) {
    if (index.entries.has(name)) continue;
    index.entries.set(name, digestOf(unpacked(json)));
    index.lines.push(line);
  }
  return { ...index, problems };
}

/** Of a digest: where its entry is packed. Held ones lie in the spool, at an offset. */
type Place = { shard: Digest; line: number } | { offset: number };

/**
 * What is known of the shards of a repository, so that the digest of an entry that was seen in one can be read as if git had
 * a blob of it.
 */
interface Store {
  indexes: Map<Digest, ShardIndex>;
  ids: Digest[];
  /** Digest → number of its shard in `ids` and line as one number, or the offset in the spool as a negative one. */
  places: Map<Digest, number>;
  spool: Spool | undefined;
}

const linesPerShard = 2 ** 24;
const stores = new WeakMap<Git, Store>();

function storeOf(git: Git): Store {
  const store = stores.get(git) ?? { indexes: new Map(), ids: [], places: new Map(), spool: undefined };
  stores.set(git, store);
  return store;
}

function placeOf({ ids, places }: Store, id: Digest): Place | undefined {
  const place = places.get(id);
  if (place === undefined) return undefined;
  if (place < 0) return { offset: -place - 1 };
  return { shard: ids[Math.floor(place / linesPerShard)]!, line: place % linesPerShard };
}

function remember(store: Store, id: Digest, bytes: Buffer): ShardIndex {
  const index = indexShard(bytes);
  store.indexes.set(id, index);
  const first = store.ids.push(id) * linesPerShard - linesPerShard;
  let i = 0;
  for (const digest of index.entries.values()) store.places.set(digest, first + index.lines[i++]!);
  return index;
}

/** The entries of shards, by blob id. */
export async function shardIndexes(
  git: Git,
  ids: readonly Digest[],
  read = (unknown: readonly Digest[]): AsyncIterable<Buffer> => readObjects(git, unknown),
): Promise<ReadonlyMap<Digest, ShardIndex>> {
  const store = storeOf(git);
  const unknown = [...new Set(ids)].filter((id) => !store.indexes.has(id));
  let i = 0;
  if (unknown.length > 0) for await (const bytes of read(unknown)) remember(store, unknown[i++]!, bytes);
  return store.indexes;
}

/** Whether an entry was seen in a shard, or is held for one: git need not have a blob of it. */
export const isPacked = (git: Git, id: Digest): boolean => storeOf(git).places.has(id);
export const anyPacked = (git: Git): boolean => storeOf(git).places.size > 0;

/** A shard that was read before. */
export function seenShard(git: Git, id: Digest): ShardIndex | undefined {
  return storeOf(git).indexes.get(id);
}

/** Keeps entries until they are written in shards; gives their digests. */
export function holdEntries(git: Git, texts: readonly string[]): Digest[] {
  const store = storeOf(git);
  return texts.map((text) => {
    const id = digestOf(text);
    if (store.places.has(id)) return id;
    store.spool ??= openSpool();
    store.places.set(id, -store.spool.add(packed(text)!) - 1);
    return id;
  });
}

/** The bytes of entries and other blobs, in the order of their ids. Those of one shard, one after the other, read it once. */
export async function* readEntries(git: Git, ids: Iterable<Digest>): AsyncGenerator<Buffer> {
  for await (const { body, lines } of groups(git, ids)) {
    if (!lines) yield body;
    else for (const json of lines) yield Buffer.from(unpacked(json));
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

interface Spool {
  /** Gives the offset. */
  add(text: string): number;
  read(offset: number): string;
}

const spoolBuffer = 1024 * 1024;
const closing = new FinalizationRegistry<number>((file) => closeSync(file));

/** A file without a name, which goes with the process at the latest. */
function openSpool(): Spool {
  const path = join(tmpdir(), `heddle-${randomUUID()}`);
  const file = openSync(path, "wx+", 0o600);
  unlinkSync(path);
  let written = 0;
  let waiting: Buffer[] = [];
  let size = 0;
  const flush = () => {
    const bytes = Buffer.concat(waiting);
    for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done, bytes.length - done, written + done);
    written += bytes.length;
    waiting = [];
    size = 0;
  };
  const take = (offset: number, length: number): Buffer => {
    const bytes = Buffer.alloc(length);
    for (let done = 0; done < length; ) done += readSync(file, bytes, done, length - done, offset + done);
    return bytes;
  };
  const spool: Spool = {
    add(text) {
      const offset = written + size;
      const bytes = Buffer.alloc(4 + Buffer.byteLength(text));
      bytes.writeUInt32LE(bytes.length - 4);
      bytes.write(text, 4);
      waiting.push(bytes);
      size += bytes.length;
      if (size >= spoolBuffer) flush();
      return offset;
    },
    read(offset) {
      if (size > 0) flush();
      return take(offset + 4, take(offset, 4).readUInt32LE()).toString();
    },
  };
  closing.register(spool, file);
  return spool;
}
