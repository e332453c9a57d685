import { nameEnd, valueEnd } from "./bson.js";

/** Field names as bytes: what tells whether a JSON object would carry them. */

/** The number that a name spells as JavaScript's array indices do: no leading zero, below 2^32 - 1; else -1. */
export function arrayIndex(source: Buffer, start: number, end: number): number {
  if (end === start || end - start > 10 || (source[start] === 0x30 && end - start > 1)) return -1;
  let index = 0;
  for (let at = start; at < end; at++) {
    const digit = source[at]! - 0x30;
    if (digit < 0 || digit > 9) return -1;
    index = index * 10 + digit;
  }
  return index < 4294967295 ? index : -1;
}

export function isName(source: Buffer, start: number, end: number, name: Buffer): boolean {
  if (end - start !== name.length) return false;
  for (let i = 0; i < name.length; i++) if (source[start + i] !== name[i]) return false;
  return true;
}

/** Hashes (FNV-1a) of the names of all documents that are open, the innermost last. */
export const names: number[] = [];

export function noteName(source: Buffer, start: number, end: number): void {
  let hash = 0x811c9dc5;
  for (let at = start; at < end; at++) hash = Math.imul(hash ^ source[at]!, 0x01000193);
  names.push(hash);
}

/** Whether the document whose hashes begin at `outer` has a name twice. Names themselves are compared only where hashes are equal. */
export function hasDuplicates(source: Buffer, first: number, last: number, outer: number): boolean {
  if (!hasEqualHashes(outer)) return false;
  const seen = new Set<string>();
  let count = 0;
  for (let at = first; at < last; count++) {
    const end = nameEnd(source, at + 1);
    seen.add(source.toString("latin1", at + 1, end));
    at = valueEnd(source, source[at]!, end + 1);
  }
  return seen.size < count;
}

function hasEqualHashes(outer: number): boolean {
  const count = names.length - outer;
  if (count <= 32) {
    for (let i = outer + 1; i < names.length; i++)
      for (let j = outer; j < i; j++) if (names[i] === names[j]) return true;
    return false;
  }
  const sorted = Int32Array.from(names.slice(outer)).sort();
  for (let i = 1; i < count; i++) if (sorted[i] === sorted[i - 1]) return true;
  return false;
}
