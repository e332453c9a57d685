import type { Dataset, Layout } from "../model/dataset.js";
import { HeddleError } from "../model/errors.js";
import { isSameKey } from "../model/key.js";
import type { Exclusive, Table } from "./database.js";

/** What a weave selects of a table. */
export interface TableSelection {
  pick?: readonly string[];
  omit?: readonly string[];
  key?: readonly string[];
}

/**
 * The description of a table as a weave selects it, before transforms. Key fields are always selected.
 * HDL203 where it cannot be woven: refused kind, no key, unknown column.
 */
export function describeTable(engine: string, table: Table, selection: TableSelection): Dataset {
  const refuse = (reason: string, hint?: string): never => {
    throw new HeddleError("HDL203", `${table.name}: ${reason}`, hint === undefined ? {} : { hint });
  };
  if (table.refused) refuse(`${table.refused} cannot be woven`);
  const key = [...(selection.key ?? table.key ?? [])];
  if (key.length === 0) refuse("has no primary key", "name the fields of a unique, not-null key: `key: [...]`");

  const columns = table.columns?.filter((column) => !column.generated);
  const unknown = [...key, ...(selection.pick ?? []), ...(selection.omit ?? [])].filter(
    (name) => columns && !columns.some((column) => column.name === name),
  );
  if (unknown.length > 0) refuse(`has no column ${unknown.map((name) => JSON.stringify(name)).join(", ")}`);
  const omittedKey = key.filter((name) => selection.omit?.includes(name));
  if (omittedKey.length > 0) refuse(`omit leaves out ${omittedKey.join(", ")}, which belongs to the key`);
  if (selection.key && columns && !isKey(table, key)) {
    refuse(`${key.join(", ")} is not a unique, not-null key of it`, "declare a key that a unique index enforces");
  }

  const selected = (name: string) =>
    key.includes(name) || (selection.pick ? selection.pick.includes(name) : !selection.omit?.includes(name));
  const dataset: Dataset = { engine, name: table.name, key, selection: "", oneWay: false, layout: unsetLayout };
  if (columns) {
    const chosen = columns.filter((column) => selected(column.name));
    dataset.fields = chosen.map(({ name, type }) => ({ name, type }));
    if (selection.pick) dataset.pick = chosen.map(({ name }) => name).sort();
    const types = chosen.flatMap((c) => (c.definition ? [[c.type, c.definition] as const] : []));
    if (types.length > 0) dataset.types = Object.fromEntries(types);
    const references = table.references
      .filter((reference) => reference.fields.every(selected))
      .map(({ constraint: _, ...reference }) => reference);
    if (references.length > 0) dataset.references = references;
  } else {
    if (selection.pick) dataset.pick = [...new Set([...table.key!, ...key, ...selection.pick])].sort();
    if (selection.omit) dataset.omit = [...selection.omit].sort();
  }
  return dataset;
}

const unsetLayout: Layout = { kind: "files", fanout: 0 };

/** Whether a table has exactly this key, in whatever order. */
export function isKey(table: Table, key: readonly string[]): boolean {
  return [table.key ?? [], ...table.uniques].some((unique) => isSameKey(unique, key));
}

/** The dataset with every field that the table has: what pre-images hold. A collection that is not there yet has all of them. */
export function wholeDataset(dataset: Dataset, tables: readonly Table[]): Dataset {
  const table = tables.find(({ name }) => name === dataset.name);
  if (table) return describeTable(dataset.engine, table, { key: dataset.key });
  const { fields: _fields, pick: _pick, omit: _omit, ...rest } = dataset;
  return rest;
}

/** The unique keys of a dataset's table whose values cannot simply change places; its own key is none, since entries keep it. */
export function exclusiveOf({ name, key }: Dataset, tables: readonly Table[]): Exclusive[] {
  const table = tables.find((candidate) => candidate.name === name);
  return (table?.exclusive ?? []).filter(({ fields }) => !isSameKey(fields, key));
}
