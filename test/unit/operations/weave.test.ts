import { readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { validate } from "../../../src/operations/validate.js";
import { weave } from "../../../src/operations/weave.js";
import type { TestProject } from "../../support/command.js";
import { gitIn } from "../../support/git.js";
import { onDatabase } from "../../support/postgres-client.js";
import { makeTwin } from "../../support/twin.js";

const products = `CREATE TABLE products (id int PRIMARY KEY, name text, price int);
  INSERT INTO products VALUES (1, 'Loom', 10), (2, 'Reed', 20), (3, 'Shuttle', 30);`;

const secondWeave = `---
apiVersion: heddle/v1
kind: Weave
metadata: { name: second }
spec:
  source: { url: "\${TWIN_COPY}" }
  select: [{ dataset: products }]
---`;

function configure(project: TestProject, from: string, to: string): void {
  const file = join(project.directory, "weave-configs/heddle.yaml");
  const text = readFileSync(file, "utf8");
  expect(text).toContain(from);
  writeFileSync(file, text.replace(from, to));
}

test("only configuration and the schemas it names are committed with the data, nothing else that lies there", async () => {
  const { project } = await makeTwin(products);
  configure(
    project,
    'select: [{ dataset: "*" }]',
    'validate: [{ for: "*", schema: schemas/any.json }]\n  select: [{ dataset: "*" }]',
  );
  project.write("schemas/any.json", "true\n");
  project.write("schemas/other.json", "true\n");
  project.write("weave-configs/.env", "PASSWORD=secret\n");
  project.write("weave-configs/notes.txt", "secret\n");
  project.write("weave-configs/.draft.yaml", "secret\n");
  symlinkSync(join(project.directory, ".git/config"), join(project.directory, "weave-configs/link"));
  const { notes } = await weave({ directory: project.directory });
  expect(notes).toEqual(["committed with the data: weave-configs/heddle.yaml, schemas/any.json"]);
  expect(project.git("ls-files", "weave-configs", "schemas")).toBe("schemas/any.json\nweave-configs/heddle.yaml");
});

test("promise 8: a deletion made in git stays in a fresh clone; where the last view cannot be had, it is a conflict", async () => {
  const { project, source } = await makeTwin(products);
  await weave({ directory: project.directory });
  for (const id of [2, 3]) {
    project.git("rm", "-q", `data/all/products/${id}.json`);
    project.commitAll(`delete ${id} in git`);
    await onDatabase(source, `UPDATE products SET price = price + 1 WHERE id = 1`);
    if (id === 2) await weave({ directory: project.directory });
  }
  // The branch's data is not what the source gave: only the view tells that 2 was deleted here.
  const clone = project.beside("clone");
  project.git("clone", "--quiet", `file://${project.directory}`, clone);
  const [view] = project.git("for-each-ref", "--format=%(refname)", "refs/heddle/views").split("\n");
  expect(view).toContain("refs/heddle/views/");
  const { weaves } = await weave({ directory: clone });
  expect(weaves[0]!.datasets).toMatchObject([
    { added: 0, changed: 1, deleted: ["products/2.json", "products/3.json"] },
  ]);

  const lonely = project.beside("lonely");
  project.git("clone", "--quiet", `file://${project.directory}`, lonely);
  gitIn(lonely, project.environment, "remote", "remove", "origin");
  await expect(weave({ directory: lonely })).rejects.toMatchObject({
    code: "HDL603",
    problems: [
      { file: "data/all/products/2.json", message: "in the source, not in git" },
      { file: "data/all/products/3.json", message: "in the source, not in git" },
      { file: "data/all/products/1.json", message: "not the same in git and in the source" },
    ],
  });
  const decided = await weave({ directory: lonely, prefer: "source" });
  expect(decided.weaves[0]!.datasets).toMatchObject([{ added: 2, changed: 1, edited: [], deleted: [] }]);
});

test("promise 8: an entry added in git that does not fit a column added in the source is a conflict, not a broken commit", async () => {
  const { project, source } = await makeTwin(products);
  await weave({ directory: project.directory });
  project.write("data/all/products/9.json", '{\n  "id": 9,\n  "name": "New",\n  "price": 9\n}\n');
  const tip = project.commitAll("add 9 in git");
  await onDatabase(source, "ALTER TABLE products ADD COLUMN color text");
  await expect(weave({ directory: project.directory })).rejects.toMatchObject({
    code: "HDL603",
    problems: [{ file: "data/all/products/9.json", path: "/color", message: "the column is missing" }],
  });
  expect(project.git("rev-parse", "HEAD")).toBe(tip);
  project.write("data/all/products/9.json", '{\n  "id": 9,\n  "name": "New",\n  "price": 9,\n  "color": null\n}\n');
  project.commitAll("a color");
  await weave({ directory: project.directory });
  expect(await validate({ directory: project.directory })).toMatchObject({ entries: 4 });
});

test("promise 8: of a dataset that left the selection, only what was added in git stays", async () => {
  const { project } = await makeTwin(
    `${products} CREATE TABLE other (id int PRIMARY KEY); INSERT INTO other VALUES (1), (2)`,
  );
  await weave({ directory: project.directory });
  project.write("data/all/other/9.json", '{\n  "id": 9\n}\n');
  project.commitAll("add 9 in git");
  configure(project, '"*"', '"products"');
  await weave({ directory: project.directory, allowDeletes: 2 });
  expect(project.git("ls-files", "data/all/other")).toBe("data/all/other/9.json\ndata/all/other/_dataset.json");
  expect(await validate({ directory: project.directory })).toBeDefined();
  expect((await weave({ directory: project.directory })).commits).toEqual([]);
});

test("promise 4: where one of several sources is refused, nothing is committed of any", async () => {
  const { project, source, copy } = await makeTwin(products);
  configure(project, "---", secondWeave);
  expect((await weave({ directory: project.directory })).commits).toHaveLength(2);
  const tip = project.git("rev-parse", "HEAD");
  await onDatabase(source, "UPDATE products SET price = 1");
  await onDatabase(copy, "DELETE FROM products");
  await expect(weave({ directory: project.directory })).rejects.toMatchObject({ code: "HDL604" });
  expect(project.git("rev-parse", "HEAD")).toBe(tip);
  const { commits } = await weave({ directory: project.directory, allowDeletes: 3 });
  expect(commits.map(({ subject }) => subject)).toEqual(["weave all: 3 changed", "weave second: 3 removed"]);
  expect(project.git("status", "--porcelain")).toBe("");
});

test("several sources on a branch that has no commit yet", async () => {
  const { project } = await makeTwin(products);
  configure(project, "---", secondWeave);
  project.git("update-ref", "-d", "HEAD");
  expect((await weave({ directory: project.directory })).commits).toHaveLength(2);
  expect(project.git("rev-list", "--count", "HEAD")).toBe("2");
});
