import type { Table } from "../database/database.js";
import type { Dataset } from "../model/dataset.js";
import { HeddleError, type Problem } from "../model/errors.js";
import { nearest } from "../model/nearest.js";

/**
 * Compares what manifests hold with what the destination has: tables, columns, types, keys. HDL206 lists every
 * difference before anything is written. A collection that is missing is created by the first write to it.
 */
export function checkSchema(datasets: readonly Dataset[], tables: readonly Table[]): void {
  const problems = datasets.flatMap((dataset) => {
    const table = tables.find(({ name }) => name === dataset.name);
    if (!table) return dataset.fields && !isDocuments(tables, dataset) ? [missingTable(dataset, tables)] : [];
    if (table.refused) return [{ dataset: dataset.name, message: `is ${table.refused}, which cannot be applied to` }];
    return table.columns ? checkColumns(dataset, table, table.columns) : [];
  });
  if (problems.length === 0) return;
  throw new HeddleError("HDL206", "the database's schema does not fit", { problems });
}

/** Fields without types belong to documents; so do the tables of a database that has collections. */
function isDocuments(tables: readonly Table[], dataset: Dataset): boolean {
  return tables.some(({ columns }) => columns === undefined) || dataset.fields!.every(({ type }) => type === undefined);
}

function missingTable({ name }: Dataset, tables: readonly Table[]): Problem {
  const close = nearest(
    name,
    tables.map((table) => table.name),
  );
  const hint = close === undefined ? "run the migrations of this database first" : `did you mean ${close}?`;
  return { dataset: name, message: "the database has no such table", hint };
}

function checkColumns(dataset: Dataset, table: Table, columns: NonNullable<Table["columns"]>): Problem[] {
  const problems: Problem[] = [];
  for (const { name, type } of dataset.fields ?? []) {
    const column = columns.find((candidate) => candidate.name === name);
    const place = { dataset: dataset.name, path: name };
    if (!column) problems.push({ ...place, message: "the table has no such column" });
    else if (column.generated) problems.push({ ...place, message: "is a generated column, which cannot be written" });
    else if (type !== undefined && column.type !== type) {
      problems.push({ ...place, message: `is ${column.type} in the database, ${type} in git` });
    }
  }
  const keys = [table.key ?? [], ...table.uniques];
  const sameKey = (key: string[]) =>
    key.length === dataset.key.length && key.every((name) => dataset.key.includes(name));
  if (!keys.some(sameKey)) {
    problems.push({
      dataset: dataset.name,
      message: `has no unique, not-null key over ${dataset.key.join(", ")}`,
      hint: "create a unique index on it, or declare another key",
    });
  }
  return problems;
}
