import { expect, test } from "vitest";
import { drift } from "../../../src/operations/drift.js";
import { plan } from "../../../src/operations/plan.js";
import { undo } from "../../../src/operations/undo.js";
import { rowVersions } from "../../support/postgres-client.js";
import { makeTwin } from "../../support/twin.js";

const schema = `CREATE TABLE products (id int PRIMARY KEY, name text);
  CREATE TABLE prices (id int PRIMARY KEY, product int REFERENCES products, price int)`;
const others = `CREATE SCHEMA shop; ALTER TABLE products SET SCHEMA shop; ALTER TABLE prices RENAME TO "Price.List";
  CREATE TABLE products (id int PRIMARY KEY, name text); INSERT INTO products VALUES (7, 'not ours')`;
const map = `map: { products: shop.products, prices: '"Price.List"' }\n  apply: { maxDeletes: 100% }`;

test("datasets lie in tables of other names; everything is said by the repository's, and a table of that name is left alone", async () => {
  const twin = await makeTwin(schema, { spec: map });
  await twin.want("INSERT INTO products VALUES (1, 'a'), (2, 'b'); INSERT INTO prices VALUES (1, 2, 10)");
  await twin.rows(others);
  const { plan: first } = await twin.apply();
  expect(first.datasets.map(({ dataset, table, changes }) => [dataset.name, table, changes.length])).toEqual([
    ["products", "shop.products", 2],
    ["prices", '"Price.List"', 1],
  ]);
  const rows = () =>
    twin.rows(`SELECT p.name, price FROM shop.products p LEFT JOIN "Price.List" ON product = p.id ORDER BY 1`);
  expect(await rows()).toEqual([
    { name: "a", price: null },
    { name: "b", price: 10 },
  ]);
  const before = await rowVersions(twin.copy);
  expect((await twin.apply()).written).toBe(false);
  expect((await drift({ directory: twin.project.directory, environment: "copy" })).drifted).toBe(false);
  expect(await rowVersions(twin.copy)).toBe(before);

  await twin.want("DELETE FROM prices; DELETE FROM products WHERE id = 2; UPDATE products SET name = 'A'");
  await twin.rows(`INSERT INTO "Price.List" VALUES (5, 2, 1)`);
  await expect(twin.apply()).rejects.toMatchObject({
    code: "HDL205",
    message: expect.stringContaining("shop.products"),
  });
  await twin.rows(`DELETE FROM "Price.List" WHERE id = 5`);
  await twin.apply();
  expect(await rows()).toEqual([{ name: "A", price: null }]);
  await undo({ directory: twin.project.directory, environment: "copy" });
  expect(await rows()).toEqual([
    { name: "a", price: null },
    { name: "b", price: 10 },
  ]);
  expect(await twin.rows("SELECT * FROM products")).toEqual([{ id: 7, name: "not ours" }]);
});

test("two datasets in one table, and a table that is not there, are refused before anything is written", async () => {
  const twin = await makeTwin(schema, { spec: "map: { products: prices }" });
  await twin.want("INSERT INTO products VALUES (1, 'a')");
  await expect(twin.apply()).rejects.toMatchObject({
    code: "HDL206",
    problems: [{ dataset: "products", message: "lies in prices, and so does prices" }],
  });
  const away = await makeTwin(schema, { spec: "map: { products: shop.goods }" });
  await away.want("INSERT INTO products VALUES (1, 'a')");
  await expect(away.apply()).rejects.toMatchObject({
    code: "HDL206",
    problems: [{ dataset: "products", message: "the database has no table shop.goods, which map names" }],
  });
});

test("promise 5: another map makes what was applied nobody's: it is neither deleted nor taken for what lies there now", async () => {
  const twin = await makeTwin(schema, { tables: "products" });
  await twin.want("INSERT INTO products VALUES (1, 'a'), (2, 'b')");
  await twin.apply();
  await twin.rows(
    "CREATE TABLE goods (id int PRIMARY KEY, name text); INSERT INTO goods VALUES (1, 'a'), (2, 'theirs')",
  );
  const config = "weave-configs/heddle.yaml";
  twin.project.write(
    config,
    twin.project.git("show", `HEAD:${config}`).replace("weaves: [all]", "weaves: [all]\n  map: { products: goods }"),
  );
  twin.project.commitAll();
  await twin.want("DELETE FROM products WHERE id = 2");
  const { plan: made } = await plan({ directory: twin.project.directory, environment: "copy" });
  expect(made.datasets[0]).toMatchObject({ changes: [], released: 2, adopted: 1 });
  await twin.apply();
  expect(await twin.rows("SELECT * FROM goods ORDER BY id")).toHaveLength(2);
  expect(await twin.rows("SELECT * FROM products")).toHaveLength(2);
});
