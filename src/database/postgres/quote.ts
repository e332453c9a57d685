import { splitName } from "../../model/dataset-name.js";

/** A name as a quoted SQL identifier. */
export function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** A table of a schema, as SQL. */
export function qualified(schema: string, name: string): string {
  return `${identifier(schema)}.${identifier(name)}`;
}

/** Schema and table that a dataset name means. */
export function tableOf(dataset: string): { schema: string; table: string } {
  const { schema = "public", table } = splitName(dataset);
  return { schema, table };
}
