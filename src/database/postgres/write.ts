import type { Dataset } from "../../model/dataset.js";
import type { Entry, Key } from "../../model/entry.js";
import { HeddleError } from "../../model/errors.js";
import type { Fields } from "../../model/json.js";
import { keyParts } from "../../model/key.js";
import type { Update, WriteBatch } from "../database.js";
import type { Transaction } from "./connection.js";
import { copyLine } from "./copy-text.js";
import { failure } from "./errors.js";
import { flatReader } from "./flat-row.js";
import type { KeyMatch } from "./key-match.js";
import { identifier } from "./quote.js";
import { columnsOf, fieldNames, type Relation, type RelationColumn } from "./relation.js";
import { moveSequences } from "./sequences.js";
import { searchPath } from "./settings.js";
import { writeValue } from "./value.js";

/** Makes the changes of one kind, in as few statements as there are different sets of fields. */
export async function writeBatch(
  transaction: Transaction,
  relation: Relation,
  match: KeyMatch,
  dataset: Dataset,
  batch: WriteBatch,
): Promise<void> {
  // Triggers run as they do for the application; names in values are qualified, so they mean the same here.
  await transaction.run(searchPath.own);
  if (batch.kind === "delete") await deleteRows(transaction, relation, match, batch.keys);
  else if (batch.kind === "create") {
    for (const entries of bySameFields(batch.entries, ({ fields }) => fields)) {
      await createRows(transaction, relation, entries);
    }
  } else {
    for (const updates of bySameFields(batch.entries, ({ set }) => set)) {
      if (updates[0]!.set.size > 0) await updateRows(transaction, relation, match, dataset, updates);
    }
  }
  await transaction.run(searchPath.pinned);
}

/** Creates the rows that `flatReader` understands; gives the others. */
export async function writeTexts(
  transaction: Transaction,
  relation: Relation,
  dataset: Dataset,
  entries: readonly Entry[],
): Promise<readonly Entry[]> {
  const columns = columnsOf(relation, fieldNames(dataset).names);
  const read = flatReader(columns, dataset.key);
  const lines: string[] = [];
  const taken: Entry[] = [];
  const rest: Entry[] = [];
  for (const entry of entries) {
    const row = read?.(entry.text);
    if (row) lines.push(row.line);
    (row ? taken : rest).push(entry);
  }
  if (taken.length === 0) return rest;
  const values = ({ name }: RelationColumn) => {
    const place = columns.findIndex((column) => column.name === name);
    return lines.map((line) => line.slice(0, -1).split("\t")[place]!);
  };
  await transaction.run(searchPath.own);
  await copyRows(transaction, relation, { columns, lines, entries: taken, values });
  await transaction.run(searchPath.pinned);
  return rest;
}

function bySameFields<T>(items: readonly T[], fields: (item: T) => Map<string, unknown>): T[][] {
  const groups = new Map<string, T[]>();
  let last: { names: string[]; group: T[] } | undefined;
  for (const item of items) {
    const names = [...fields(item).keys()];
    if (last?.names.length !== names.length || names.some((name, i) => name !== last!.names[i])) {
      const id = JSON.stringify(names);
      const group = groups.get(id) ?? [];
      groups.set(id, group);
      last = { names, group };
    }
    last.group.push(item);
  }
  return [...groups.values()];
}

async function createRows(
  transaction: Transaction,
  relation: Relation,
  entries: readonly { key: Key; fields: Fields }[],
): Promise<void> {
  const columns = columnsOf(relation, entries[0]!.fields.keys());
  const lines = entries.map(({ fields }) => {
    return copyLine(columns.map(({ name, type }) => writeValue(type, fields.get(name) ?? null)));
  });
  const values = ({ name }: RelationColumn) => entries.map(({ fields }) => String(fields.get(name)));
  await copyRows(transaction, relation, { columns, lines, entries, values });
}

interface Rows {
  columns: readonly RelationColumn[];
  lines: readonly string[];
  entries: readonly { key: Key }[];
  /** A column's values, as texts. */
  values(column: RelationColumn): string[];
}

/** Straight into the table: COPY fires triggers, checks constraints, and takes the values given for identity columns. */
async function copyRows(
  transaction: Transaction,
  relation: Relation,
  { columns, lines, entries, values }: Rows,
): Promise<void> {
  const list = columns.map(({ name }) => identifier(name)).join(", ");
  const count = await copyIn(transaction, relation, `${relation.sql} (${list})`, lines, entries);
  expectCount(relation, entries.length, count, "created");
  await moveSequences(transaction, relation, columns, values);
}

/** Through a staging table whose columns have the target's own types, so that its input functions read the values. */
async function updateRows(
  transaction: Transaction,
  relation: Relation,
  match: KeyMatch,
  dataset: Dataset,
  updates: readonly Update[],
): Promise<void> {
  const names = [...updates[0]!.set.keys()];
  const columns = columnsOf(relation, names);
  const keyNames = match.columns.map(({ name }, i) => `${identifier(name)} AS k${i + 1}`);
  const valueNames = columns.map(({ name }, i) => `${identifier(name)} AS v${i + 1}`);
  await transaction.run(
    `CREATE TEMPORARY TABLE heddle_staging ON COMMIT DROP AS
     SELECT ${[...keyNames, ...valueNames].join(", ")} FROM ${relation.sql} WITH NO DATA`,
  );
  const lines = updates.map(({ key, set }) => {
    const parts = keyParts(key).map((part, i) => writeValue(match.columns[i]!.type, part));
    const values = columns.map(({ name, type }) => {
      const value = set.get(name);
      if (value === undefined)
        throw new HeddleError("HDL206", `${dataset.name}: a column cannot be removed from a row`);
      return writeValue(type, value);
    });
    return copyLine([...parts, ...values]);
  });
  await copyIn(transaction, relation, "pg_temp.heddle_staging", lines, updates);
  const set = columns.map(({ name }, i) => `${identifier(name)} = s.v${i + 1}`);
  const on = match.equals("s");
  const { count } = await transaction.query(
    `UPDATE ${relation.from} AS t SET ${set.join(", ")} FROM pg_temp.heddle_staging AS s WHERE ${on}`,
  );
  expectCount(relation, updates.length, count, "updated");
  await transaction.run("DROP TABLE pg_temp.heddle_staging");
}

async function deleteRows(
  transaction: Transaction,
  relation: Relation,
  match: KeyMatch,
  keys: readonly Key[],
): Promise<void> {
  const on = match.equals("k");
  const sql = `DELETE FROM ${relation.from} AS t USING ${match.table("k")} WHERE ${on}`;
  const { count } = await transaction.query(sql, match.parameters(keys));
  expectCount(relation, keys.length, count, "deleted");
}

async function copyIn(
  transaction: Transaction,
  relation: Relation,
  target: string,
  lines: readonly string[],
  entries: readonly { key: Key }[],
): Promise<number> {
  try {
    return await transaction.copyIn(target, lines);
  } catch (error) {
    throw failure(error, {
      code: "HDL205",
      subject: relation.dataset,
      keyAt: (line) => entries[line - 1]?.key,
    });
  }
}

/** A trigger or rule may turn a write into nothing; then the entry is not what was asked for. */
function expectCount(relation: Relation, wanted: number, count: number, verb: string): void {
  if (count === wanted) return;
  throw new HeddleError("HDL205", `${relation.dataset}: ${count} of ${wanted} rows were ${verb}`, {
    hint: "a row vanished meanwhile, or a trigger or rule of the table suppresses the write",
  });
}
