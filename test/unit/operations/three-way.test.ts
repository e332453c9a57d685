import { readFileSync } from "node:fs";
import { join } from "node:path";
import { MongoClient } from "mongodb";
import { expect, test, vi } from "vitest";
import { validate } from "../../../src/operations/validate.js";
import { weave } from "../../../src/operations/weave.js";
import { makeProject, type TestProject } from "../../support/command.js";
import { onDatabase } from "../../support/postgres-client.js";
import { createMongodbDatabase, describeMongodb } from "../../support/servers.js";
import { makeTwin } from "../../support/twin.js";

const products = `CREATE TABLE products (id int PRIMARY KEY, name text, price int, details jsonb);
  INSERT INTO products VALUES (1, 'Loom', 10, '{"color": "red", "size": 1}'), (2, 'Reed', 20, '{}'), (3, 'Shuttle', 30, '[]');`;

/** Replaces a part of an entry's file, and commits that. */
function edit(project: TestProject, id: number, from: string, to: string): string {
  const path = `data/all/products/${id}.json`;
  const text = readFileSync(join(project.directory, path), "utf8");
  expect(text).toContain(from);
  project.write(path, text.replace(from, to));
  return project.commitAll(`edit ${id}`);
}

const entry = (project: TestProject, id: number): unknown =>
  JSON.parse(project.git("show", `HEAD:data/all/products/${id}.json`));

test("promise 8: different fields of one entry both survive, members of documents too, also where columns come and go", async () => {
  const { project, source } = await makeTwin(products);
  const { directory } = project;
  await weave({ directory });
  edit(project, 1, "Loom", "Big loom");
  edit(project, 1, '"size": 1', '"size": 2');
  await onDatabase(
    source,
    `UPDATE products SET price = 11, details = '{"color": "blue", "size": 1, "new": 1}' WHERE id = 1`,
  );
  const { weaves, commits } = await weave({ directory });
  expect(weaves[0]!.datasets).toMatchObject([{ changed: 1, edited: ["products/1.json"], preferred: [] }]);
  expect(commits).toHaveLength(1);
  const merged = { id: 1, name: "Big loom", price: 11, details: { new: 1, size: 2, color: "blue" } };
  expect(entry(project, 1)).toEqual(merged);

  await onDatabase(
    source,
    "ALTER TABLE products ADD COLUMN stock int DEFAULT 5; ALTER TABLE products RENAME price TO cost",
  );
  await weave({ directory });
  expect(project.git("show", "HEAD:data/all/products/1.json")).toBe(
    JSON.stringify({ id: 1, name: "Big loom", details: merged.details, cost: 11, stock: 5 }, null, 2),
  );
  expect((await validate({ directory })).notes).toEqual([]);
  expect((await weave({ directory })).commits).toEqual([]);
});

test("promise 8: the same field changed differently is a conflict by field, nothing is committed; --prefer decides it", async () => {
  const { project, source } = await makeTwin(products);
  const { directory } = project;
  await weave({ directory });
  edit(project, 1, '"price": 10', '"price": 12');
  edit(project, 1, '"Loom"', '"Big loom"');
  edit(project, 2, '"Reed"', '"Git\'s reed"');
  project.git("rm", "--quiet", "data/all/products/3.json");
  const tip = project.commitAll("delete 3");
  await onDatabase(
    source,
    `UPDATE products SET price = 11, details = '{"color": "blue", "size": 1}' WHERE id = 1;
     DELETE FROM products WHERE id = 2; UPDATE products SET price = 31 WHERE id = 3`,
  );
  await expect(weave({ directory })).rejects.toMatchObject({
    code: "HDL603",
    exitCode: 4,
    problems: [
      { file: "data/all/products/3.json", message: "deleted in git and changed in the source" },
      { file: "data/all/products/2.json", message: "changed in git and gone from the source" },
      { file: "data/all/products/1.json", path: "/price", message: "changed in git and in the source" },
    ],
    hint: expect.stringContaining("--prefer"),
  });
  expect(project.git("rev-parse", "HEAD")).toBe(tip);
  expect(project.git("status", "--porcelain")).toBe("");

  const git = await weave({ directory, prefer: "git" });
  expect(git.weaves[0]!.datasets).toMatchObject([
    {
      changed: 1,
      removed: 0,
      edited: ["products/1.json", "products/2.json"],
      deleted: ["products/3.json"],
      preferred: ["products/1.json /price", "products/2.json", "products/3.json"],
    },
  ]);
  expect(entry(project, 1)).toEqual({ id: 1, name: "Big loom", price: 12, details: { size: 1, color: "blue" } });
  expect((await weave({ directory })).commits).toEqual([]);

  project.git("reset", "--quiet", "--hard", tip);
  const theirs = await weave({ directory, prefer: "source" });
  expect(theirs.weaves[0]!.datasets).toMatchObject([{ added: 1, changed: 1, removed: 1, edited: ["products/1.json"] }]);
  expect(entry(project, 1)).toMatchObject({ name: "Big loom", price: 11 });
  expect(project.git("ls-files", "data/all/products")).not.toContain("2.json");
});

test("a merged entry that does not fit its schema is refused", async () => {
  const { project, source } = await makeTwin(products);
  const { directory } = project;
  const config = readFileSync(join(directory, "weave-configs/heddle.yaml"), "utf8");
  const validated = 'validate: [{ for: products, schema: schemas/product.json }]\n  select: [{ dataset: "*" }]';
  project.write("weave-configs/heddle.yaml", config.replace('select: [{ dataset: "*" }]', validated));
  const small = { properties: { name: { not: { const: "Big" } } } };
  const limit = { anyOf: [small, { properties: { price: { minimum: 50 } } }] };
  project.write("schemas/product.json", JSON.stringify(limit));
  await weave({ directory });
  await onDatabase(source, "UPDATE products SET price = 60 WHERE id = 1");
  await weave({ directory });
  edit(project, 1, '"Loom"', '"Big"');
  await onDatabase(source, "UPDATE products SET price = 40 WHERE id = 1");
  await expect(weave({ directory })).rejects.toMatchObject({
    code: "HDL501",
    problems: expect.arrayContaining([expect.objectContaining({ dataset: "products", path: "/price" })]),
  });
});

test("a conflict with a column that the source dropped is resolved by giving the entry its new shape", async () => {
  const { project, source } = await makeTwin(products);
  const { directory } = project;
  await weave({ directory });
  edit(project, 1, '"price": 10', '"price": 12');
  edit(project, 1, '"Loom"', '"Big loom"');
  await onDatabase(source, "ALTER TABLE products DROP COLUMN price");
  const conflict = {
    file: "data/all/products/1.json",
    path: "/price",
    message: "changed in git and gone from the source",
  };
  await expect(weave({ directory })).rejects.toMatchObject({ code: "HDL603", problems: [conflict] });
  edit(project, 1, '  "price": 12,\n', "");
  await weave({ directory });
  expect(entry(project, 1)).toEqual({ id: 1, name: "Big loom", details: { size: 1, color: "red" } });
});

describeMongodb("documents", () => {
  test("promise 8, A1: fields that come, go and move on either side; arrays and wrappers whole", async () => {
    const url = await createMongodbDatabase();
    const client = new MongoClient(url);
    const project = makeProject(`apiVersion: heddle/v1
kind: Weave
metadata: { name: all }
spec:
  source: { url: "\${THREE_WAY}" }
  select: [{ dataset: products }]
`);
    try {
      for (const [name, value] of Object.entries({ ...project.environment, THREE_WAY: url })) vi.stubEnv(name, value);
      const { directory } = project;
      const items = client.db().collection<{ _id: number }>("products");
      await items.insertOne({ _id: 1, b: 1, a: { x: 1, y: 1 }, list: [1], when: new Date(0) } as { _id: number });
      await weave({ directory });
      const manifest = (fields: object) => `${JSON.stringify(fields, null, 2)}\n`;
      const when = (milliseconds: string) => ({ $date: { $numberLong: milliseconds } });
      project.write(
        "data/all/products/1.json",
        manifest({ _id: 1, a: { x: 2, y: 1 }, b: 1, list: [1], when: when("0"), tag: "git" }),
      );
      project.commitAll("moved a before b, changed a member, added a field");
      await items.updateOne({ _id: 1 }, { $set: { "a.z": 3, list: [1, 2], also: "db" }, $unset: { "a.y": 1 } });
      await weave({ directory });
      const merged = { _id: 1, a: { x: 2, z: 3 }, b: 1, list: [1, 2], when: when("0"), tag: "git", also: "db" };
      expect(project.git("show", "HEAD:data/all/products/1.json")).toBe(manifest(merged).trimEnd());
      expect((await weave({ directory })).commits).toEqual([]);

      project.write("data/all/products/1.json", manifest({ ...merged, list: [0, 1, 2], when: when("1") }));
      project.commitAll("array and wrapper");
      await items.updateOne({ _id: 1 }, { $set: { list: [1, 2, 3], when: new Date(2), b: 2 } });
      await expect(weave({ directory })).rejects.toMatchObject({ problems: [{ path: "/list" }, { path: "/when" }] });
    } finally {
      vi.unstubAllEnvs();
      await client.close();
      project[Symbol.dispose]();
    }
  });
});
