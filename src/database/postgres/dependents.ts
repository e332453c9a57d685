import type { Dependent } from "../../model/dataset.js";
import { joinName } from "../../model/dataset-name.js";
import type { Keyed, Rewritten } from "../database.js";
import type { Transaction } from "./connection.js";
import { readKeyMatch } from "./key-match.js";
import { identifier, qualified } from "./quote.js";
import { readRelation } from "./relation.js";

/** A foreign key that does something to referring rows when the row they refer to is deleted. */
interface Action {
  constraint: string;
  action: Dependent["action"];
  parent: Side;
  child: Side & { dataset: string; fields: string[]; readable: boolean };
  /** SQL: the row `c` refers to the row `p`. */
  on: string;
}

interface Side {
  oid: string;
  from: string;
}

/** Rows by table, each as `tableoid ctid`: places are stable within a snapshot, and under locks. */
type Rows = Map<string, Set<string>>;

/** See ReadSession.dependents. */
export async function readDependents(
  transaction: Transaction,
  doomed: readonly Keyed[],
  rewritten: readonly Rewritten[],
): Promise<Dependent[]> {
  const actions = await readActions(transaction);
  if (doomed.length === 0 || actions.length === 0) return [];
  const gone: Rows = new Map();
  for (const keyed of doomed) addRows(gone, ...(await placesOf(transaction, keyed)));
  const spared = new Map<Action, Set<string>>();
  for (const action of actions) {
    const places = new Set<string>();
    for (const { fields, ...keyed } of rewritten) {
      if (keyed.dataset.name !== action.child.dataset || !fields.some((name) => action.child.fields.includes(name))) {
        continue;
      }
      for (const place of (await placesOf(transaction, keyed))[1]) places.add(place);
    }
    spared.set(action, places);
  }
  const reach = async (action: Action, parents: Iterable<string>) =>
    (await referring(transaction, action, [...parents])).filter(
      (place) => !gone.get(action.child.oid)?.has(place) && !spared.get(action)!.has(place),
    );

  const found = new Map<Action, number | undefined>();
  const add = (action: Action, count: number) => found.set(action, (found.get(action) ?? 0) + count);
  const unreadable = (action: Action) => !action.child.readable && found.set(action, undefined);
  let front = new Map([...gone].map(([oid, places]) => [oid, [...places]]));
  while (front.size > 0) {
    const next = new Map<string, string[]>();
    for (const action of actions) {
      const parents = front.get(action.parent.oid);
      if (action.action !== "cascade" || !parents || unreadable(action)) continue;
      const places = await reach(action, parents);
      if (places.length === 0) continue;
      add(action, places.length);
      addRows(gone, action.child.oid, places);
      next.set(action.child.oid, [...(next.get(action.child.oid) ?? []), ...places]);
    }
    front = next;
  }
  for (const action of actions) {
    const parents = gone.get(action.parent.oid);
    if (action.action === "cascade" || !parents || unreadable(action)) continue;
    const places = await reach(action, parents);
    if (places.length > 0) add(action, places.length);
  }
  return [...found].map(([{ constraint, action, child }, count]) => ({
    dataset: child.dataset,
    constraint,
    action,
    ...(count !== undefined && { count }),
  }));
}

function addRows(rows: Rows, oid: string, places: Iterable<string>): void {
  const known = rows.get(oid) ?? new Set<string>();
  for (const place of places) known.add(place);
  rows.set(oid, known);
}

async function placesOf(transaction: Transaction, { dataset, keys }: Keyed): Promise<[oid: string, places: string[]]> {
  const relation = await readRelation(transaction, dataset.name);
  const match = await readKeyMatch(transaction, relation, dataset);
  const on = match.equals("k");
  const { rows } = await transaction.query(
    `SELECT t.tableoid::text || ' ' || t.ctid::text FROM ${match.table("k")} JOIN ${relation.from} AS t ON ${on}`,
    match.parameters(keys),
  );
  return [relation.oid, rows.map(([place]) => place!)];
}

async function referring(
  transaction: Transaction,
  { parent, child, on }: Action,
  parents: string[],
): Promise<string[]> {
  const places: string[] = [];
  for (let start = 0; start < parents.length; start += batchSize) {
    const batch = parents.slice(start, start + batchSize).map((place) => place.split(" ") as [string, string]);
    const { rows } = await transaction.query(
      `SELECT c.tableoid::text || ' ' || c.ctid::text FROM ${child.from} AS c WHERE EXISTS (
         SELECT FROM unnest($1::oid[], $2::tid[]) AS d (o, t) JOIN ${parent.from} AS p ON p.tableoid = d.o AND p.ctid = d.t
         WHERE ${on})`,
      [`{${batch.map(([oid]) => oid).join(",")}}`, `{${batch.map(([, place]) => `"${place}"`).join(",")}}`],
    );
    places.push(...rows.map(([place]) => place!));
  }
  return [...new Set(places)];
}

const batchSize = 10_000;

async function readActions(transaction: Transaction): Promise<Action[]> {
  const actions = new Map<string, Action & { pairs: string[] }>();
  for (const [oid, constraint, kind, ...rest] of (await transaction.query(actionsSql)).rows) {
    const [parentOid, parentSchema, parentName, parentKind, childOid, childSchema, childName, childKind] = rest;
    const [readable, to, field, schema, operator] = rest.slice(8);
    const from = (schema: string, name: string, kind: string) =>
      `${kind === "p" ? "" : "ONLY "}${qualified(schema, name)}`;
    const action = actions.get(oid!) ?? {
      constraint: constraint!,
      action: words[kind as keyof typeof words],
      parent: { oid: parentOid!, from: from(parentSchema!, parentName!, parentKind!) },
      child: {
        oid: childOid!,
        from: from(childSchema!, childName!, childKind!),
        dataset: joinName(childSchema!, childName!),
        fields: [],
        readable: readable === "t",
      },
      pairs: [],
      on: "",
    };
    actions.set(oid!, action);
    action.child.fields.push(field!);
    action.pairs.push(`p.${identifier(to!)} OPERATOR(${identifier(schema!)}.${operator}) c.${identifier(field!)}`);
    action.on = action.pairs.join(" AND ");
  }
  return [...actions.values()];
}

const words = { c: "cascade", n: "set null", d: "set default" } as const;

const actionsSql = `
SELECT f.oid, f.conname, f.confdeltype, f.confrelid, pn.nspname, p.relname, p.relkind, f.conrelid, cn.nspname, c.relname, c.relkind,
  has_table_privilege(f.conrelid, 'SELECT') AND has_schema_privilege(cn.oid, 'USAGE'), pa.attname, ca.attname, opn.nspname, op.oprname
FROM pg_constraint f
JOIN pg_class p ON p.oid = f.confrelid JOIN pg_namespace pn ON pn.oid = p.relnamespace
JOIN pg_class c ON c.oid = f.conrelid JOIN pg_namespace cn ON cn.oid = c.relnamespace
CROSS JOIN LATERAL unnest(f.conkey, f.confkey, f.conpfeqop) WITH ORDINALITY AS k (child, parent, operator, i)
JOIN pg_attribute pa ON pa.attrelid = p.oid AND pa.attnum = k.parent
JOIN pg_attribute ca ON ca.attrelid = c.oid AND ca.attnum = k.child
JOIN pg_operator op ON op.oid = k.operator JOIN pg_namespace opn ON opn.oid = op.oprnamespace
WHERE f.contype = 'f' AND f.conparentid = 0 AND f.confdeltype IN ('c', 'n', 'd')
ORDER BY cn.nspname, c.relname, f.conname, k.i`;
