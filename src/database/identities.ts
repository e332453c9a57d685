import { HeddleError, type Problem } from "../model/errors.js";
import type { Identity, Link } from "../model/identity.js";
import type { Naming } from "../model/naming.js";
import { parsePointer } from "../model/pointer.js";
import type { Table } from "./database.js";

/** By dataset: those that have a natural key, and all that refer to them. The others are the same everywhere. */
export type Identities = ReadonlyMap<string, Identity>;

/**
 * How entries are told apart in a database with these tables, which have the repository's names. Only what is declared is
 * followed: foreign keys, and `references`. HDL206 lists what does not fit, and natural keys that depend on each other.
 */
export function identitiesOf({ identify, references }: Omit<Naming, "map">, tables: readonly Table[]): Identities {
  if (Object.keys(identify).length === 0) return new Map();
  const problems: Problem[] = [];
  const all = withMissing(Object.keys({ ...identify, ...references }), tables);
  const links = new Map(all.map((table) => [table.name, linksOf(table, references[table.name] ?? {}, all, problems)]));
  const ids = new Map(
    all.map(({ name, key = [] }) => {
      const others = new Set([...(identify[name] ?? key), ...links.get(name)!.flatMap(topNames)]);
      return [name, key.filter((field) => !others.has(field))];
    }),
  );
  const active = activeLinks(links, ids);
  const result = new Map<string, Identity>();
  for (const { name, key: own = [], columns, uniques } of all) {
    const outward = active.get(name)!;
    const key = identify[name] ?? own;
    if (!identify[name] && outward.length === 0 && !isMeant(name, active)) continue;
    for (const field of columns ? key.filter((one) => !columns.some((column) => column.name === one)) : [])
      problems.push({
        dataset: name,
        path: `/${field}`,
        message: "identify names it, but the table has no such column",
      });
    const inward = [...active.values()].flat().filter((link) => link.dataset === name);
    const needed = keyLinks({ links: outward, key }).flatMap(topNames);
    result.set(name, {
      dataset: name,
      isDeclared: identify[name] !== undefined,
      key,
      own: own.length > 0 ? own : key,
      ids: ids.get(name)!,
      links: outward,
      isUnique: [own, ...uniques].some(
        (unique) => unique.length === key.length && covers({ ways: unique.map((one) => [one]) }, key),
      ),
      kept: [...new Set([...key, ...own, ...needed, ...inward.flatMap(({ to }) => to)])],
    });
  }
  problems.push(...cycles(result));
  if (problems.length === 0) return result;
  throw new HeddleError("HDL206", "entries cannot be identified in this database", { problems });
}

export const topNames = ({ ways }: Pick<Link, "ways">): string[] => ways.map(([name]) => name);
const covers = (link: Pick<Link, "ways">, fields: readonly string[]) =>
  topNames(link).some((name) => fields.includes(name));
/** The links that a natural key goes over. */
export const keyLinks = ({ links, key }: Pick<Identity, "links" | "key">): Link[] =>
  links.filter((link) => covers(link, key));
const isMeant = (name: string, links: ReadonlyMap<string, readonly Link[]>) =>
  [...links.values()].some((list) => list.some(({ dataset }) => dataset === name));

/** Collections come with their first entry. */
function withMissing(names: readonly string[], tables: readonly Table[]): Table[] {
  if (tables.some(({ columns }) => columns)) return [...tables];
  const missing = names.filter((name) => !tables.some((table) => table.name === name));
  return [...tables, ...missing.map((name): Table => ({ name, key: ["_id"], uniques: [], references: [] }))];
}

function linksOf(
  { name, references }: Table,
  declared: Readonly<Record<string, string>>,
  all: readonly Table[],
  problems: Problem[],
): Link[] {
  const foreign = references.map(({ fields, dataset, to }) => ({ ways: fields.map((field) => [field]), dataset, to }));
  const own = Object.entries(declared).map(([pointer, dataset]) => {
    const to = all.find((table) => table.name === dataset)?.key ?? [];
    if (to.length !== 1) {
      const message =
        to.length === 0
          ? `refers to ${dataset}, which the database does not have`
          : `refers to ${dataset}, whose key has several fields`;
      problems.push({
        dataset: name,
        path: pointer,
        message,
        hint: "references: leads to a dataset with one key field",
      });
    }
    return { ways: [parsePointer(pointer)], dataset, to };
  });
  return [...own, ...foreign].map((link) => ({ ...link, ways: link.ways as unknown as Link["ways"], moves: [] }));
}

/**
 * The links that lead to ids, or to fields that follow them, one for each field: those that lead to an id itself first.
 */
function activeLinks(
  links: ReadonlyMap<string, readonly Link[]>,
  ids: ReadonlyMap<string, readonly string[]>,
): Map<string, Link[]> {
  const moving = new Map([...ids].map(([name, fields]) => [name, new Set(fields)]));
  const movesOf = ({ dataset, to }: Link) => to.map((field) => moving.get(dataset)?.has(field) === true);
  for (let grown = true; grown; ) {
    grown = false;
    for (const [name, list] of links) {
      const fields = moving.get(name)!;
      const before = fields.size;
      for (const link of list) {
        const moves = movesOf(link);
        link.ways.forEach(([field, ...way], i) => {
          if (moves[i] && way.length === 0) fields.add(field);
        });
      }
      grown ||= fields.size > before;
    }
  }
  const rank = ({ ways, dataset, to }: Link) =>
    [to.some((field) => ids.get(dataset)?.includes(field)) ? 0 : 1, ways.length, dataset, ...topNames({ ways })].join(
      " ",
    );
  return new Map(
    [...links].map(([name, list]) => {
      const taken = new Set<string>();
      const sorted = [...list].sort((a, b) => (rank(a) < rank(b) ? -1 : 1));
      const chosen = sorted.flatMap((link): Link[] => {
        const moves = movesOf(link).map((moved, i) => moved && !taken.has(JSON.stringify(link.ways[i])));
        for (const way of link.ways.filter((_, i) => moves[i])) taken.add(JSON.stringify(way));
        return moves.includes(true) ? [{ ...link, moves }] : [];
      });
      return [name, chosen];
    }),
  );
}

/** Natural keys that refer to each other in a ring: none of them could be told first. */
function cycles(identities: Identities): Problem[] {
  const next = (identity: Identity) => keyLinks(identity).map(({ dataset }) => dataset);
  const reaches = (from: string, goal: string, seen = new Set<string>()): boolean =>
    next(identities.get(from)!).some((to) => to === goal || (!seen.has(to) && reaches(to, goal, seen.add(to))));
  return [...identities.keys()]
    .filter((name) => reaches(name, name))
    .map((dataset) => ({
      dataset,
      message: "its natural key refers to entries that are identified by this dataset itself",
      hint: "identify one of them by fields that refer to nothing",
    }));
}
