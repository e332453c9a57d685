import type { Transaction } from "./connection.js";
import { qualified } from "./quote.js";
import type { Relation, RelationColumn } from "./relation.js";

/**
 * Moves sequences that give these columns their values past the highest value just written, forward only: otherwise the
 * application's next insert meets a key that is taken. (setval takes effect at once and stays when the transaction is
 * rolled back; that costs numbers, nothing else.)
 */
export async function moveSequences(
  transaction: Transaction,
  relation: Relation,
  columns: readonly RelationColumn[],
  texts: (column: RelationColumn) => string[],
): Promise<void> {
  for (const { number, sequence, forward, limit } of await sequencesOf(transaction, relation)) {
    const column = columns.find((c) => c.number === number);
    if (!column) continue;
    const values = texts(column).flatMap((text) => (/^-?\d+$/.test(text) ? [BigInt(text)] : []));
    if (values.length === 0) continue;
    const edge = values.reduce((a, b) => (a > b === forward ? a : b));
    if (forward ? edge > limit : edge < limit) continue;
    const ahead = forward ? ">" : "<";
    await transaction.query(
      `SELECT pg_catalog.setval('${sequence.replaceAll("'", "''")}'::pg_catalog.regclass, $1::bigint)
       FROM ${sequence} AS s WHERE $1::bigint OPERATOR(pg_catalog.${ahead}) s.last_value
       OR ($1::bigint OPERATOR(pg_catalog.=) s.last_value AND NOT s.is_called)`,
      [String(edge)],
    );
  }
}

const known = new WeakMap<Relation, Sequence[]>();

/** Read once in a session, which has a relation of its own. */
async function sequencesOf(transaction: Transaction, relation: Relation): Promise<Sequence[]> {
  const sequences = known.get(relation) ?? (await readSequences(transaction, relation.oid));
  known.set(relation, sequences);
  return sequences;
}

/** A sequence that gives a column its values. */
interface Sequence {
  /** The column's number. */
  number: string;
  /** As SQL. */
  sequence: string;
  forward: boolean;
  /** The last value that it can give. */
  limit: bigint;
  /** Whether the role may read and move it. */
  mayMove: boolean;
}

export async function readSequences(transaction: Transaction, table: string): Promise<Sequence[]> {
  const { rows } = await transaction.query(sequencesSql, [table]);
  return rows.map(([number, schema, name, increment, limit, mayMove]) => ({
    number: number!,
    sequence: qualified(schema!, name!),
    forward: !increment!.startsWith("-"),
    limit: BigInt(limit!),
    mayMove: mayMove === "t",
  }));
}

/** Sequences of identity columns, and those that defaults name. */
const sequencesSql = `
SELECT DISTINCT a.attnum, n.nspname, c.relname, s.seqincrement,
  CASE WHEN s.seqincrement OPERATOR(pg_catalog.>) 0 THEN s.seqmax ELSE s.seqmin END,
  pg_catalog.has_sequence_privilege(c.oid, 'SELECT') AND pg_catalog.has_sequence_privilege(c.oid, 'UPDATE')
FROM pg_catalog.pg_attribute a
LEFT JOIN pg_catalog.pg_attrdef def ON def.adrelid OPERATOR(pg_catalog.=) a.attrelid
  AND def.adnum OPERATOR(pg_catalog.=) a.attnum
JOIN pg_catalog.pg_depend d ON
  (d.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_attrdef'::pg_catalog.regclass
    AND d.objid OPERATOR(pg_catalog.=) def.oid
    AND d.refclassid OPERATOR(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass)
  OR (d.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass
    AND d.refclassid OPERATOR(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass
    AND d.refobjid OPERATOR(pg_catalog.=) a.attrelid AND d.refobjsubid OPERATOR(pg_catalog.=) a.attnum)
JOIN pg_catalog.pg_sequence s ON s.seqrelid OPERATOR(pg_catalog.=) d.refobjid OR s.seqrelid OPERATOR(pg_catalog.=) d.objid
JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) s.seqrelid
JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
WHERE a.attrelid OPERATOR(pg_catalog.=) $1::pg_catalog.oid AND a.attnum OPERATOR(pg_catalog.>) 0`;
