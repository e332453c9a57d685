import type { Dataset } from "../../model/dataset.js";
import type { Key } from "../../model/entry.js";
import { bucketCount, combine, type Fingerprint, noRows } from "../../model/fingerprint.js";
import type { Transaction } from "./connection.js";
import { copyBlocks, copyRows } from "./copy-text.js";
import type { KeyMatch } from "./key-match.js";
import { identifier } from "./quote.js";
import type { Reader } from "./read.js";
import { columnsOf, fieldNames, type Relation, type RelationColumn } from "./relation.js";

/** The fingerprint of all rows, in one scan. */
export async function fingerprintAll(
  transaction: Transaction,
  relation: Relation,
  dataset: Dataset,
): Promise<Fingerprint> {
  const { rows } = await transaction.query(combined(relation, dataset, `${relation.from} AS t`));
  return fingerprintOf(rows);
}

/** What all rows make together: without the buckets it takes half the time. */
export async function totalOf(transaction: Transaction, relation: Relation, dataset: Dataset): Promise<bigint> {
  const digest = digestOf(columnsOf(relation, fieldNames(dataset).names));
  const { rows } = await transaction.query(`SELECT pg_catalog.bit_xor(${digest}) FROM ${relation.from} AS t`);
  return asDigest(rows[0]![0] ?? "0");
}

/** Of the rows with these keys. */
export async function fingerprintSome(
  transaction: Transaction,
  relation: Relation,
  match: KeyMatch,
  dataset: Dataset,
  keys: readonly Key[],
): Promise<Fingerprint> {
  const on = match.equals(
    "t",
    match.columns.map((_, i) => `k.k${i + 1}`),
  );
  const sql = combined(relation, dataset, `${match.table("k")} JOIN ${relation.from} AS t ON ${on}`);
  const found = noRows();
  for (let start = 0; start < keys.length; start += batchSize) {
    const { rows } = await transaction.query(sql, match.parameters(keys.slice(start, start + batchSize)));
    combine(found, fingerprintOf(rows));
  }
  return found;
}

const batchSize = 1000;

/** The keys of all rows, and whether theirs is one of these buckets. */
export async function* keysByBucket(
  transaction: Transaction,
  relation: Relation,
  reader: Reader,
  dataset: Dataset,
  buckets: ReadonlySet<number>,
): AsyncGenerator<{ key: Key; chosen: boolean }[]> {
  const source = `(SELECT ${reader.list("t")}, ${bucketOf(relation, dataset)} FROM ${relation.from} AS t)`;
  for await (const block of copyBlocks(transaction.stream(source))) {
    yield copyRows(block, reader.invalid).map((cells) => ({
      key: reader.entry(cells.slice(0, -1)).key,
      chosen: buckets.has(Number(cells.at(-1))),
    }));
  }
}

function fingerprintOf(rows: readonly (string | null)[][]): Fingerprint {
  const fingerprint = noRows();
  for (const [bucket, digest] of rows) fingerprint[Number(bucket)] = asDigest(digest!);
  return fingerprint;
}

const asDigest = (text: string) => BigInt.asUintN(64, BigInt(text));

/** Without OFFSET 0 the planner takes every row for a group of its own, and sorts them. */
function combined(relation: Relation, dataset: Dataset, from: string): string {
  const { names } = fieldNames(dataset);
  return `SELECT bucket, pg_catalog.bit_xor(digest)
    FROM (SELECT ${bucketOf(relation, dataset)} AS bucket, ${digestOf(columnsOf(relation, names))} AS digest
          FROM ${from} OFFSET 0) AS digests
    GROUP BY bucket`;
}

const bucketOf = (relation: Relation, { key }: Dataset) =>
  `${digestOf(columnsOf(relation, key))} OPERATOR(pg_catalog.&) ${bucketCount - 1}`;

/**
 * SQL: 64 bits of a row of `t`. Values of types whose hash tells any two apart that are printed differently are hashed as
 * they are, which is three times faster; all others (numeric has 1.0 and 1.00, which count as equal) as they are printed.
 */
function digestOf(columns: readonly RelationColumn[]): string {
  const told = columns.filter(({ bare }) => toldApart.has(bare) || isText(bare)).map(valueIn);
  const rest = columns.filter(({ bare }) => !toldApart.has(bare) && !isText(bare)).map(valueIn);
  const parts = rest.length > 0 ? [...told, `(ROW(${rest.join(", ")})::pg_catalog.text) COLLATE pg_catalog."C"`] : told;
  return `pg_catalog.hash_record_extended(ROW(${parts.join(", ")}), 0)`;
}

/** Collations may count texts as equal that are not the same. */
function valueIn({ name, bare }: RelationColumn): string {
  return `t.${identifier(name)}${isText(bare) ? ' COLLATE pg_catalog."C"' : ""}`;
}

const builtIn = (name: string) => `"pg_catalog"."${name}"`;
const isText = (bare: string) => bare === builtIn("text") || bare === builtIn("varchar");
const toldApart = new Set(
  ["bool", "int2", "int4", "int8", "uuid", "date", "time", "timestamp", "timestamptz", "bytea"].map(builtIn),
);
