import type { Dataset } from "../model/dataset.js";
import { type Digest, digestOf, type Key } from "../model/entry.js";
import { type Fields, isDocument, type Json, renderFields } from "../model/json.js";
import type { Rules } from "./plan.js";

/** One entry as a revision wants it: shaped by the overlay, strictly read. */
export interface Wanted {
  /** File name without fan-out. */
  name: string;
  key: Key;
  fields: Fields;
}

/** One dataset of a revision: an index of digests, and a way to read values where they are needed. */
export interface Side {
  dataset: Dataset;
  /** File name (without fan-out) → digest of the manifest. */
  files: ReadonlyMap<string, Digest>;
  /** True where an overlay makes entries differ from their manifests: digests then say nothing about live. */
  shaped: boolean;
  nameOf(key: Key): string;
  /** Reads manifests in batches. Entries that the overlay drops are left out. Throws HDL400 with all unfit files. */
  read(files: readonly (readonly [name: string, digest: Digest])[]): AsyncIterable<Wanted[]>;
}

/** The fence: digest of what is compared of a live entry, without `ignore` and `local` members. */
export function comparedDigest(fields: Fields, rules: Pick<Rules, "ignore" | "local">): Digest {
  const pointers = [...rules.ignore, ...rules.local].map((pointer) => pointer.slice(1).split("/").map(unescapePointer));
  return digestOf(renderFields(pointers.length === 0 ? fields : without(fields, pointers)));
}

function without(fields: Fields, pointers: string[][]): Fields {
  const rest: Fields = new Map();
  for (const [name, value] of fields) {
    const inside = pointers.filter((segments) => segments[0] === name).map((segments) => segments.slice(1));
    if (inside.some((segments) => segments.length === 0)) continue;
    rest.set(name, inside.length === 0 ? value : prune(value, inside));
  }
  return rest;
}

function prune(value: Json, pointers: string[][]): Json {
  if (!isDocument(value)) return value;
  const rest: Record<string, Json> = {};
  for (const [name, member] of Object.entries(value)) {
    const inside = pointers.filter((segments) => segments[0] === name).map((segments) => segments.slice(1));
    if (inside.some((segments) => segments.length === 0)) continue;
    rest[name] = prune(member, inside);
  }
  return rest;
}

/** One JSON Pointer segment (RFC 6901) as a name. */
export function unescapePointer(segment: string): string {
  return segment.replaceAll("~1", "/").replaceAll("~0", "~");
}
