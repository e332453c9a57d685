import { MongoClient } from "mongodb";
import pg from "pg";
import { expect, inject, test } from "vitest";
import { createMongodbDatabase, createPostgresDatabase, describeMongodb } from "../../support/servers.js";

let dropped: string;

test("a PostgreSQL database is empty, logical decoding works, and its collation is not byte order", async () => {
  dropped = await createPostgresDatabase();
  const client = new pg.Client(dropped);
  await client.connect();
  const { rows } = await client.query(
    "SELECT current_setting('wal_level') AS wal, (SELECT count(*)::int FROM pg_stat_user_tables) AS tables, 'a' < 'B' AS sorted",
  );
  await client.end();
  expect(rows).toEqual([{ wal: "logical", tables: 0, sorted: true }]);
});

test("a PostgreSQL database is dropped after its test", async () => {
  const client = new pg.Client(dropped);
  await expect(client.connect()).rejects.toThrow("does not exist");
});

describeMongodb(`MongoDB (${inject("mongodbServer")})`, () => {
  test("answers as a replica set, with transactions and change streams", async () => {
    const client = new MongoClient(await createMongodbDatabase());
    const items = client.db().collection<{ _id: number }>("items");
    const changes = items.watch();
    await changes.tryNext();
    await client.withSession((session) =>
      session.withTransaction(async () => {
        await items.insertOne({ _id: 1 }, { session });
      }),
    );
    const change = await changes.next();
    expect(change.operationType).toBe("insert");
    expect(change._id).toBeDefined();
    await changes.close();
    await client.close();
  });
});
