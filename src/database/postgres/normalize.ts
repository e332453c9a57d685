import type { Dataset } from "../../model/dataset.js";
import type { Fields } from "../../model/json.js";
import { keyOf } from "../../model/key.js";
import type { Transaction } from "./connection.js";
import { isNormal } from "./normal.js";
import { pinpoint } from "./pinpoint.js";
import { columnsOf, type Relation, type RelationColumn } from "./relation.js";
import { readValue, writeValue } from "./value.js";

/**
 * Entries as the server would give them back: every value through its type's input and output function, modifiers
 * included; the very same fields where it surely gives back what it gets. Domains are read as what they are made of:
 * whether their checks hold is for the write to find.
 */
export async function normalizeEntries(
  transaction: Transaction,
  relation: Relation,
  dataset: Dataset,
  entries: readonly Fields[],
  unicode: boolean,
): Promise<Fields[]> {
  const normal: Fields[] = [];
  for (let start = 0; start < entries.length; start += batchSize) {
    const batch = entries.slice(start, start + batchSize);
    const problemOf = (fields: Fields) => {
      const key = keyOf(dataset, fields);
      return { dataset: dataset.name, ...(key !== undefined && { key }), message: "a value does not fit its type" };
    };
    // Only what the server might spell otherwise, or refuse, is sent to it.
    const uncertain = uncertainOf(relation, batch, unicode);
    if (uncertain.length === 0) {
      for (const fields of batch) normal.push(fields);
      continue;
    }
    const read = async (some: readonly Fields[]) => {
      const { rows } = await transaction.query(sqlOf(uncertain), [payload(uncertain, some)]);
      return rows.map((cells, i) => fieldsOf(some[i]!, uncertain, cells));
    };
    normal.push(...(await pinpoint(transaction, batch, problemOf, read)));
  }
  return normal;
}

const batchSize = 1000;

function uncertainOf(relation: Relation, entries: readonly Fields[], unicode: boolean): RelationColumn[] {
  const names = new Set<string>();
  const uncertain = new Set<string>();
  for (const fields of entries) {
    for (const [name, value] of fields) {
      const type = relation.columns.get(name)?.type;
      names.add(name);
      if (type && !isNormal(type, value, unicode)) uncertain.add(name);
    }
  }
  return columnsOf(relation, names).filter(({ name }) => uncertain.has(name));
}

/**
 * json_to_recordset runs input functions with the type's modifier, which a cast does not (it cuts `varchar(3)` in
 * silence). JSON columns travel as text and are cast, since there a JSON string would become a JSON value.
 */
function sqlOf(columns: readonly RelationColumn[]): string {
  const list = columns.map(({ isJson, input }, i) => (isJson ? `x.c${i}::${input}` : `x.c${i}`));
  const definitions = columns.map(({ isJson, input }, i) => `c${i} ${isJson ? "text" : input}`);
  return `SELECT ${list.join(", ")} FROM json_to_recordset($1::json) AS x(i integer, ${definitions.join(", ")}) ORDER BY x.i`;
}

function payload(columns: readonly RelationColumn[], entries: readonly Fields[]): string {
  return JSON.stringify(
    entries.map((fields, row) => {
      const texts = columns.map(({ name, type }, i) => [`c${i}`, writeValue(type, fields.get(name) ?? null)]);
      return Object.fromEntries([["i", row], ...texts]);
    }),
  );
}

/** In the entry's own order; fields that it does not have stay absent. */
function fieldsOf(fields: Fields, columns: readonly RelationColumn[], cells: readonly (string | null)[]): Fields {
  const normal = new Map(fields);
  columns.forEach(({ name, type }, i) => {
    if (normal.has(name)) normal.set(name, cells[i] === null ? null : readValue(type, cells[i]!));
  });
  return normal;
}
