import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { log } from "../../../src/operations/log.js";
import { plan } from "../../../src/operations/plan.js";
import { relayout } from "../../../src/operations/relayout.js";
import { validate } from "../../../src/operations/validate.js";
import { weave } from "../../../src/operations/weave.js";
import { onDatabase } from "../../support/postgres-client.js";
import { makeTwin } from "../../support/twin.js";

const products = `CREATE TABLE products (id int PRIMARY KEY, name text, price int);
  CREATE TABLE other (id text PRIMARY KEY); INSERT INTO other VALUES ('A B');
  INSERT INTO products VALUES (1, 'Loom', 10), (2, 'Reed', 20), (3, 'Shuttle', 30);`;

const moveTo = (directory: string, fanout: 0 | 1 | 2) => relayout({ directory, dataset: "all:products", fanout });

test("relayout: one commit without data; plan, apply and weave find nothing to do; there and back is the same tree", async () => {
  const { project, copy, apply } = await makeTwin(products);
  const { directory } = project;
  await weave({ directory });
  await apply();
  const before = project.git("rev-parse", "HEAD^{tree}");

  const moved = await moveTo(directory, 2);
  expect(moved).toMatchObject({
    entries: 3,
    from: { fanout: 0 },
    to: { fanout: 2 },
    commit: project.git("rev-parse", "HEAD"),
  });
  const files = project.git("ls-files", "data/all/products").split("\n");
  expect(files.filter((file) => /^data\/all\/products\/[\da-f]{2}\/[\da-f]{2}\/\d\.json$/.test(file))).toHaveLength(3);
  expect(files).toHaveLength(4);
  expect(project.git("status", "--porcelain")).toBe("");
  expect(project.git("ls-files", "data/all/other").split("\n")).toHaveLength(2);
  expect((await validate({ directory })).notes).toEqual([]);

  const { outcome } = await plan({ directory, environment: "copy" });
  expect(outcome).toBe("nothing");
  expect((await weave({ directory })).commits).toEqual([]);
  expect((await apply()).plan.datasets.flatMap(({ changes }) => changes)).toEqual([]);
  expect(
    (await log({ directory, of: "products/1" })).commits.map(({ changes }) => changes.map(({ kind }) => kind)),
  ).toEqual([["moved"], ["created"]]);
  // An edit where the file lies now, and from there to the database.
  const file = files.find((file) => file.endsWith("/1.json"))!;
  writeFileSync(join(directory, file), readFileSync(join(directory, file), "utf8").replace("10", "11"));
  project.commitAll("dearer");
  await apply();
  expect(await onDatabase(copy, "SELECT price FROM products WHERE id = 1")).toEqual([{ price: 11 }]);
  project.git("reset", "--hard", "--quiet", "HEAD~1");

  expect((await moveTo(directory, 0)).commit).toBeDefined();
  expect(project.git("rev-parse", "HEAD^{tree}")).toBe(before);
  expect((await moveTo(directory, 0)).commit).toBeUndefined();
  expect(project.git("rev-parse", "HEAD^{tree}")).toBe(before);
});

test("relayout keeps edits made in git and deletions apart from the view", async () => {
  const { project, source } = await makeTwin(products);
  const { directory } = project;
  await weave({ directory });
  writeFileSync(
    join(directory, "data/all/products/1.json"),
    project.git("show", "HEAD:data/all/products/1.json").replace("10", "12"),
  );
  project.git("rm", "-q", "data/all/products/3.json");
  project.commitAll("edit 1, delete 3");
  await onDatabase(
    source,
    "UPDATE products SET name = 'New' WHERE id = 1; INSERT INTO products VALUES (4, 'Bobbin', 40)",
  );
  await moveTo(directory, 1);

  const { weaves } = await weave({ directory });
  const [changes] = weaves[0]!.datasets.filter(({ name }) => name === "products");
  expect(changes).toMatchObject({
    added: 1,
    changed: 1,
    removed: 0,
    edited: ["products/08/1.json"],
    deleted: ["products/06/3.json"],
  });
  expect(JSON.parse(project.git("show", "HEAD:data/all/products/08/1.json"))).toEqual({
    id: 1,
    name: "New",
    price: 12,
  });
});

test("a view of another layout than the branch's is compared by entry: no conflict, and what was deleted in git stays away", async () => {
  const { project, source } = await makeTwin(products);
  const { directory } = project;
  await weave({ directory });
  const woven = project.git("show", "HEAD:data/all/_weave.json");
  project.write("data/all/products/1.json", project.git("show", "HEAD:data/all/products/1.json").replace("10", "12"));
  project.git("rm", "-q", "data/all/products/3.json");
  project.commitAll("edit 1, delete 3");
  await relayout({ directory, dataset: "products", to: "lines" });
  project.write("data/all/_weave.json", `${woven}\n`);
  project.commitAll("as where the view could not be had");
  await onDatabase(source, "UPDATE products SET name = 'New' WHERE id IN (1, 2)");
  const { weaves } = await weave({ directory });
  const [changes] = weaves[0]!.datasets.filter(({ name }) => name === "products");
  expect(changes).toMatchObject({ entries: 2, added: 0, changed: 2, removed: 0 });
  expect(changes!.deleted).toEqual([expect.stringMatching(/jsonl\/3\.json$/)]);
  const merged = project.git("grep", "-h", "New", "HEAD", "--", "data/all/products").split("\n").sort();
  expect(merged.map((line) => JSON.parse(line))).toEqual([
    { 1: { id: 1, name: "New", price: 12 } },
    { 2: { id: 2, name: "New", price: 20 } },
  ]);
});

test("relayout refuses what it cannot move, and changes nothing", async () => {
  const { project } = await makeTwin(products);
  const { directory } = project;
  await weave({ directory });
  const tip = project.git("rev-parse", "HEAD");
  await expect(relayout({ directory, dataset: "product" })).rejects.toMatchObject({ code: "HDL104" });
  const file = join(directory, "data/all/products/2.json");
  const text = readFileSync(file, "utf8");
  writeFileSync(file, text.replace("20", "21"));
  await expect(moveTo(directory, 1)).rejects.toMatchObject({ code: "HDL303" });
  writeFileSync(file, text.replace("}", ""));
  const broken = project.commitAll("broken");
  await expect(moveTo(directory, 1)).rejects.toMatchObject({ code: "HDL400" });
  expect(project.git("rev-parse", "HEAD", "HEAD~1").split("\n")).toEqual([broken, tip]);
});

test("a weave advises relayout once a dataset is ten times what its layout is for", async () => {
  const { project, source } = await makeTwin("CREATE TABLE n (id int PRIMARY KEY)", { tables: "n" });
  // Not checked out: that takes longest.
  const there = { directory: project.directory, branch: "data" };
  await onDatabase(source, "INSERT INTO n VALUES (1)");
  await weave(there);
  await onDatabase(source, "INSERT INTO n SELECT generate_series(2, 20000)");
  const { notes } = await weave(there);
  expect(notes).toEqual([expect.stringContaining("`heddle relayout all:n`")]);
  expect(await relayout({ ...there, dataset: "n" })).toMatchObject({ entries: 20000, to: { fanout: 1 } });
  expect((await weave(there)).notes).toEqual([]);
});
