import type { Exclusive } from "../database.js";
import type { Transaction } from "./connection.js";

/**
 * Unique indexes that are checked row by row, by the table's oid: those of deferrable constraints wait for the end of
 * the transaction. Indexes over expressions are left out: what they hold is not known here.
 */
export async function readExclusives(transaction: Transaction): Promise<Map<string, Exclusive[]>> {
  const tables = new Map<string, Map<string, Exclusive>>();
  for (const [table, index, name, field, value] of (await transaction.query(exclusiveSql)).rows) {
    const indexes = tables.get(table!) ?? new Map<string, Exclusive>();
    const exclusive = indexes.get(index!) ?? { name: name!, fields: [] };
    tables.set(table!, indexes.set(index!, exclusive));
    exclusive.fields.push(field!);
    if (value) exclusive.passing ??= { field: field!, value: value as NonNullable<Exclusive["passing"]>["value"] };
  }
  return new Map([...tables].map(([table, indexes]) => [table, [...indexes.values()]]));
}

/**
 * A column is safe to hold something else for a moment where no other row refers to it and nothing else is checked of
 * what it holds. (That an index has NULLS NOT DISTINCT is read by way of JSON: the column came with PostgreSQL 15.)
 */
const exclusiveSql = `
SELECT i.indrelid, i.indexrelid, ic.relname, a.attname,
  CASE
    WHEN a.attgenerated <> '' OR a.attidentity = 'a' OR EXISTS (
      SELECT FROM pg_constraint f WHERE f.contype = 'f' AND f.confrelid = i.indrelid AND a.attnum = ANY (f.confkey)
    ) THEN NULL
    WHEN NOT a.attnotnull AND NOT t.typnotnull AND to_json(i)->>'indnullsnotdistinct' IS DISTINCT FROM 'true' THEN 'null'
    WHEN i.indpred IS NOT NULL OR EXISTS (
      SELECT FROM pg_constraint k
      WHERE k.contype IN ('c', 'f', 'x') AND k.conrelid = i.indrelid AND a.attnum = ANY (k.conkey)
    ) THEN NULL
    WHEN t.oid IN ('integer'::regtype, 'bigint'::regtype) THEN 'integer'
    WHEN t.oid = 'text'::regtype OR (t.oid = 'varchar'::regtype AND (a.atttypmod = -1 OR a.atttypmod >= 4 + 43)) THEN 'text'
    WHEN t.oid = 'uuid'::regtype THEN 'uuid'
  END
FROM pg_index i
JOIN pg_class ic ON ic.oid = i.indexrelid
JOIN pg_class c ON c.oid = i.indrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
CROSS JOIN LATERAL generate_series(0, i.indnkeyatts - 1) AS p
JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[p]
JOIN pg_type t ON t.oid = a.atttypid
WHERE i.indisunique AND i.indisvalid AND i.indimmediate AND i.indexprs IS NULL
  AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'heddle')
ORDER BY i.indrelid, i.indexrelid, p`;
