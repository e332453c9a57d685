import type { CollectionInfo } from "mongodb";
import type { Table } from "../database.js";
import type { Connection } from "./connection.js";

/** A collection as the server lists it. */
export interface Collection {
  name: string;
  /** `collection`, `view` or `timeseries`. */
  type: string;
  capped: boolean;
  /** Whether strings are equal by a collation, not by their bytes. */
  collated: boolean;
}

/** All collections and views but the server's own and Heddle's. */
export async function collections(connection: Connection): Promise<Collection[]> {
  const list = await connection.guarded("reading", () => connection.db.listCollections().toArray());
  return (list as CollectionInfo[])
    .filter(({ name }) => !name.startsWith("system.") && !name.startsWith("heddle_"))
    .map(({ name, type, options }) => ({
      name,
      type: type ?? "collection",
      capped: options?.capped === true,
      collated: options?.collation !== undefined,
    }));
}

export async function tables(connection: Connection): Promise<Table[]> {
  const found: Table[] = [];
  for (const collection of await collections(connection)) {
    const table: Table = { name: collection.name, key: ["_id"], uniques: [], references: [] };
    if (collection.type === "view") table.refused = "a view";
    else if (collection.type !== "collection") table.refused = "a time-series collection";
    else table.uniques = (await uniqueIndexes(connection, collection.name)).filter(isKey);
    if (collection.capped) table.neverPruned = "a capped collection";
    found.push(table);
  }
  return found;
}

/** The field paths of every unique index but that of `_id`, less those that let some documents out. */
export async function uniqueIndexes(connection: Connection, collection: string): Promise<string[][]> {
  const indexes = await connection.guarded("reading", () => connection.db.collection(collection).indexes());
  return indexes
    .filter((index) => index.unique && index.partialFilterExpression === undefined && !index.sparse)
    .map(({ key }) => Object.keys(key));
}

function isKey(fields: readonly string[]): boolean {
  return fields.every((name) => !name.includes("."));
}
