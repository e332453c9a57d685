import type { Key } from "../model/entry.js";
import { HeddleError, type Problem } from "../model/errors.js";
import {
  type Identity,
  type Index,
  type Indexes,
  identityOf,
  type Link,
  makeIndex,
  toIdentity,
} from "../model/identity.js";
import type { Fields } from "../model/json.js";
import { type Identities, keyLinks } from "./identities.js";

/** Gives the index of a dataset, read when it is first needed. */
export type Load = (dataset: string) => Promise<Index>;

/** An entry as one place has it, and how that place calls it. */
interface Row {
  place: string;
  fields: Fields;
}

/**
 * Indexes of the entries of one place. HDL209 lists those that cannot be told apart.
 * @param where in words; undefined where such entries are left out
 * @param met told of every entry once, with its identity
 */
export function indexer(
  identities: Identities,
  rows: (identity: Identity) => AsyncIterable<Row[]>,
  where: string | undefined,
  met?: (dataset: string, key: Key, place: string) => void,
): Load {
  const loaded = new Map<string, Promise<Index>>();
  const load = async (name: string): Promise<Index> => {
    const identity = identities.get(name)!;
    const { key, kept } = identity;
    const links = keyLinks(identity);
    const indexes = await indexesOf(loadOnce, links);
    const index = makeIndex();
    const problems: Problem[] = [];
    for await (const batch of rows(identity)) {
      for (const { place, fields } of batch) {
        const own = identityOf(toIdentity(fields, links, indexes), key);
        const message = misfit(index, key, own);
        if (own === undefined || message !== undefined) problems.push({ dataset: name, key: place, message: message! });
        else {
          index.add(own, new Map(kept.flatMap((one) => (fields.has(one) ? [[one, fields.get(one)!]] : []))));
          met?.(name, own, place);
        }
      }
    }
    if (where === undefined || problems.length === 0) return index;
    throw new HeddleError("HDL209", `${name}: entries of ${where} cannot be told apart by ${key.join(", ")}`, {
      problems,
      hint: "a natural key is unique and never null: correct these entries, or identify the dataset by other fields",
    });
  };
  const loadOnce: Load = (name) => {
    const index = loaded.get(name) ?? load(name);
    loaded.set(name, index);
    return index;
  };
  return loadOnce;
}

/** The indexes that links lead to, loaded. */
export async function indexesOf(load: Load, links: readonly Link[]): Promise<Indexes> {
  const indexes = new Map<string, Index>();
  for (const { dataset } of links) indexes.set(dataset, await load(dataset));
  return (dataset) => indexes.get(dataset)!;
}

/** What stands in the way of an entry in an index. */
function misfit(index: Index, key: readonly string[], own: Key | undefined): string | undefined {
  if (own === undefined) return `has no ${key.join(", ")}`;
  return index.rows.has(own) ? `has the same ${key.join(", ")} as another entry` : undefined;
}
