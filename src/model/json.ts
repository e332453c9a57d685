/**
 * Canonical JSON values.
 *
 * Inside a value, objects are plain JavaScript objects. Canonical form guarantees that this loses nothing: an object that
 * `JSON.parse` then `JSON.stringify` would change (integer-like keys out of order, duplicates, `__proto__`) is carried
 * in a typed wrapper instead. Only the top level of an entry is a Map, since column and field names may be anything.
 */
export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

/** The top-level members of one entry, in database order. Never itself a wrapper. */
export type Fields = Map<string, Json>;

/** A typed wrapper is one value: an object whose first key begins with `$`. Transforms and diffs never enter it. */
export function isWrapper(value: Json): boolean {
  if (value === null || typeof value !== "object" || Array.isArray(value)) return false;
  for (const name in value) return name.startsWith("$");
  return false;
}

/** A plain sub-document: neither array nor wrapper, so that it is compared and changed member by member. */
export function isDocument(value: Json | undefined): value is { [name: string]: Json } {
  return value !== null && typeof value === "object" && !Array.isArray(value) && !isWrapper(value);
}

/**
 * Canonical equality: same type, same members in the same order.
 * Order counts because it is data in MongoDB; PostgreSQL's codec renders objects in one order to begin with.
 */
export function equalJson(a: Json | undefined, b: Json | undefined): boolean {
  if (a === b) return true;
  if (a === undefined || b === undefined || a === null || b === null) return false;
  if (typeof a !== "object" || typeof b !== "object") return false;
  return JSON.stringify(a) === JSON.stringify(b);
}

/** Whether two entries are the same fields with the very same values, in the same order; equal copies do not count. */
export function sameFields(a: Fields, b: Fields): boolean {
  if (a === b) return true;
  if (a.size !== b.size) return false;
  const others = b.entries();
  for (const [name, value] of a) {
    const [other, same] = others.next().value!;
    if (name !== other || value !== same) return false;
  }
  return true;
}

/** Names that JavaScript objects move to the front: canonical array indices. */
function isIntegerLike(name: string): boolean {
  return /^(?:0|[1-9]\d{0,9})$/.test(name) && Number(name) < 4294967295;
}

/**
 * Whether a plain object with these keys, in this order, survives `JSON.parse` then `JSON.stringify`:
 * no duplicates, no `__proto__`, integer-like keys in front and ascending.
 */
export function survivesAsObject(names: readonly string[]): boolean {
  let previous = -1;
  let named = false;
  for (const name of names) {
    if (name === "__proto__") return false;
    if (isIntegerLike(name)) {
      if (named || Number(name) <= previous) return false;
      previous = Number(name);
    } else named = true;
  }
  return new Set(names).size === names.length;
}

/** The bytes of a manifest: two-space JSON as `JSON.stringify` prints it, with a final newline. */
export function renderFields(fields: Fields): string {
  if (fields.size === 0) return "{}\n";
  let text = "{";
  let separator = "\n  ";
  for (const [name, value] of fields) {
    text += `${separator}${JSON.stringify(name)}: ${indent(value)}`;
    separator = ",\n  ";
  }
  return `${text}\n}\n`;
}

/** A value as it stands among the top-level members of a manifest. */
export function indent(value: Json): string {
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  return JSON.stringify(value, null, 2).replaceAll("\n", "\n  ");
}
