import { type Db, MongoClient, ObjectId, UUID } from "mongodb";
import { expect, test } from "vitest";
import { compareEnvironments } from "../../../src/operations/compare-environments.js";
import { drift } from "../../../src/operations/drift.js";
import { undo } from "../../../src/operations/undo.js";
import { createMongodbDatabase, describeMongodb } from "../../support/servers.js";
import { makeTwinProject } from "../../support/twin.js";

const spec = `identify: { products: [sku], reviews: [product, author] }
  references:
    reviews: { /product: products }
    orders: { /lines/product: products, /tags: products }
  apply: { maxDeletes: 100% }`;

async function makeShops(options: { spec: string }) {
  const [source, copy] = [await createMongodbDatabase(), await createMongodbDatabase()];
  const twin = makeTwinProject(source, copy, options);
  const on = async <T>(url: string, work: (db: Db) => Promise<T>): Promise<T> => {
    const client = await new MongoClient(url).connect();
    return work(client.db()).finally(() => client.close());
  };
  return {
    ...twin,
    there: <T>(work: (db: Db) => Promise<T>) => on(copy, work),
    async want(work: (db: Db) => Promise<unknown>) {
      await on(source, work);
      await twin.weave();
    },
    undo: (id: string) =>
      undo({
        directory: twin.project.directory,
        environment: "copy",
        id,
        grants: { allowDeletes: 9, allowEmpty: true },
      }),
    drift: async () => (await drift({ directory: twin.project.directory, environment: "copy" })).drifted,
    held: () => on(copy, contents),
    woven: () => on(source, contents),
  };
}

/** What a shop holds, with the SKU of a product in the place of its id. */
async function contents(db: Db): Promise<unknown> {
  const products = await db.collection("products").find().sort({ sku: 1 }).toArray();
  const skus = new Map(products.map(({ _id, sku }) => [String(_id), sku]));
  const sku = (id: unknown) => skus.get(String(id));
  const reviews = await db.collection("reviews").find().toArray();
  const orders = await db.collection("orders").find().toArray();
  return {
    products: products.map(({ sku, price }) => [sku, price]),
    reviews: reviews.map(({ product, author, stars }) => [sku(product), author, stars].join(" ")).sort(),
    orders: orders.map(({ lines, tags }) => [
      lines.map((line: { product: ObjectId; n: number }) => [sku(line.product), line.n]),
      tags.map(sku),
    ]),
  };
}

const [a, b, c] = [new ObjectId(), new ObjectId(), new ObjectId()];
const goods = async (db: Db) => {
  await db.collection("products").insertMany([
    { _id: a, sku: "a", price: 1 },
    { _id: b, sku: "b", price: 2 },
  ]);
  await db.collection<{ _id: UUID }>("reviews").insertMany([
    { _id: new UUID(), product: a, author: "ada", stars: 5 },
    { _id: new UUID(), product: b, author: "ada", stars: 4 },
  ] as never);
  await db.collection("orders").insertMany([
    {
      _id: 1,
      lines: [
        { product: a, n: 1 },
        { product: b, n: 2 },
      ],
      tags: [b],
    },
  ] as never);
};

describeMongodb("identify on MongoDB", () => {
  test("documents are the same by natural key; declared references follow, also inside arrays; undo goes back", async () => {
    const shops = await makeShops({ spec });
    await shops.want(goods);
    const own = new ObjectId();
    await shops.there((db) => db.collection("products").insertOne({ _id: own, sku: "b", price: 2 }));
    const first = await shops.apply();
    expect(first.plan.datasets.map(({ dataset, changes }) => [dataset.name, changes.length])).toEqual([
      ["products", 1],
      ["orders", 1],
      ["reviews", 2],
    ]);
    const before = await shops.held();
    expect(before).toEqual(await shops.woven());
    const ids = await shops.there(async (db) => ({
      product: await db.collection("products").findOne({ sku: "b" }),
      review: await db.collection("reviews").findOne({ author: "ada", product: own }),
    }));
    expect(ids.product?._id).toEqual(own);
    expect(ids.review?._id).toBeInstanceOf(UUID);
    expect((await shops.apply()).written).toBe(false);
    expect(await shops.drift()).toBe(false);

    // A new product with a review; the order refers to it; a is renamed, which makes it another.
    await shops.want(async (db) => {
      await db.collection("products").insertOne({ _id: c, sku: "c", price: 3 });
      await db.collection("products").updateOne({ _id: a }, { $set: { sku: "a2" } });
      await db.collection("products").updateOne({ _id: b }, { $set: { price: 22 } });
      await db.collection("reviews").insertOne({ _id: new UUID(), product: c, author: "bob", stars: 1 } as never);
      await db.collection("orders").updateOne({}, { $set: { "lines.1.product": c, tags: [a, c] } });
    });
    const second = await shops.apply();
    expect(await shops.held()).toEqual(await shops.woven());
    expect((await shops.apply()).written).toBe(false);
    await shops.there((db) => db.collection("orders").updateOne({}, { $set: { tags: [] } }));
    expect(await shops.drift()).toBe(true);
    await shops.apply();
    expect(await shops.drift()).toBe(false);
    await shops.undo(second.plan.id);
    expect(await shops.held()).toEqual(before);
    expect(await shops.there((db) => db.collection("products").findOne({ sku: "a" }))).toMatchObject({ price: 1 });
  });

  test("an apply in several transactions finds the ids that earlier ones made", async () => {
    const shops = await makeShops({ spec: spec.replace("maxDeletes: 100%", "maxDeletes: 100%, atomic: never") });
    const count = 130;
    await shops.want(async (db) => {
      const products = Array.from({ length: count }, (_, n) => ({ _id: new ObjectId(), sku: `p${n}`, price: n }));
      await db.collection("products").insertMany(products);
      const reviews = products.map(({ _id }) => ({ _id: new UUID(), product: _id, author: "ada", stars: 3 }));
      await db.collection("reviews").insertMany(reviews as never);
    });
    const { plan: made } = await shops.apply();
    expect(made.notes.join()).toContain(`${2 * count} changes in 3 transactions`);
    expect(await shops.held()).toEqual(await shops.woven());
    expect((await shops.apply()).written).toBe(false);
  });

  test("two databases are compared by natural key, without what either ignores, and without what is redacted", async () => {
    const source = `---
apiVersion: heddle/v1
kind: Environment
metadata: { name: source }
spec: { extends: copy, database: { url: "\${TWIN_SOURCE}" }, redact: { products: [/cost] } }`;
    const shops = await makeShops({ spec: `${spec}\n  ignore: { products: [/seen] }\n${source}` });
    await shops.want(goods);
    await shops.apply();
    await shops.there(async (db) => {
      await db.collection("products").updateOne({ sku: "a" }, { $set: { seen: 1 } });
      await db.collection("products").updateOne({ sku: "b" }, { $set: { cost: 7654321, price: 3 } });
      const other = await db.collection("products").findOne({ sku: "a" });
      await db.collection("orders").updateOne({}, { $set: { "lines.1.product": other!._id } });
      await db.collection("products").insertOne({ sku: "own" });
      await db.collection("reviews").deleteOne({ stars: 5 });
    });
    const { datasets, differs } = await compareEnvironments({
      directory: shops.project.directory,
      environments: ["copy", "source"],
    });
    expect(differs).toBe(true);
    expect(JSON.stringify(datasets)).not.toContain("7654321");
    expect(
      datasets.map(({ dataset, same, onlyFirst, onlySecond }) => [dataset, same, onlyFirst.length, onlySecond.length]),
    ).toEqual([
      ["orders", 0, 0, 0],
      ["products", 1, 1, 0],
      ["reviews", 1, 0, 1],
    ]);
    expect(datasets[1]!.differing).toEqual([
      {
        name: "b",
        key: '["b"]',
        fields: [
          { path: "/price", from: "3", to: "2" },
          { path: "/cost", from: "(redacted)" },
        ],
      },
    ]);
    expect(datasets[0]!.differing[0]!.fields[0]!.from).toContain('{"product":{"$key":["a"]},"n":2}');
  });
});
