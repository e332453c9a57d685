import { readFile } from "node:fs/promises";
import { join } from "node:path";
import pg from "pg";
import { expect, it } from "vitest";
import { makeProject } from "../support/command.js";
import { createPostgresDatabase } from "../support/servers.js";

const config = `apiVersion: heddle/v1
kind: Weave
metadata: { name: shop }
spec:
  source: { url: "\${SHOP_URL}" }
  select: [{ dataset: "*" }]
---
apiVersion: heddle/v1
kind: Environment
metadata: { name: shop }
spec:
  database: { url: "\${SHOP_URL}" }
  weaves: [shop]
`;

const schema = `
CREATE TYPE mood AS ENUM ('sad', 'so so', 'with "quotes"');
CREATE DOMAIN sku AS text CHECK (value <> '');
CREATE TYPE size AS (w numeric, unit text);
CREATE TABLE products (id sku PRIMARY KEY, mood mood, size size, sizes size[], tags text[], prices numrange, at timestamptz, doc jsonb);
CREATE TABLE parts (id int PRIMARY KEY, product sku REFERENCES products, parent int REFERENCES parts);
INSERT INTO products VALUES
  ('A b"c/é', 'so so', '(1.50,cm)', '{"(1,)",NULL}', '{a,NULL,"NULL",""}', '[1.5,)', '2026-01-01 12:00:00.000001+02', '{"b": 1.0, "10": 2, "a": 1}'),
  ('', NULL, NULL, NULL, NULL, NULL, NULL, NULL) ON CONFLICT DO NOTHING;
`.replace("('', NULL", "('plain', NULL");

async function shop() {
  const project = makeProject(config);
  project.variables.SHOP_URL = await createPostgresDatabase();
  const client = new pg.Client(project.variables.SHOP_URL);
  await client.connect();
  await client.query(`${schema} INSERT INTO parts SELECT i, 'plain', NULLIF(i - 1, 0) FROM generate_series(1, 20) i`);
  await client.end();
  await project.succeed("weave");
  return project;
}

it("promise 1: verify --roundtrip proves that weave(apply(T)) has the files of T, in a scratch database and in a given one", async () => {
  using project = await shop();
  expect((await project.succeed("verify", "--roundtrip")).stdout).toContain("22 entries came back the same");

  project.variables.COPY_URL = await createPostgresDatabase();
  const client = new pg.Client(project.variables.COPY_URL);
  await client.connect();
  await client.query(schema.replace(/INSERT[\s\S]*$/, ""));
  expect((await project.succeed("verify", "--roundtrip", "env:COPY_URL")).stdout).toContain(
    "22 entries came back the same",
  );
  const again = await project.heddle("verify", "--roundtrip", "env:COPY_URL");
  expect(again).toMatchObject({ code: 1 });
  expect(again.stderr).toContain("is not empty");
  await client.end();
});

it("verify --roundtrip names the field that came back otherwise", async () => {
  using project = await shop();
  const files = project.git("ls-files", "data/shop/products").split("\n");
  const path = files.find((file) => project.git("show", `HEAD:${file}`).includes("10:00:00.000001+00"))!;
  project.write(path, `${project.git("show", `HEAD:${path}`).replace("01-01 10:", "01-01T10:")}\n`);
  project.commitAll("spell a time otherwise");
  const { code, stderr } = await project.heddle("verify", "--roundtrip");
  expect(stderr).toMatch(/HDL401: products: .*\n {2}products\/\S+: \/at: came back otherwise/);
  expect(code).toBe(1);
});

it("verify --against compares with a live database", async () => {
  using project = await shop();
  expect((await project.heddle("verify", "--against", "shop")).code).toBe(0);
  project.write("data/shop/parts/1.json", '{\n  "id": 1,\n  "product": null,\n  "parent": null\n}\n');
  project.commitAll("detach part 1");
  const found = await project.heddle("verify", "--against", "shop", "--debug");
  expect(found.stdout + found.stderr).toContain('product: "plain" → null');
  expect(found.code).toBe(2);
});

it("E37: fmt brings hand-edited files into form and under their names; validate and verify tell which are not", async () => {
  using project = await shop();
  expect((await project.heddle("fmt", "--check")).code).toBe(0);
  project.write("data/shop/parts/1.json", '{"parent": null, "product": "plain", "id": 1}');
  project.git("mv", "data/shop/parts/2.json", "data/shop/parts/two.json");
  const check = await project.heddle("fmt", "--check");
  expect(check.code).toBe(1);
  expect(check.stdout).toContain(
    "data/shop/parts/1.json\ndata/shop/parts/two.json → data/shop/parts/2.json\n2 files to rewrite.",
  );
  const invalid = await project.heddle("validate");
  expect(invalid.code).toBe(1);
  expect(invalid.stderr).toMatch(/two\.json:2:\d+: .*2\.json/);
  await project.succeed("fmt");
  project.git("add", "--all");
  expect(project.git("status", "--porcelain")).toBe(""); // as it was woven
  project.write("data/shop/parts/1.json", '{"parent": null, "product": "plain", "id": 1}');
  expect((await project.succeed("validate")).stdout).toContain("parts/1.json is not in canonical form");
  project.write("data/shop/parts/1.json", '{"parent": null, "product": "plain", "id": 1, "id": 2}');
  expect((await project.heddle("fmt")).stderr).toMatch(/HDL400[\s\S]*1\.json:1:\d+.*duplicate|1\.json:1:\d+/);
});

it("add writes a new manifest under its right name", async () => {
  using project = await shop();
  project.write(
    "new.json",
    '{"id": "B 2", "mood": "sad", "size": null, "sizes": null, "tags": [], "prices": null, "at": null, "doc": {}}',
  );
  const added = await project.succeed("add", "products", "--from", "new.json");
  const path = added.stdout.replace(/^wrote /, "").trim();
  expect(path).toMatch(/^data\/shop\/products\/B-2~[0-9a-f]{16}\.json$/);
  expect(await readFile(join(project.directory, path), "utf8")).toMatch(/^\{\n {2}"id": "B 2",\n/);
  expect((await project.heddle("add", "products", "--from", "new.json")).stderr).toContain("HDL105");
  expect((await project.heddle("add", "product", "--from", "new.json")).stderr).toContain("did you mean products?");
  project.write("bad.json", '{"id": "C", "mood": 1}');
  expect((await project.heddle("add", "products", "--from", "bad.json")).stderr).toContain("HDL400");
});
