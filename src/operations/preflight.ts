import type { Finding, ReadSession, Table } from "../database/database.js";
import { isKey } from "../database/describe.js";
import type { Dataset } from "../model/dataset.js";
import { HeddleError, type Problem } from "../model/errors.js";
import { nearest } from "../model/nearest.js";
import type { Plan } from "../plan/plan.js";

/**
 * Whether the database fits these datasets: tables, columns, types, keys, and the rights to read them. HDL206 lists every
 * difference, also what would only stop writing. Gives the problems of writing: what of them counts, the plan decides.
 */
export async function preflight(
  session: ReadSession,
  datasets: readonly Dataset[],
  tables: readonly Table[],
): Promise<Finding[]> {
  const found = (await session.examine(datasets, false)).filter(({ level }) => level === "problem");
  const problems = [...schemaProblems(datasets, tables), ...keyProblems(datasets, tables)];
  if (problems.length === 0 && found.every(({ stops }) => stops === "writing")) return found;
  throw new HeddleError("HDL206", "the database does not fit", { problems: [...problems, ...found.map(asProblem)] });
}

/** What stands in the way of writing this plan. */
export function obstacles({ datasets }: Pick<Plan, "datasets">, found: readonly Finding[]): Problem[] {
  const stopped = ({ dataset, kinds }: Finding) =>
    datasets.some(
      (part) =>
        (dataset === undefined || part.dataset.name === dataset) &&
        part.changes.some(({ kind }) => kinds === undefined || kinds.includes(kind)),
    );
  return found.filter(stopped).map(asProblem);
}

function asProblem({ dataset, message, hint, sql }: Finding): Problem {
  const mend = hint ?? sql?.join("; ");
  return { ...(dataset !== undefined && { dataset }), message, ...(mend !== undefined && { hint: mend }) };
}

/** The same without rights: HDL206 for what does not fit. */
export function checkSchema(datasets: readonly Dataset[], tables: readonly Table[]): void {
  const problems = [...schemaProblems(datasets, tables), ...keyProblems(datasets, tables)];
  if (problems.length === 0) return;
  throw new HeddleError("HDL206", "the database's schema does not fit", { problems });
}

/**
 * Tables and columns that manifests have and the database has not, or otherwise. A collection that is missing is created
 * by the first write to it.
 */
export function schemaProblems(datasets: readonly Dataset[], tables: readonly Table[]): Problem[] {
  return datasets.flatMap((dataset) => {
    const table = tables.find(({ name }) => name === dataset.name);
    if (!table) return dataset.fields && !isDocuments(tables, dataset) ? [missingTable(dataset, tables)] : [];
    if (table.refused) return [{ dataset: dataset.name, message: `is ${table.refused}, which cannot be applied to` }];
    return table.columns ? columnProblems(dataset, table.columns) : [];
  });
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

function columnProblems(dataset: Dataset, columns: NonNullable<Table["columns"]>): Problem[] {
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
  return problems;
}

function keyProblems(datasets: readonly Dataset[], tables: readonly Table[]): Problem[] {
  return datasets.flatMap((dataset) => {
    const table = tables.find(({ name }) => name === dataset.name);
    if (!table?.columns || table.refused) return [];
    if (isKey(table, dataset.key)) return [];
    const message = `has no unique, not-null key over ${dataset.key.join(", ")}`;
    return [{ dataset: dataset.name, message, hint: "create a unique index on it, or declare another key" }];
  });
}
