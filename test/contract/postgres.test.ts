import pg from "pg";
import { openDatabase } from "../../src/database/open.js";
import { createPostgresDatabase } from "../support/servers.js";
import { databaseContract } from "./contract.js";
import { contractNames, contractTables } from "./postgres-tables.js";

databaseContract("PostgreSQL", async () => {
  const url = await createPostgresDatabase();
  const client = new pg.Client(url);
  await client.connect();
  await client.query(contractTables).finally(() => client.end());
  const otherUrl = await createPostgresDatabase();
  const database = await openDatabase(url);
  return {
    ...contractNames,
    database,
    second: () => openDatabase(url),
    other: () => openDatabase(otherUrl),
    close: async () => database[Symbol.asyncDispose](),
  };
});
