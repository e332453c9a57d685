import { type Db, MongoClient } from "mongodb";
import { expect, test } from "vitest";
import { createMongodbDatabase, describeMongodb } from "../../support/servers.js";
import { makeTwinProject } from "../../support/twin.js";

interface Item {
  _id: number;
  sku: string;
}

async function makeShop(spec = "") {
  const [source, copy] = [await createMongodbDatabase(), await createMongodbDatabase()];
  const twin = makeTwinProject(source, copy, { spec });
  const on = async <T>(url: string, work: (db: Db) => Promise<T>): Promise<T> => {
    const client = await new MongoClient(url).connect();
    return work(client.db()).finally(() => client.close());
  };
  await on(source, (db) => db.collection<Item>("items").insertMany([1, 2, 3].map((_id) => ({ _id, sku: `s${_id}` }))));
  await twin.weave();
  return {
    copy: <T>(work: (db: Db) => Promise<T>) => on(copy, work),
    /** Applies; `moved` happens when the plan is made and nothing is written yet. */
    apply: (moved: (db: Db) => Promise<unknown>) =>
      twin.apply({ confirm: async () => on(copy, moved).then(() => "yes" as const) }),
    ids: () => on(copy, async (db) => (await db.collection<Item>("items").find().toArray()).map(({ _id }) => _id)),
  };
}

describeMongodb("an apply to MongoDB", () => {
  test("G46: creates nothing where an entry appeared since the plan, and names it", async () => {
    const shop = await makeShop();
    const appeared = shop.apply((db) => db.collection<Item>("items").insertOne({ _id: 2, sku: "other" }));
    await expect(appeared).rejects.toMatchObject({ code: "HDL602", problems: [{ dataset: "items", key: "2" }] });
    expect(await shop.ids()).toEqual([2]);
  });

  test("G46: the same by natural key, which no index watches over", async () => {
    const shop = await makeShop("identify: { items: [sku] }");
    const appeared = shop.apply((db) => db.collection<Item>("items").insertOne({ _id: 77, sku: "s2" }));
    await expect(appeared).rejects.toMatchObject({ code: "HDL602", problems: [{ dataset: "items", key: "s2" }] });
    expect(await shop.ids()).toEqual([77]);
  });

  test("B15: what another unique index refuses is no moved entry", async () => {
    const shop = await makeShop();
    await shop.copy((db) => db.collection("items").createIndex({ sku: 1 }, { unique: true }));
    const refused = shop.apply((db) => db.collection<Item>("items").insertOne({ _id: 77, sku: "s2" }));
    await expect(refused).rejects.toMatchObject({ code: "HDL205" });
    expect(await shop.ids()).toEqual([77]);
  });
});
