import type { Database } from "./database.js";

/** A database with its own way to read and to write. What it can do may be known only later, so that is always asked for anew. */
export function wrapped(database: Database, { read, write }: Pick<Database, "read" | "write">): Database {
  const { readTogether: _, ...rest } = database;
  return {
    ...rest,
    get capabilities() {
      return database.capabilities;
    },
    read,
    write,
    [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
  };
}
