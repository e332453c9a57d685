import { openDatabase } from "../../src/database/open.js";
import { createPgliteDirectory } from "../support/pglite.js";
import { databaseContract } from "./contract.js";
import { contractNames, contractTables } from "./postgres-tables.js";

databaseContract("PGlite", async () => {
  const [mine, other] = [await createPgliteDirectory(contractTables), await createPgliteDirectory("")];
  const database = await openDatabase(mine.url);
  return {
    ...contractNames,
    database,
    other: () => openDatabase(other.url),
    async close() {
      await database[Symbol.asyncDispose]();
      await Promise.all([mine.remove(), other.remove()]);
    },
  };
});
