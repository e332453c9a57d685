import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { fmt } from "../../../src/operations/fmt.js";
import { renderDataset, renderWeave } from "../../../src/repository/description.js";
import { makeProject, type TestProject } from "../../support/command.js";

const config = `apiVersion: heddle/v1
kind: Weave
metadata: { name: shop }
spec:
  source: { url: "\${SHOP_URL}" }
  select: [{ dataset: products }]
`;
const entry = (id: number) => `{\n  "id": ${id}\n}\n`;

/** A project with these files of one dataset: name → key. */
function withFiles(files: Record<string, number>): TestProject {
  const project = makeProject(config);
  project.write(
    "data/shop/_weave.json",
    renderWeave({ formatVersion: 1, source: "s", selection: "d", view: "4b825dc642cb6eb9a060e54bf8d69288fbee4904" }),
  );
  const layout = { kind: "files", fanout: 0 } as const;
  const fields = [{ name: "id", type: "integer" }];
  const dataset = {
    engine: "postgresql",
    name: "products",
    key: ["id"],
    fields,
    selection: "d",
    oneWay: false,
    layout,
  };
  project.write("data/shop/products/_dataset.json", renderDataset(dataset));
  for (const [name, id] of Object.entries(files)) project.write(`data/shop/products/${name}.json`, entry(id));
  return project;
}

test("E37: files whose names are mixed up get their own, and none is lost", async () => {
  using project = withFiles({ 1: 2, 2: 3, 3: 1, x: 4 });
  expect(await fmt({ directory: project.directory })).toHaveLength(4);
  project.git("add", "--all");
  const names = [1, 2, 3, 4].map((id) => `data/shop/products/${id}.json`);
  expect(project.git("ls-files", "data/shop/products/[0-9x]*").split("\n")).toEqual(names);
  const texts = names.map((name) => readFileSync(join(project.directory, name), "utf8"));
  expect(texts).toEqual([1, 2, 3, 4].map(entry));
  expect(await fmt({ directory: project.directory })).toEqual([]);
});

test("E37: two files with one key are told, whatever their names, and nothing is written", async () => {
  using project = withFiles({ 1: 2, x: 1, y: 1 });
  await expect(fmt({ directory: project.directory })).rejects.toMatchObject({
    code: "HDL400",
    problems: [{ file: "data/shop/products/y.json", message: "has the same key as data/shop/products/x.json: [1]" }],
  });
  expect(project.git("ls-files", "--others", "data/shop/products/[0-9xy]*").split("\n")).toHaveLength(3);
});
