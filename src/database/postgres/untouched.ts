import type { Transaction } from "./connection.js";
import type { Relation } from "./relation.js";

/** Whether no trigger, rule or foreign server comes between what is written to a table, or to its partitions, and what it stores. */
export async function isUntouched(transaction: Transaction, { oid }: Relation): Promise<boolean> {
  const { rows } = await transaction.query(touchedSql, [oid]);
  return rows[0]![0] === "f";
}

// Triggers of foreign keys are internal: what they do to a row that is inserted is to let it in or not.
const touchedSql = `
WITH parts AS (SELECT $1::oid AS oid UNION SELECT relid FROM pg_partition_tree($1::oid::regclass))
SELECT EXISTS (SELECT FROM parts JOIN pg_trigger t ON t.tgrelid = parts.oid
               WHERE NOT t.tgisinternal AND t.tgenabled IN ('O', 'A'))
  OR EXISTS (SELECT FROM parts JOIN pg_rewrite r ON r.ev_class = parts.oid)
  OR EXISTS (SELECT FROM parts JOIN pg_class c ON c.oid = parts.oid WHERE c.relkind NOT IN ('r', 'p'))`;
