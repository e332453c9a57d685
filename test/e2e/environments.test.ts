import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { makeProject } from "../support/command.js";
import { onDatabase } from "../support/postgres-client.js";
import { createPostgresDatabase } from "../support/servers.js";

const config = `apiVersion: heddle/v1
kind: Weave
metadata: { name: shop }
spec:
  source: { url: "\${NORTH_URL}" }
  select: [{ dataset: "*" }]
---
apiVersion: heddle/v1
kind: Environment
metadata: { name: any-shop }
spec:
  weaves: [shop]
  identify: { products: [sku] }
  redact: { products: [/cost] }
  local: { products: [/stock] }
  apply: { maxDeletes: 100% }
---
apiVersion: heddle/v1
kind: Environment
metadata: { name: north }
spec: { extends: any-shop, database: { url: "\${NORTH_URL}" } }
---
apiVersion: heddle/v1
kind: Environment
metadata: { name: south }
spec:
  extends: any-shop
  database: { url: "\${SOUTH_URL}" }
  map: { prices: price_list }
  overlay: [{ for: prices, when: currency = "GBP", steps: [{ compute: { /price: price * 2 } }] }]
`;

const schema = (prices: string) => `
  CREATE TABLE products (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, sku text NOT NULL UNIQUE, name text, cost int, stock int);
  CREATE TABLE ${prices} (product_id int REFERENCES products, currency text, price int, PRIMARY KEY (product_id, currency))`;

it("two shops with ids of their own: woven from one, applied to the other, rendered and compared", async () => {
  using project = makeProject(config);
  const [north, south] = [await createPostgresDatabase(), await createPostgresDatabase()];
  Object.assign(project.variables, { NORTH_URL: north, SOUTH_URL: south });
  await onDatabase(
    north,
    `${schema("prices")}; INSERT INTO products (sku, name, cost, stock) VALUES ('desk', 'Desk', 7654321, 1), ('lamp', 'Lamp', 5, 2);
     INSERT INTO prices VALUES (1, 'EUR', 300), (1, 'GBP', 250), (2, 'EUR', 40)`,
  );
  await onDatabase(
    south,
    `${schema("price_list")}; INSERT INTO products OVERRIDING SYSTEM VALUE VALUES (40, 'lamp', 'Lamp', 5, 9), (41, 'own', 'Ours', 1, 1);
     INSERT INTO price_list VALUES (40, 'EUR', 40)`,
  );
  expect((await project.heddle("compare", "north", "south")).stderr).toContain("HDL104");
  await project.succeed("weave");

  // What it would get is told without its database.
  for (const name of ["NORTH_URL", "SOUTH_URL"]) delete project.variables[name];
  const rendered = JSON.parse((await project.succeed("render", "south")).stdout);
  expect(rendered.datasets.map(({ dataset, table }: { dataset: string; table?: string }) => [dataset, table])).toEqual([
    ["prices", "price_list"],
    ["products", undefined],
  ]);
  expect(rendered.datasets[0].entries.map(({ fields }: { fields: object }) => Object.values(fields))).toEqual([
    [1, "EUR", 300],
    [1, "GBP", 500],
    [2, "EUR", 40],
  ]);
  expect(rendered.datasets[1].entries[0].fields).toEqual({ id: 1, sku: "desk", name: "Desk", cost: "(redacted)" });
  expect((await project.heddle("render", "south", "prices/9", "--rev", "HEAD")).stderr).toContain("HDL402");
  const out = project.beside("rendered");
  await project.succeed("render", "south", "--format", "files", "--out", out);
  const file = readFileSync(join(out, "data/shop/products/1.json"), "utf8");
  expect(file).toBe('{\n  "id": 1,\n  "sku": "desk",\n  "name": "Desk",\n  "cost": "(redacted)"\n}\n');
  expect((await project.heddle("render", "south", "--format", "files", "--out", out)).stderr).toContain("HDL105");
  Object.assign(project.variables, { NORTH_URL: north, SOUTH_URL: south });

  const plan = await project.succeed("plan", "south");
  expect(plan.stdout).toContain("prices (price_list)\n");
  expect(plan.stdout).toContain('product_id: {"$key":["desk"]}');
  expect(plan.stdout).not.toContain("7654321");
  await project.succeed("apply", "south", "--yes");
  const held = `SELECT sku, currency, price FROM price_list JOIN products ON id = product_id ORDER BY 1, 2`;
  expect(await onDatabase(south, held)).toEqual([
    { sku: "desk", currency: "EUR", price: 300 },
    { sku: "desk", currency: "GBP", price: 500 },
    { sku: "lamp", currency: "EUR", price: 40 },
  ]);
  expect((await project.succeed("apply", "south", "--yes")).stdout).toContain("nothing written");

  const compared = await project.heddle("compare", "north", "south", "--exit-code");
  expect(compared.code).toBe(2);
  expect(compared.stdout).toContain(`prices
  ~ desk,GBP~`);
  expect(compared.stdout).toContain("price: 250 → 500");
  expect(compared.stdout).toContain("products\n  + own (only in south)");
  expect(compared.stdout).toContain("1 only in south, 1 different; 4 the same.");

  // A new product with a price, one that goes, and drift over there.
  await onDatabase(
    north,
    `INSERT INTO products (sku, name, cost) VALUES ('sofa', 'Sofa', 1); INSERT INTO prices VALUES (3, 'EUR', 900);
     DELETE FROM prices WHERE product_id = 1; DELETE FROM products WHERE id = 1`,
  );
  await project.succeed("weave", "--allow-deletes", "9");
  await onDatabase(south, "UPDATE price_list SET product_id = 41 WHERE product_id = 40");
  const drift = await project.heddle("drift", "south");
  expect(drift.code).toBe(2);
  expect(drift.stdout).toContain("+ lamp,EUR~");
  await project.succeed("apply", "south", "--yes", "--allow-deletes", "9");
  expect(await onDatabase(south, held)).toEqual([
    { sku: "lamp", currency: "EUR", price: 40 },
    { sku: "own", currency: "EUR", price: 40 },
    { sku: "sofa", currency: "EUR", price: 900 },
  ]);
  expect((await project.heddle("drift", "south")).code).toBe(0);
  const after = JSON.parse((await project.succeed("compare", "south", "north", "--json")).stdout);
  expect(after.differs).toBe(true);
  expect(after.datasets.map((part: { onlyFirst: { name: string }[] }) => part.onlyFirst.length)).toEqual([1, 1]);
  expect(after.datasets[1]).toMatchObject({ same: 2, onlyFirst: [{ name: "own" }], onlySecond: [], differing: [] });
  await project.succeed("undo", "south", "--yes", "--allow-deletes", "9");
  expect((await onDatabase(south, held)).map(({ sku }) => sku)).toEqual(["desk", "desk", "own"]);
});
