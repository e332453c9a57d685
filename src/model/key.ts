import type { Dataset } from "./dataset.js";
import type { Key } from "./entry.js";
import type { Fields, Json } from "./json.js";

/** The key of an entry; undefined where a key field is absent. (A null key is for the engine's codec to judge: MongoDB has `_id: null`.) */
export function keyOf(dataset: Pick<Dataset, "key">, fields: Fields): Key | undefined {
  const parts: Json[] = [];
  for (const name of dataset.key) {
    const part = fields.get(name);
    if (part === undefined) return undefined;
    parts.push(part);
  }
  return JSON.stringify(parts);
}

/** The parts of a key, in canonical form. */
export function keyParts(key: Key): Json[] {
  return JSON.parse(key) as Json[];
}

/** Whether two keys have the same fields, in whatever order. */
export function isSameKey(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((name) => other.includes(name));
}
