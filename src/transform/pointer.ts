import { type Fields, isDocument, isWrapper, type Json } from "../model/json.js";
import type { Path } from "../model/pointer.js";
import { fail } from "./step.js";

/** The value there; undefined where there is none. HDL500 where the pointer enters a typed wrapper. */
export function valueAt(fields: Fields, [name, ...rest]: Path): Json | undefined {
  let value = fields.get(name);
  for (const token of rest) value = value === undefined ? undefined : member(value, token);
  return value;
}

/** Sets a member of an entry, document or array that is there; values shared with other entries are never changed in place. */
export function put(fields: Fields, path: Path, value: Json): void {
  change(fields, path, () => value);
}

/** Takes out what is there; nothing happens where nothing is. */
export function take(fields: Fields, path: Path): void {
  if (valueAt(fields, path) !== undefined) change(fields, path, () => undefined);
}

/** Renames a member in its place. `to` is its new name. */
export function renameAt(fields: Fields, path: Path, to: string): void {
  const from = path.at(-1)!;
  const renamed = <T>(members: Iterable<[string, T]>) =>
    [...members].map(([name, value]): [string, T] => [name === from ? to : name, value]);
  if (path.length === 1) {
    const members = renamed(fields);
    fields.clear();
    for (const [name, value] of members) fields.set(name, value);
  } else {
    change(fields, path.slice(0, -1) as unknown as Path, (document) =>
      documentOf(renamed(Object.entries(document as object))),
    );
  }
}

/**
 * A plain sub-document of these members. HDL500 where it would be read as something else: with `$` at the beginning of
 * its first name as a typed wrapper, with a member `__proto__` as nothing a JSON object carries safely.
 */
export function documentOf(members: Iterable<readonly [string, Json]>): Json {
  const document = Object.fromEntries(members);
  if (isWrapper(document)) fail("a sub-document's first member would begin with $, which makes it a typed wrapper");
  if (Object.hasOwn(document, "__proto__")) fail("a member inside a field cannot be named __proto__");
  return document;
}

/** Array indices as RFC 6901 has them: no sign, no leading zero. */
export function isIndex(token: string): boolean {
  return /^(?:0|[1-9]\d*)$/.test(token);
}

type Update = (value: Json | undefined) => Json | undefined;

function change(fields: Fields, [name, ...rest]: Path, update: Update): void {
  const value = changed(fields.get(name), rest, update);
  if (value === undefined) fields.delete(name);
  else fields.set(name, value);
}

function changed(value: Json | undefined, path: readonly string[], update: Update): Json | undefined {
  const [token, ...rest] = path;
  if (token === undefined) return update(value);
  if (value !== undefined && isWrapper(value)) failInside();
  if (Array.isArray(value) && isIndex(token) && Number(token) < value.length) {
    const item = changed(value[Number(token)], rest, update);
    return item === undefined ? value.toSpliced(Number(token), 1) : value.with(Number(token), item);
  }
  if (!isDocument(value)) return fail(`nothing holds the member ${JSON.stringify(token)}: its parent is not there`);
  const members = new Map(Object.entries(value));
  const next = changed(members.get(token), rest, update);
  if (next === undefined) members.delete(token);
  else members.set(token, next);
  return documentOf(members);
}

function member(value: Json, token: string): Json | undefined {
  if (Array.isArray(value)) return isIndex(token) ? value[Number(token)] : undefined;
  if (isDocument(value)) return Object.hasOwn(value, token) ? value[token] : undefined;
  return isWrapper(value) ? failInside() : undefined;
}

function failInside(): never {
  return fail("the pointer leads into a typed value", "name the value itself; compute can give it a new one");
}
