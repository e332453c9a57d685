import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { lintWorkflow } from "./support/actionlint.js";

const root = join(import.meta.dirname, "..");
const workflows = [".github/workflows", "docs/workflows"].flatMap((folder) =>
  readdirSync(join(root, folder))
    .filter((name) => name.endsWith(".yml") && !name.startsWith("gitlab"))
    .map((name) => `${folder}/${name}`),
);

test.each(workflows)("%s passes actionlint and pins its actions", async (path) => {
  expect(await lintWorkflow(path, readFileSync(join(root, path), "utf8"))).toEqual([]);
});

test("action.yml pins its actions, and never writes an input into a script", () => {
  const text = readFileSync(join(root, "action.yml"), "utf8");
  const uses = [...text.matchAll(/uses: (.*)/g)].map(([, action]) => action);
  expect(uses.filter((action) => !/@[0-9a-f]{40} # v\d+\.\d+\.\d+$/.test(action!))).toEqual([]);
  expect(text).not.toMatch(/run: (?:\||.*\$\{\{)[^-]*\$\{\{/);
});

test("workflows write no expression into a script: a name or title could be shell code", () => {
  for (const path of workflows) {
    const scripts = [
      ...readFileSync(join(root, path), "utf8").matchAll(/run: \|\n((?: {10}.*\n|\n)+)|run: (?!\|)(.*)/g),
    ];
    expect(scripts.map(([script]) => script).filter((script) => script.includes("${{"))).toEqual([]);
  }
});

test("the check can fail", async () => {
  const text = `on: push
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v6
      - run: echo \${{ matrix.node }}
`;
  expect(await lintWorkflow("bad.yml", text)).toEqual([
    expect.stringContaining('bad.yml:7:23: property "node" is not defined'),
    expect.stringContaining("actions/checkout@v6 is not pinned"),
  ]);
});
