import { hash } from "node:crypto";
import { type Json, renderFields } from "./json.js";

/**
 * What identifies an entry in its dataset: the compact JSON text of the array of its key fields in canonical form,
 * such as `[1]`, `["sku-1"]` or `[{"$oid":"65f0c0ffee65f0c0ffee65f0"}]`.
 */
export type Key = string;

/** The git blob id of an entry's canonical bytes: 40 hex digits. */
export type Digest = string;

/** One document or row in canonical form. */
export interface Entry {
  readonly key: Key;
  /** The manifest: what `renderFields` gives for the entry's fields, final newline included. */
  readonly text: string;
  /** Of the text, where whoever made the entry knows it; see `digestOfEntry`. */
  readonly digest?: Digest;
  /** The text in UTF-8, where that is how it lies in memory. */
  readonly bytes?: Uint8Array;
}

/** The SHA-1 git blob id of a text's UTF-8 bytes. */
export function digestOf(text: string): Digest {
  return hash("sha1", `blob ${Buffer.byteLength(text)}\0${text}`);
}

/** The digest of an entry's text, which is not made for that. */
export function digestOfEntry(entry: Pick<Entry, "text" | "digest">): Digest {
  return entry.digest ?? digestOf(entry.text);
}

/** The digest of one value; null for an absent one. */
export function valueDigest(value: Json | undefined): Digest | null {
  return value === undefined ? null : digestOf(JSON.stringify(value));
}

/** The digest of the text that these fields of an entry have together, in this order; those that it does not have are left out. */
export function partDigest(fields: ReadonlyMap<string, Json | undefined>, names: readonly string[]): Digest {
  const part = new Map<string, Json>();
  for (const name of names) {
    const value = fields.get(name);
    if (value !== undefined) part.set(name, value);
  }
  return digestOf(renderFields(part));
}
