import { isUtf8 } from "node:buffer";
import { DigestMap } from "../model/digest-map.js";
import { type Digest, digestOf } from "../model/entry.js";
import type { Problem } from "../model/errors.js";
import { readShard, unpacked } from "../model/shard.js";
import type { Cache } from "./cache.js";

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

/** Raised when a shard's bytes give other entries than before. */
const version = 1;
/** Entries of a shard from which on its index is read much faster than the shard. */
const worthKeeping = 100;
const digestBytes = 20;

const fileOf = (id: Digest) => `${id}-${version}`;

/** Keeps the index of a shard by its blob id, unless something is wrong with it: how many entries, their digests, their names. */
export function keepIndex(cache: Cache, id: Digest, { entries, problems }: ShardIndex): void {
  if (problems.length > 0 || entries.size < worthKeeping) return;
  const head = Buffer.allocUnsafe(4 + digestBytes * entries.size);
  let end = head.writeUInt32LE(entries.size);
  for (const digest of entries.values()) end += head.write(digest, end, "hex");
  cache.write(fileOf(id), Buffer.concat([head, Buffer.from([...entries.keys()].join("\n"))]));
}

/** A kept index; undefined where there is none. */
export function keptIndex(cache: Cache, id: Digest): ShardIndex | undefined {
  const bytes = cache.read(fileOf(id));
  if (!bytes) return undefined;
  const end = 4 + digestBytes * bytes.readUInt32LE();
  const digests = bytes.toString("hex", 4, end);
  const entries = new DigestMap();
  const lines: number[] = [];
  for (const name of bytes.toString("utf8", end).split("\n")) {
    const i = lines.push(lines.length + 1) - 1;
    entries.set(name, digests.slice(2 * digestBytes * i, 2 * digestBytes * (i + 1)));
  }
  return { entries, lines, problems: [] };
}
