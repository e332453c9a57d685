import { MongoClient } from "mongodb";
import { expect, onTestFinished, test } from "vitest";
import { openDatabase } from "../../../../src/database/open.js";
import { createMongodbDatabase, describeMongodb } from "../../../support/servers.js";

describeMongodb("hooks of MongoDB", () => {
  test("commands run in the transaction: they see its writes, count documents, and are undone with it", async () => {
    const url = await createMongodbDatabase();
    const client = await MongoClient.connect(url);
    onTestFinished(() => client.close());
    await client.db().collection("plans").insertOne({ price: 5 });
    const database = await openDatabase(url);
    onTestFinished(() => database[Symbol.asyncDispose]());
    const stop = new Error("stop");
    const run = database.write(async (session) => {
      const cheap = '{"find": "plans", "filter": {"price": {"$lt": {"$numberInt": "3"}}}}';
      expect(await session.command(cheap)).toBe(0);
      expect(await session.command('{"insert": "plans", "documents": [{"price": 1}, {"price": 2}]}')).toBe(0);
      expect(await session.command(cheap)).toBe(2);
      throw stop;
    });
    await expect(run).rejects.toBe(stop);
    expect(await client.db().collection("plans").countDocuments()).toBe(1);
    for (const bad of [
      "",
      "[]",
      "{}",
      "not JSON",
      '{"commitTransaction": 1}',
      '{"abortTransaction": 1}',
      '{"noSuch": 1}',
    ]) {
      const error = await database.write((session) => session.command(bad)).catch((error) => error);
      expect(error, bad).toMatchObject({ name: "HeddleError" });
    }
  });
});
