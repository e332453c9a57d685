import type { Key } from "./entry.js";
import { type Fields, isDocument, type Json } from "./json.js";

/**
 * Ids differ between databases where a dataset is identified by a natural key. So that entries of git and of any database
 * can be compared, what refers to an id reads `{"$key": […]}` in both: the natural key of the entry that is meant.
 */

/** Fields that hold the id of an entry of another dataset, or of the same. */
export interface Link {
  /** For each part of the id where it stands: a field, and the way inside it, which goes through every item of arrays. */
  ways: readonly (readonly [string, ...string[]])[];
  dataset: string;
  /** The fields of that dataset that are meant. */
  to: readonly string[];
  /** Which of them differ between databases: the others stay as they are. */
  moves: readonly boolean[];
}

/** How the entries of one dataset are told apart in any database. */
export interface Identity {
  dataset: string;
  /** Whether it has a natural key. Else its entries are known by references to others that have one. */
  isDeclared: boolean;
  /** The natural key, where one is declared; else the primary key, or `_id`. */
  key: readonly string[];
  /** What the database itself tells entries apart by: its primary key, or `_id`. */
  own: readonly string[];
  /** Fields whose values each database makes by itself: they are neither compared nor written. */
  ids: readonly string[];
  links: readonly Link[];
  /** A unique index of the database holds the natural key: then its equality counts, not only the text. */
  isUnique: boolean;
  /** What an index of the entries has to know of each. */
  kept: readonly string[];
  /** The ids of one entry in git: what new ones should look like where the database has no way to make them. */
  sample?: Fields;
}

/** The entries of one dataset in one place, by identity and by id. */
export interface Index {
  /** The kept fields, as that place has them. */
  rows: Map<Key, Fields>;
  /** The identity of the entry that has these values there. */
  find(to: readonly string[], values: readonly Json[]): Key | undefined;
  add(key: Key, fields: Fields): void;
  remove(key: Key): void;
}

export type Indexes = (dataset: string) => Index;

export function makeIndex(): Index {
  const rows = new Map<Key, Fields>();
  /** By the fields' names, then by their values. */
  const finders = new Map<string, Map<string, Key>>();
  const tuple = (names: readonly string[], fields: Fields) => JSON.stringify(names.map((name) => fields.get(name)));
  const namesOf = (id: string) => JSON.parse(id) as string[];
  return {
    rows,
    find(to, values) {
      const id = JSON.stringify(to);
      let finder = finders.get(id);
      if (!finder) {
        finder = new Map([...rows].map(([key, fields]) => [tuple(to, fields), key]));
        finders.set(id, finder);
      }
      return finder.get(JSON.stringify(values));
    },
    add(key, fields) {
      rows.set(key, fields);
      for (const [id, finder] of finders) finder.set(tuple(namesOf(id), fields), key);
    },
    remove(key) {
      const fields = rows.get(key);
      rows.delete(key);
      if (fields) for (const [id, finder] of finders) finder.delete(tuple(namesOf(id), fields));
    },
  };
}

/** Told of every reference to an entry that is not there. */
export type Unresolved = (link: Link) => void;

/** An entry of one place with identities in the place of the ids that it refers to. What refers to nothing stays. */
export function toIdentity(fields: Fields, links: readonly Link[], indexes: Indexes, unresolved?: Unresolved): Fields {
  if (links.length === 0) return fields;
  const result = new Map(fields);
  for (const link of links) {
    const found = (values: readonly Json[]): Json | undefined => {
      const key = indexes(link.dataset).find(link.to, values);
      if (key === undefined) unresolved?.(link);
      return key === undefined ? undefined : { $key: JSON.parse(key) as Json[] };
    };
    const [first, ...more] = link.ways;
    if (more.length === 0) {
      const [name, ...way] = first!;
      if (way.length === 0 && isReference(result.get(name))) continue;
      const change = (value: Json) => (value === null || isReference(value) ? value : (found([value]) ?? value));
      if (result.has(name)) result.set(name, changed(result.get(name)!, way, change));
      continue;
    }
    const values = link.ways.map(([name]) => fields.get(name) ?? null);
    const reference = values.includes(null) ? undefined : found(values);
    if (reference === undefined) continue;
    for (const [i, [name]] of link.ways.entries()) {
      if (link.moves[i] && !isReference(result.get(name))) result.set(name, reference);
    }
  }
  return result;
}

/** The same the other way round, for any fields of an entry. */
export function fromIdentity<T extends Json | undefined>(
  fields: Map<string, T>,
  links: readonly Link[],
  indexes: Indexes,
  unresolved: Unresolved,
): Map<string, T> {
  const result = new Map(fields);
  const visit = (change: (reference: { $key: Json[] }, link: Link, part: string) => Json) => {
    for (const link of links) {
      for (const [i, [name, ...way]] of link.ways.entries()) {
        const value = result.get(name);
        const meant = (inner: Json) => (isReference(inner) ? change(inner, link, link.to[i]!) : inner);
        if (value !== undefined) result.set(name, changed(value, way, meant) as T);
      }
    }
  };
  visit((reference, { dataset }, part) => {
    return indexes(dataset).rows.get(JSON.stringify(reference.$key))?.get(part) ?? reference;
  });
  // Of two links over one field either may know it.
  visit((reference, link) => {
    unresolved(link);
    return reference;
  });
  return result;
}

/** The identity of an entry that `toIdentity` has seen; undefined where a part of its key is null or absent. */
export function identityOf(fields: Fields, key: readonly string[]): Key | undefined {
  const parts = key.map((name) => fields.get(name));
  return parts.some((part) => part === undefined || part === null) ? undefined : JSON.stringify(parts);
}

export function isReference(value: Json | undefined): value is { $key: Json[] } {
  return value !== null && typeof value === "object" && !Array.isArray(value) && Array.isArray(value.$key);
}

/** A value with what stands at the end of a way changed; through arrays in every item. */
function changed(value: Json, [name, ...rest]: readonly string[], change: (value: Json) => Json): Json {
  if (Array.isArray(value))
    return value.map((item) => changed(item, name === undefined ? [] : [name, ...rest], change));
  if (name === undefined) return change(value);
  if (!isDocument(value) || !Object.hasOwn(value, name)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([member, inner]) => [member, member === name ? changed(inner, rest, change) : inner]),
  );
}
