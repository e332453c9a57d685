import type { Dataset } from "../../model/dataset.js";
import type { Key } from "../../model/entry.js";
import { bucketDigits, combine, type Fingerprint, noRows } from "../../model/fingerprint.js";
import type { Transaction } from "./connection.js";
import type { KeyMatch } from "./key-match.js";
import { identifier } from "./quote.js";
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
  const on = match.equals("k");
  const sql = combined(relation, dataset, `${match.table("k")} JOIN ${relation.from} AS t ON ${on}`);
  const found = noRows();
  for (let start = 0; start < keys.length; start += batchSize) {
    const { rows } = await transaction.query(sql, match.parameters(keys.slice(start, start + batchSize)));
    combine(found, fingerprintOf(rows));
  }
  return found;
}

const batchSize = 1000;

/** SQL: the rows of `t` in buckets that begin with one of these digits, all of one length. */
export function inBuckets(relation: Relation, { key }: Dataset, digits: readonly string[]): string {
  const length = digits[0]?.length ?? 0;
  const listed = digits.map((some) => `'${some}'`).join(", ");
  return `pg_catalog.left(${keyHash(columnsOf(relation, key))}, ${length}) COLLATE pg_catalog."C" IN (${listed})`;
}

/**
 * Whether the server can tell the buckets of a dataset's rows: where its keys are of types that have one spelling for
 * each value, and the server can spell it as it stands in manifests.
 */
export async function hasBuckets(transaction: Transaction, relation: Relation, { key }: Dataset): Promise<boolean> {
  const columns = columnsOf(relation, key);
  if (!columns.every(({ type }) => Object.hasOwn(spelled, type.base))) return false;
  const { rows } = await transaction.query(
    `SELECT EXISTS (SELECT FROM pg_attribute a JOIN pg_collation c ON c.oid = a.attcollation
       WHERE a.attrelid = $1::oid AND a.attnum = ANY ($2::int2[]) AND NOT c.collisdeterministic)`,
    [relation.oid, `{${columns.map(({ number }) => number).join(",")}}`],
  );
  return rows[0]![0] === "f";
}

/** SQL: 16 bits of the SHA-256 of a row's key, in hex. */
function keyHash(columns: readonly RelationColumn[]): string {
  const parts = columns.map(({ name, type }) => spelled[type.base]!(`t.${identifier(name)}`));
  const key = `pg_catalog.concat('[', ${parts.join(", ',', ")}, ']')`;
  const hash = `pg_catalog.sha256(pg_catalog.convert_to(${key}, 'UTF8'))`;
  return `pg_catalog.encode(pg_catalog.substr(${hash}, 1, 2), 'hex')`;
}

/** SQL for the JSON of a key's values. Integers past 2^53 stand as text. */
const spelled: Record<string, (value: string) => string> = {
  smallint: (value) => value,
  integer: (value) => value,
  bigint: (value) =>
    `CASE WHEN ${value} BETWEEN ${-Number.MAX_SAFE_INTEGER} AND ${Number.MAX_SAFE_INTEGER}
      THEN ${value}::pg_catalog.text ELSE pg_catalog.concat('"', ${value}, '"') END`,
  uuid: (value) => `pg_catalog.concat('"', ${value}, '"')`,
  text: (value) => `pg_catalog.to_json(${value}::pg_catalog.text)`,
  "character varying": (value) => `pg_catalog.to_json(${value}::pg_catalog.text)`,
};

function fingerprintOf(rows: readonly (string | null)[][]): Fingerprint {
  const fingerprint = noRows();
  for (const [bucket, digest] of rows) fingerprint[Number.parseInt(bucket!, 16)] = asDigest(digest!);
  return fingerprint;
}

const asDigest = (text: string) => BigInt.asUintN(64, BigInt(text));

/** Without OFFSET 0 the planner takes every row for a group of its own, and sorts them. */
function combined(relation: Relation, dataset: Dataset, from: string): string {
  const { names } = fieldNames(dataset);
  const bucket = `pg_catalog.left(${keyHash(columnsOf(relation, dataset.key))}, ${bucketDigits})`;
  return `SELECT bucket, pg_catalog.bit_xor(digest)
    FROM (SELECT ${bucket} COLLATE pg_catalog."C" AS bucket, ${digestOf(columnsOf(relation, names))} AS digest
          FROM ${from} OFFSET 0) AS digests
    GROUP BY bucket`;
}

/**
 * SQL: 64 bits of a row of `t`. The hash of a record is a sum, of which an exclusive or would take out again what two rows
 * have in common (a flag that is turned in both), so that it is hashed once more.
 */
const digestOf = (columns: readonly RelationColumn[]) =>
  `pg_catalog.hashbyteaextended(pg_catalog.int8send(${hashOf(columns)}), 0)`;

/**
 * Values of types whose hash tells any two apart that are printed differently are hashed as they are, which is three times
 * faster; all others (numeric has 1.0 and 1.00, which count as equal) as they are printed.
 */
function hashOf(columns: readonly RelationColumn[]): string {
  const told = columns.flatMap(({ name, bare }) => toldApart.get(bare)?.(`t.${identifier(name)}`) ?? []);
  const rest = columns.filter(({ bare }) => !toldApart.has(bare)).map(({ name }) => `t.${identifier(name)}`);
  const parts = rest.length > 0 ? [...told, bytewise(`(ROW(${rest.join(", ")})::pg_catalog.text)`)] : told;
  return `pg_catalog.hash_record_extended(ROW(${parts.join(", ")}), 0)`;
}

/** Collations may count texts as equal that are not the same. */
const bytewise = (text: string) => `${text} COLLATE pg_catalog."C"`;
const asItIs = (value: string) => value;
/** Integers of 64 bits have a hash of 32: -1 that of 4294967295. */
const sentBy = (send: string) => (value: string) => `pg_catalog.${send}(${value})`;

const toldApart = new Map(
  Object.entries({
    ...{ bool: asItIs, int2: asItIs, int4: asItIs, uuid: asItIs, date: asItIs, bytea: asItIs },
    ...{ text: bytewise, varchar: bytewise },
    ...{ int8: sentBy("int8send"), time: sentBy("time_send") },
    ...{ timestamp: sentBy("timestamp_send"), timestamptz: sentBy("timestamptz_send") },
  }).map(([type, told]) => [`"pg_catalog"."${type}"`, told]),
);
