import { joinName } from "../../model/dataset-name.js";
import type { Column, ForeignKey, Table } from "../database.js";
import type { Transaction } from "./connection.js";
import { readExclusives } from "./exclusive.js";
import { readDefinitions } from "./type-definitions.js";

/** Every table that a user could mean. Partitions belong to their table; tables that inherit from another stand alone. */
export async function readTables(transaction: Transaction): Promise<Table[]> {
  const definitions = await readDefinitions(transaction);
  const tables = new Map<string, Table & { byNumber: Map<string, string> }>();
  for (const [oid, schema, name, kind] of (await transaction.query(tablesSql)).rows) {
    const refused = refusals[kind!];
    tables.set(oid!, {
      name: joinName(schema!, name!),
      ...(refused !== undefined && { refused }),
      columns: [],
      uniques: [],
      references: [],
      byNumber: new Map(),
    });
  }
  for (const [oid, number, name, type, typeOid, notNull, generated] of (await transaction.query(columnsSql)).rows) {
    const table = tables.get(oid!);
    if (!table) continue;
    const definition = definitions(typeOid!);
    const column: Column = { name: name!, type: type!, notNull: notNull === "t", generated: generated !== "" };
    table.columns!.push(definition === undefined ? column : { ...column, definition });
    table.byNumber.set(number!, name!);
  }
  for (const [oid, primary, numbers] of (await transaction.query(indexesSql)).rows) {
    const table = tables.get(oid!);
    if (!table) continue;
    const names = namesOf(table.byNumber, numbers!);
    if (primary === "t") table.key = names;
    else if (names.every((name) => table.columns!.some((column) => column.name === name && column.notNull))) {
      table.uniques.push(names);
    }
  }
  for (const [oid, constraint, numbers, toOid, toNumbers, deferrable] of (await transaction.query(referencesSql))
    .rows) {
    const table = tables.get(oid!);
    const to = tables.get(toOid!);
    if (!table || !to) continue;
    const reference: ForeignKey = {
      constraint: constraint!,
      fields: namesOf(table.byNumber, numbers!),
      dataset: to.name,
      to: namesOf(to.byNumber, toNumbers!),
      ...(deferrable === "t" && { deferrable: true }),
    };
    table.references.push(reference);
  }
  for (const [oid, exclusive] of await readExclusives(transaction)) {
    const table = tables.get(oid);
    if (table) table.exclusive = exclusive;
  }
  return [...tables.values()].map(({ byNumber: _, ...table }) => table);
}

const refusals: Record<string, string> = { v: "a view", m: "a materialized view", f: "a foreign table" };

function namesOf(byNumber: Map<string, string>, numbers: string): string[] {
  return numbers.split(" ").map((number) => byNumber.get(number)!);
}

const tablesSql = `
SELECT c.oid, n.nspname, c.relname, c.relkind
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition
  AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'heddle')`;

const columnsSql = `
SELECT a.attrelid, a.attnum, a.attname, format_type(a.atttypid, a.atttypmod), a.atttypid, a.attnotnull, a.attgenerated
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
  AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'heddle')
ORDER BY a.attrelid, a.attnum`;

const indexesSql = `
SELECT i.indrelid, i.indisprimary,
  (SELECT string_agg(i.indkey[p]::text, ' ' ORDER BY p) FROM generate_series(0, i.indnkeyatts - 1) AS p)
FROM pg_index i
WHERE i.indisunique AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL
ORDER BY i.indrelid, i.indexrelid`;

/** Constraints of whole tables: those that a partition has of its parent are its parent's. */
const referencesSql = `
SELECT conrelid, conname, array_to_string(conkey, ' '), confrelid, array_to_string(confkey, ' '), condeferrable
FROM pg_constraint WHERE contype = 'f' AND conparentid = 0
ORDER BY conrelid, conname`;
