import type { Dataset } from "../../model/dataset.js";
import type { Key } from "../../model/entry.js";
import { HeddleError } from "../../model/errors.js";
import { keyParts } from "../../model/key.js";
import type { Transaction } from "./connection.js";
import { identifier, qualified } from "./quote.js";
import { columnsOf, type Relation, type RelationColumn } from "./relation.js";
import { writeValue } from "./value.js";

/** How keys of a dataset meet rows of its table: by the equality of the unique index, with its collation. */
export interface KeyMatch {
  columns: RelationColumn[];
  /** SQL: the row of `t` has the key of this row of keys, with columns k1, k2, … */
  equals(keys: string): string;
  /** SQL: keys given as parameters from $1 on, as a table with columns k1, k2, … and their ordinal i. */
  table(alias: string): string;
  /** The parameters of `table`. */
  parameters(keys: readonly Key[]): string[];
}

/** HDL206 where no unique index holds the key. */
export async function readKeyMatch(transaction: Transaction, relation: Relation, dataset: Dataset): Promise<KeyMatch> {
  const columns = columnsOf(relation, dataset.key);
  const { rows } = await transaction.query(indexSql, [relation.oid, `{${columns.map((c) => c.number).join(",")}}`]);
  const byNumber = new Map(rows.map((row) => [row[0], row]));
  if (byNumber.size === 0) {
    const message = `${relation.dataset}: no unique index holds the key (${dataset.key.join(", ")})`;
    throw new HeddleError("HDL206", message, { hint: "create one, or declare another key" });
  }
  const operands = columns.map(({ number }) => {
    const [, schema, operator, collationSchema, collation] = byNumber.get(number)!;
    const collate = collation ? ` COLLATE ${qualified(collationSchema!, collation)}` : "";
    return { operator: `OPERATOR(${identifier(schema!)}.${operator})`, collate };
  });
  return {
    columns,
    equals: (keys) =>
      operands
        .map(({ operator, collate }, i) => {
          return `t.${identifier(columns[i]!.name)} ${operator} (${keys}.k${i + 1})${collate}`;
        })
        .join(" AND "),
    table(alias) {
      // The array's own input function reads the parts, which a cast from text would cut or reinterpret.
      const arrays = columns.map(({ bare, isCompound }, i) => `$${i + 1}::${isCompound ? "pg_catalog.text" : bare}[]`);
      const names = columns.map((_, i) => `k${i + 1}`);
      const list = columns.map(({ bare, isCompound }, i) =>
        isCompound ? `u.k${i + 1}::${bare} AS k${i + 1}` : `u.k${i + 1}`,
      );
      return `(SELECT ${list.join(", ")}, u.i FROM ROWS FROM (${arrays.map((a) => `pg_catalog.unnest(${a})`).join(", ")})
        WITH ORDINALITY AS u(${names.join(", ")}, i)) AS ${alias}`;
    },
    parameters(keys) {
      const parts = keys.map(keyParts);
      return columns.map(({ type }, i) => {
        const texts = parts.map((part) => writeValue(type, part[i] ?? null));
        return `{${texts.map(element).join(",")}}`;
      });
    },
  };
}

function element(text: string | null): string {
  return text === null ? "NULL" : `"${text.replace(/["\\]/g, "\\$&")}"`;
}

// Strategy 3 of a btree operator family is equality.
const indexSql = `
SELECT part.attnum, n.nspname, o.oprname, cn.nspname, co.collname
FROM (
  SELECT i.indexrelid, i.indkey::int2[] AS attnums, i.indclass, i.indcollation, i.indnkeyatts
  FROM pg_index i
  JOIN pg_class ic ON ic.oid = i.indexrelid
  JOIN pg_am am ON am.oid = ic.relam AND am.amname = 'btree'
  WHERE i.indrelid = $1::oid AND i.indisunique AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL
    AND (SELECT array_agg(attnum ORDER BY attnum) FROM unnest(i.indkey[0:i.indnkeyatts - 1]) AS attnum)
      = (SELECT array_agg(attnum ORDER BY attnum) FROM unnest($2::int2[]) AS attnum)
  ORDER BY i.indisprimary DESC, i.indexrelid
  LIMIT 1
) i
CROSS JOIN LATERAL (
  SELECT i.attnums[p] AS attnum, i.indclass[p] AS class, i.indcollation[p] AS collation
  FROM generate_series(0, i.indnkeyatts - 1) AS p
) part
JOIN pg_opclass class ON class.oid = part.class
JOIN pg_amop am ON am.amopfamily = class.opcfamily AND am.amopstrategy = 3
  AND am.amoplefttype = class.opcintype AND am.amoprighttype = class.opcintype
JOIN pg_operator o ON o.oid = am.amopopr
JOIN pg_namespace n ON n.oid = o.oprnamespace
LEFT JOIN pg_collation co ON co.oid = part.collation
LEFT JOIN pg_namespace cn ON cn.oid = co.collnamespace`;
