import { type Fingerprint, fingerprintText, readFingerprint } from "../../model/fingerprint.js";
import { type AppliedRecord, keptApplies, keptDays, type PreImage } from "../../model/record.js";
import { packImages, unpackImages } from "../packed-images.js";
import type { Transaction } from "./connection.js";

/** What an administrator runs once where the applying role may not create a schema; the first write runs it otherwise. */
export const recordSetup = {
  schema: "CREATE SCHEMA heddle",
  applied: `CREATE TABLE heddle.applied (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
  plan text NOT NULL,
  record json NOT NULL
);
CREATE INDEX applied_environment ON heddle.applied ((record ->> 'environment'), id)`,
  preimage: `CREATE TABLE heddle.preimage (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  plan text NOT NULL,
  image json NOT NULL
);
CREATE INDEX preimage_plan ON heddle.preimage (plan);
ALTER TABLE heddle.preimage ALTER image SET STORAGE EXTERNAL`,
  fingerprint: `CREATE TABLE heddle.fingerprint (
  environment text,
  dataset text,
  plan text NOT NULL,
  buckets text NOT NULL,
  PRIMARY KEY (environment, dataset)
);
ALTER TABLE heddle.fingerprint ALTER buckets SET STORAGE EXTERNAL`,
};

/** Whether the schema and one of its tables are there, and what the role may do. */
async function exists(transaction: Transaction, table: string) {
  const { rows } = await transaction.query(
    `SELECT n.oid, c.oid, has_schema_privilege(n.oid, 'USAGE')
       AND has_table_privilege(c.oid, 'SELECT') AND has_table_privilege(c.oid, 'INSERT')
       AND has_table_privilege(c.oid, 'DELETE'), has_schema_privilege(n.oid, 'CREATE')
     FROM pg_namespace n LEFT JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = $1::name
     WHERE n.nspname = 'heddle'`,
    [table],
  );
  const [, oid, usable, mayCreate] = rows[0] ?? [];
  return { schema: rows.length > 0, table: oid != null, usable: usable === "t", mayCreate: mayCreate === "t" };
}

/** Records, newest first. A missing table means that nothing was applied; a missing right is an error. */
export async function readHistory(
  transaction: Transaction,
  limit: number,
  environments?: readonly string[],
): Promise<AppliedRecord[]> {
  if (!(await exists(transaction, "applied")).table) return [];
  const { rows } = await transaction.query(
    `SELECT record FROM heddle.applied
     WHERE $2::json IS NULL OR record ->> 'environment' IN (SELECT json_array_elements_text($2::json))
     ORDER BY id DESC LIMIT $1::int`,
    [`${limit}`, environments ? JSON.stringify(environments) : null],
  );
  return rows.map(([text]) => JSON.parse(text!) as AppliedRecord);
}

/** The newest record of each environment, newest first. Goes from one name to the next by the index. */
export async function readRecords(transaction: Transaction): Promise<AppliedRecord[]> {
  if (!(await exists(transaction, "applied")).table) return [];
  const { rows } = await transaction.query(
    `WITH RECURSIVE environment (name) AS (
       SELECT min(record ->> 'environment') FROM heddle.applied
       UNION ALL
       SELECT (SELECT min(record ->> 'environment') FROM heddle.applied WHERE record ->> 'environment' > name)
       FROM environment WHERE name IS NOT NULL)
     SELECT newest.record FROM environment, LATERAL (
       SELECT id, record FROM heddle.applied WHERE record ->> 'environment' = name ORDER BY id DESC LIMIT 1) newest
     ORDER BY newest.id DESC`,
  );
  return rows.map(([text]) => JSON.parse(text!) as AppliedRecord);
}

/** Every record is kept: together they are the history of applies. Pre-images are kept for the newest ones. */
export async function writeRecord(transaction: Transaction, record: AppliedRecord): Promise<void> {
  await setUp(transaction, "applied");
  await transaction.query("INSERT INTO heddle.applied (plan, record) VALUES ($1, $2::json)", [
    record.plan,
    JSON.stringify(record),
  ]);
  if (!(await exists(transaction, "preimage")).table) return;
  await transaction.query(
    `DELETE FROM heddle.preimage WHERE plan NOT IN (
       SELECT plan FROM (
         SELECT plan, row_number() OVER (PARTITION BY record ->> 'environment' ORDER BY id DESC) AS age
         FROM heddle.applied WHERE at > pg_catalog.now() - $1::int * interval '1 day') kept
       WHERE age <= $2::int)`,
    [`${keptDays}`, `${keptApplies}`],
  );
}

/** Batches of pre-images to a row: a large apply would otherwise write more rows here than into the tables. */
export async function writePreImages(
  transaction: Transaction,
  plan: string,
  images: readonly PreImage[],
): Promise<void> {
  await setUp(transaction, "preimage");
  for (const pack of packImages(images)) {
    await transaction.query("INSERT INTO heddle.preimage (plan, image) VALUES ($1, $2::json)", [
      plan,
      JSON.stringify(pack),
    ]);
  }
}

export async function* readPreImages(transaction: Transaction, plan: string): AsyncGenerator<PreImage[]> {
  if (!(await exists(transaction, "preimage")).table) return;
  let last = "0";
  for (;;) {
    const { rows } = await transaction.query(
      "SELECT id, image FROM heddle.preimage WHERE plan = $1 AND id > $2::bigint ORDER BY id LIMIT 20",
      [plan, last],
    );
    if (rows.length === 0) return;
    last = rows.at(-1)![0]!;
    yield rows.flatMap(([, image]) => unpackImages(JSON.parse(image!)));
  }
}

/** What these plans left, by dataset: what another plan left there is not told. */
export async function readFingerprints(
  transaction: Transaction,
  plans: ReadonlyMap<string, string>,
): Promise<Map<string, Fingerprint>> {
  if (plans.size === 0 || !(await exists(transaction, "fingerprint")).usable) return new Map();
  const { rows } = await transaction.query(
    `SELECT dataset, buckets FROM heddle.fingerprint
     WHERE (dataset, plan) IN (SELECT key, value FROM json_each_text($1::json))`,
    [JSON.stringify(Object.fromEntries(plans))],
  );
  return new Map(
    rows.flatMap(([dataset, text]) => {
      const fingerprint = readFingerprint(text!);
      return fingerprint ? [[dataset!, fingerprint] as const] : [];
    }),
  );
}

/** False where the role may not keep them: they only make later work cheaper, so that is no error. */
export async function writeFingerprints(
  transaction: Transaction,
  { environment, formerly = [], plan }: Pick<AppliedRecord, "environment" | "formerly" | "plan">,
  fingerprints: ReadonlyMap<string, Fingerprint>,
): Promise<boolean> {
  const found = await exists(transaction, "fingerprint");
  if (found.table ? !found.usable : found.schema && !found.mayCreate) return false;
  await setUp(transaction, "fingerprint");
  const environments = JSON.stringify([environment, ...formerly]);
  for (const [dataset, fingerprint] of fingerprints) {
    await transaction.query(
      `DELETE FROM heddle.fingerprint
       WHERE dataset = $1 AND environment IN (SELECT json_array_elements_text($2::json))`,
      [dataset, environments],
    );
    await transaction.query(
      "INSERT INTO heddle.fingerprint (environment, dataset, plan, buckets) VALUES ($1, $2, $3, $4)",
      [environment, dataset, plan, fingerprintText(fingerprint)],
    );
  }
  return true;
}

const ready = new WeakMap<Transaction, Set<string>>();

async function setUp(transaction: Transaction, table: keyof Omit<typeof recordSetup, "schema">): Promise<void> {
  const tables = ready.get(transaction) ?? new Set();
  if (tables.has(table)) return;
  ready.set(transaction, tables.add(table));
  const found = await exists(transaction, table);
  if (!found.schema) await transaction.run(recordSetup.schema);
  if (!found.table) await transaction.run(recordSetup[table]);
}
