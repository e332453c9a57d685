import type { Dataset } from "../model/dataset.js";
import { type Digest, digestOf, type Key } from "../model/entry.js";
import { type Fields, isDocument, type Json, renderFields } from "../model/json.js";
import { parsePointer } from "../model/pointer.js";
import type { Rules } from "./plan.js";

/** One entry as a revision wants it: shaped by the overlay, strictly read. Its members may be made when they are asked for, so that no spread copies them. */
export interface Wanted {
  /** File name without fan-out. */
  name: string;
  key: Key;
  fields: Fields;
  /** The manifest's canonical text, where fields are made of it only when they are asked for. */
  text?: string;
  /** The fields surely are what the database gives back for them. */
  sure?: true;
  /** Digest of the manifest's canonical text, where it is known: of `fields`, where nothing shapes them. */
  digest?: Digest;
  /** The fields as the revision has them, where `fields` holds what the server stored instead. */
  manifest?: Fields;
  /** Of a base: it is not known what was applied last, and `fields` says nothing of it. */
  lost?: true;
}

/** The same entry with other fields, of which neither text nor digest is known. */
export function withFields({ name, key, manifest, lost }: Wanted, fields: Fields): Wanted {
  return { name, key, fields, ...(manifest && { manifest }), ...(lost && { lost }) };
}

/** One dataset of a revision: an index of digests, and a way to read values where they are needed. */
export interface Side {
  dataset: Dataset;
  /** File name (without fan-out) → digest of the manifest. */
  files: ReadonlyMap<string, Digest>;
  /** True where an overlay makes entries differ from their manifests: digests then say nothing about live. */
  shaped: boolean;
  /** Of a shaped side the digest of an entry's text, where it is known without reading; null where the overlay drops it. */
  shapedDigest?(name: string, digest: Digest): Digest | null | undefined;
  /** Reads all that `shapedDigest` does not know yet: worth it where most of it is live. Errors as of `read`. */
  learn?(): Promise<void>;
  nameOf(key: Key): string;
  /** Reads manifests in batches. Entries that the overlay drops are left out. Throws HDL400 with all unfit files. */
  read(files: readonly (readonly [name: string, digest: Digest])[]): AsyncIterable<Wanted[]>;
}

/** The digest of the text that an entry is wanted to have, where it is known without reading; null where it is dropped. */
export function knownDigest(side: Side, name: string, digest: Digest): Digest | null | undefined {
  return side.shaped ? side.shapedDigest?.(name, digest) : digest;
}

/** What a side wants an entry to be: its manifest's digest, with the overlay's where that shapes it; null for absence. */
export function wantedState(side: Pick<Side, "files" | "shaped">, name: string, overlay: string): string | null {
  const digest = side.files.get(name);
  return digest === undefined ? null : stateOf(side, digest, overlay);
}

/** The same of an entry whose manifest's digest is known. */
export function stateOf({ shaped }: Pick<Side, "shaped">, digest: Digest, overlay: string): string {
  return shaped ? `${digest} ${overlay}` : digest;
}

/** The fence: digest of what is compared of a live entry, without `ignore` and `local` members. */
export function comparedDigest(fields: Fields, rules: Pick<Rules, "ignore" | "local">): Digest {
  return digestOf(renderFields(without(fields, [...rules.ignore, ...rules.local])));
}

/** The fields without the members that JSON Pointers name. */
export function without(fields: Fields, pointers: readonly string[]): Fields {
  if (pointers.length === 0) return fields;
  const ways = pointers.map((pointer) => waysOf(pointer));
  const rest: Fields = new Map();
  for (const [name, value] of fields) {
    const inside = further(ways, name);
    if (!inside.some(isThere)) rest.set(name, prune(value, inside));
  }
  return rest;
}

/** The names that lead to a member, from a value on. */
type Way = readonly string[];

/** @param from the value's own pointer */
export function waysOf(pointer: string, from = ""): Way {
  return parsePointer(pointer.slice(from.length));
}

const isThere = (way: Way) => way.length === 0;
const further = (ways: readonly Way[], name: string): Way[] =>
  ways.filter((way) => way[0] === name).map((way) => way.slice(1));

/** A value without the members at the end of `ways`. */
export function prune(value: Json, ways: readonly Way[]): Json {
  if (!isDocument(value) || ways.length === 0) return value;
  const rest: Record<string, Json> = {};
  for (const [name, member] of Object.entries(value)) {
    const inside = further(ways, name);
    if (!inside.some(isThere)) rest[name] = prune(member, inside);
  }
  return rest;
}

/** A value with nothing but the members at the end of `ways`; undefined where it has none. */
export function only(value: Json, ways: readonly Way[]): Json | undefined {
  if (ways.some(isThere)) return value;
  if (!isDocument(value)) return undefined;
  const rest: Record<string, Json> = {};
  for (const [name, member] of Object.entries(value)) {
    const kept = only(member, further(ways, name));
    if (kept !== undefined) rest[name] = kept;
  }
  return Object.keys(rest).length > 0 ? rest : undefined;
}

/** Pointers that lead into an array or into a wrapper that holds members, where nothing can be told apart. */
export function unreachable(fields: Fields, pointers: readonly string[]): string[] {
  return pointers.filter((pointer) => {
    const [first, ...rest] = waysOf(pointer);
    let value = fields.get(first!);
    for (const name of rest) {
      if (!isDocument(value)) return value !== undefined && mayHold(value, name);
      value = Object.hasOwn(value, name) ? value[name] : undefined;
    }
    return false;
  });
}

/** Of a value that is no plain document: an array, `$document`, or `$json` with more in it than a scalar. */
function mayHold(value: Json, name: string): boolean {
  if (value === null || typeof value !== "object") return false;
  if (Array.isArray(value)) return value.length > 0 && /^\d+$/.test(name);
  const [held] = Object.values(value);
  return Array.isArray(held) || (typeof held === "string" && /^\s*[[{]/.test(held));
}
