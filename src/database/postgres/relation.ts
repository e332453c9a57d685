import type { Dataset } from "../../model/dataset.js";
import { HeddleError } from "../../model/errors.js";
import type { Transaction } from "./connection.js";
import { identifier, qualified, tableOf } from "./quote.js";
import { isJson, type ValueType, valueType } from "./value-type.js";

/** A table as the server has it now: what reading and writing need of it. */
export interface Relation {
  oid: string;
  dataset: string;
  /** The table's own rows, without those of tables that inherit from it; all partitions of a partitioned one. */
  from: string;
  sql: string;
  /** What its columns are qualified with after `from`. */
  alias: string;
  partitioned: boolean;
  columns: Map<string, RelationColumn>;
}

export interface RelationColumn {
  name: string;
  number: string;
  type: ValueType;
  /** The type below all domains, with its modifier. */
  input: string;
  /** The same without modifier, qualified, so that it means the same under any search path. */
  bare: string;
  /** An array or composite: no array of these can be unnested to one column, so they are cast one by one. */
  isCompound: boolean;
  /** json or jsonb, below all domains. */
  isJson: boolean;
  generated: boolean;
}

/** Reads the table of a dataset from the catalogue. HDL202 where there is none. */
export async function readRelation(transaction: Transaction, dataset: string): Promise<Relation> {
  const { schema, table } = tableOf(dataset);
  const { rows } = await transaction.query(columnsSql, [schema, table]);
  const [oid, kind] = rows[0] ?? [];
  if (!oid) throw new HeddleError("HDL202", `${dataset}: there is no such table`);
  if (kind !== "r" && kind !== "p") throw new HeddleError("HDL203", `${dataset}: is no table`);
  const columns = new Map<string, RelationColumn>();
  for (const [, , number, name, type, delimiter, input, typeSchema, typeName, compound, generated] of rows) {
    if (!name) continue;
    columns.set(name, {
      name,
      number: number!,
      type: valueType(type!, delimiter ?? undefined),
      input: input!,
      bare: qualified(typeSchema!, typeName!),
      isCompound: compound === "t",
      isJson: isJson(valueType(input!)),
      generated: generated !== "",
    });
  }
  const sql = qualified(schema, table);
  const partitioned = kind === "p";
  return { oid, dataset, sql, from: partitioned ? sql : `ONLY ${sql}`, alias: identifier(table), partitioned, columns };
}

/** The columns with these names; HDL206 listing all that the table does not have or that cannot be written. */
export function columnsOf(relation: Relation, names: Iterable<string>): RelationColumn[] {
  const columns: RelationColumn[] = [];
  const problems = [];
  for (const name of names) {
    const column = relation.columns.get(name);
    if (column && !column.generated) columns.push(column);
    else {
      const message = column ? "is a generated column" : "is no column of the table";
      problems.push({ dataset: relation.dataset, path: `/${name}`, message });
    }
  }
  if (problems.length > 0) {
    throw new HeddleError("HDL206", `${relation.dataset}: the table does not have the fields of the entries`, {
      problems,
    });
  }
  return columns;
}

/** Names of a dataset's fields, key fields that it does not show last. */
export function fieldNames(dataset: Pick<Dataset, "key" | "fields">): { names: string[]; shown: number } {
  const shown = (dataset.fields ?? []).map(({ name }) => name);
  return { names: [...new Set([...shown, ...dataset.key])], shown: shown.length };
}

const columnsSql = `
SELECT c.oid, c.relkind, a.attnum, a.attname, format_type(a.atttypid, a.atttypmod), e.typdelim,
       format_type(base.oid, base.modifier), base.schema, base.name, base.compound,
       a.attgenerated
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_type t ON t.oid = a.atttypid
LEFT JOIN pg_type e ON e.oid = t.typelem
LEFT JOIN LATERAL (
  WITH RECURSIVE chain(oid, modifier) AS (
    SELECT a.atttypid, a.atttypmod
    UNION ALL
    SELECT d.typbasetype, d.typtypmod FROM chain JOIN pg_type d ON d.oid = chain.oid WHERE d.typtype = 'd'
  )
  SELECT chain.oid, chain.modifier, bn.nspname AS schema, b.typname AS name,
    b.typtype = 'c' OR format_type(b.oid, -1) LIKE '%[]' AS compound
  FROM chain JOIN pg_type b ON b.oid = chain.oid JOIN pg_namespace bn ON bn.oid = b.typnamespace
  WHERE b.typtype <> 'd'
) base ON true
WHERE n.nspname = $1::name AND c.relname = $2::name
ORDER BY a.attnum`;
