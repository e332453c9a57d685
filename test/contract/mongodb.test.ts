import { MongoClient } from "mongodb";
import { describe, inject } from "vitest";
import { openDatabase } from "../../src/database/open.js";
import { databaseUrl } from "../unit/database/mongodb/server.js";
import { databaseContract } from "./contract.js";

describe.skipIf(inject("mongodbUrl") === undefined)(`MongoDB: ${inject("mongodbServer")}`, () => {
  databaseContract("MongoDB", async () => {
    const [mine, other] = [databaseUrl(), databaseUrl()];
    const hostile = 'a.b "c" d\'é/\\%_*?';
    const client = new MongoClient(mine);
    const db = client.db();
    await db.collection("items").createIndex({ name: 1 }, { unique: true });
    for (const name of ["texts", hostile]) await db.createCollection(name);
    await db.createCollection("shown", { viewOn: "items", pipeline: [] });
    const database = await openDatabase(mine);
    return {
      database,
      second: () => openDatabase(mine),
      other: () => openDatabase(other),
      key: "_id",
      items: "items",
      texts: "texts",
      hostile,
      refused: "shown",
      atLeast: (n) => JSON.stringify({ n: { $gte: n } }),
      badPredicates: ["", "n > 1", '{"$where": "true"}', '{"n": {"$unknown": 1}}', '{"$unknown": 1}', '{"$or": 1}'],
      async close() {
        await database[Symbol.asyncDispose]();
        await db.dropDatabase();
        await client.close();
      },
    };
  });
});
