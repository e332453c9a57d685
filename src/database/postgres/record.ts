import type { AppliedRecord } from "../../model/record.js";
import type { Transaction } from "./connection.js";

/** What an administrator runs once where the applying role may not create a schema; `saveRecord` runs it otherwise. */
const recordSetup = [
  "CREATE SCHEMA heddle",
  `CREATE TABLE heddle.applied (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
  record json NOT NULL
)`,
];

async function exists(transaction: Transaction, table: string): Promise<{ schema: boolean; table: boolean }> {
  const { rows } = await transaction.query(
    `SELECT n.oid, c.oid FROM pg_namespace n LEFT JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = $1::name
     WHERE n.nspname = 'heddle'`,
    [table],
  );
  return { schema: rows.length > 0, table: rows[0]?.[1] != null };
}

/** The newest record. A missing table means that nothing was applied; a missing right is an error. */
export async function readRecord(transaction: Transaction): Promise<AppliedRecord | undefined> {
  if (!(await exists(transaction, "applied")).table) return undefined;
  const { rows } = await transaction.query("SELECT record FROM heddle.applied ORDER BY id DESC LIMIT 1");
  const text = rows[0]?.[0];
  return text == null ? undefined : (JSON.parse(text) as AppliedRecord);
}

/** Every record is kept: together they are the history of applies. */
export async function writeRecord(transaction: Transaction, record: AppliedRecord): Promise<void> {
  const found = await exists(transaction, "applied");
  const [schema, table] = recordSetup as [string, string];
  if (!found.schema) await transaction.run(schema);
  if (!found.table) await transaction.run(table);
  await transaction.query("INSERT INTO heddle.applied (record) VALUES ($1::json)", [JSON.stringify(record)]);
}
