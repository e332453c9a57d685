import { randomUUID } from "node:crypto";
import type { Dataset } from "../../model/dataset.js";
import { HeddleError } from "../../model/errors.js";
import type { Fields, Json } from "../../model/json.js";
import type { Transaction } from "./connection.js";
import { identifier, qualified } from "./quote.js";
import { columnsOf, type Relation, type RelationColumn } from "./relation.js";
import { moveSequences } from "./sequences.js";
import { searchPath } from "./settings.js";
import { readValue } from "./value.js";

/**
 * Values as an insert without these columns would get them: from identities, sequences and other defaults, and random
 * ones for uuid columns without any. A sequence that lies behind its column is moved first.
 */
export async function newIds(
  transaction: Transaction,
  relation: Relation,
  { name }: Dataset,
  fields: readonly string[],
  count: number,
): Promise<Fields[]> {
  const columns = columnsOf(relation, fields);
  const defaults = new Map<string, string>();
  for (const [column, expression, schema, sequence] of (await transaction.query(defaultsSql, [relation.oid])).rows) {
    const next = sequence ? `pg_catalog.nextval('${qualified(schema!, sequence).replaceAll("'", "''")}')` : expression;
    if (next) defaults.set(column!, next);
  }
  const lacking = columns.filter((column) => !defaults.has(column.name) && !isUuid(column));
  if (lacking.length > 0) {
    throw new HeddleError("HDL206", `${name}: the database has no way to make new ids`, {
      problems: lacking.map((column) => ({ dataset: name, path: `/${column.name}`, message: "has no default" })),
      hint: "make it an identity column, or give it a default",
    });
  }
  const made = columns.filter((column) => defaults.has(column.name));
  await catchUp(transaction, relation, made);
  const list = made.map((column) => defaults.get(column.name)!);
  // Functions of the database's own mean what they mean to the application.
  await transaction.run(searchPath.own);
  const { rows } = await transaction.query(
    `SELECT ${["i", ...list].join(", ")} FROM pg_catalog.generate_series(1, $1::pg_catalog.int4) AS i`,
    [String(count)],
  );
  await transaction.run(searchPath.pinned);
  return rows.map(([, ...cells]) => {
    const values = new Map<string, Json>(made.map(({ name, type }, i) => [name, readValue(type, cells[i]!)]));
    return new Map(fields.map((field) => [field, values.get(field) ?? randomUUID()]));
  });
}

const isUuid = ({ input }: RelationColumn) => input === "uuid";

/** Rows that came with ids of their own may have left a sequence behind. */
async function catchUp(
  transaction: Transaction,
  relation: Relation,
  columns: readonly RelationColumn[],
): Promise<void> {
  const numbers = columns.filter(({ type }) => type.kind === "integer" || type.kind === "bigint");
  if (numbers.length === 0) return;
  for (const edge of ["max", "min"]) {
    const list = numbers.map((column) => `pg_catalog.${edge}(${identifier(column.name)})`);
    const { rows } = await transaction.query(`SELECT ${list.join(", ")} FROM ${relation.from}`);
    await moveSequences(transaction, relation, numbers, (column) => [rows[0]![numbers.indexOf(column)] ?? ""]);
  }
}

const defaultsSql = `
SELECT a.attname, pg_catalog.pg_get_expr(d.adbin, d.adrelid), n.nspname, s.relname
FROM pg_catalog.pg_attribute a
LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid OPERATOR(pg_catalog.=) a.attrelid AND d.adnum OPERATOR(pg_catalog.=) a.attnum
LEFT JOIN pg_catalog.pg_class s ON a.attidentity OPERATOR(pg_catalog.<>) ''
  AND s.oid OPERATOR(pg_catalog.=) pg_catalog.pg_get_serial_sequence(
    a.attrelid::pg_catalog.regclass::pg_catalog.text, a.attname::pg_catalog.text)::pg_catalog.regclass
LEFT JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) s.relnamespace
WHERE a.attrelid OPERATOR(pg_catalog.=) $1::pg_catalog.oid AND a.attnum OPERATOR(pg_catalog.>) 0
  AND NOT a.attisdropped AND a.attgenerated OPERATOR(pg_catalog.=) ''`;
