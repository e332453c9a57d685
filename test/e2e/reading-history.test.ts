import { expect, test } from "vitest";
import { runCommand } from "../support/command.js";
import { makePast } from "../support/past.js";

test("log, show, diff, blame, grep and optimize tell one story, in lines and as JSON", async () => {
  using past = makePast();
  const products = past.dataset("shop", "products", { sku: "text", price: "numeric", name: "text" });
  const weave = { formatVersion: 1, source: "0", selection: "0", view: "0".repeat(40) };
  past.write("data/shop/_weave.json", `${JSON.stringify(weave, null, 2)}\n`);
  await past.put("shop", products, { sku: "a", price: "50", name: "line\u202eone" });
  await past.put("shop", products, { sku: "SKU 9", price: "5", name: "nine" });
  const first = past.commitAt("2026-01-01T00:00:00Z", "weave").slice(0, 10);
  past.git("checkout", "-qb", "side");
  await past.put("shop", products, { sku: "a", price: "150", name: "line\u202eone" });
  const side = past.commitAt("2026-01-02T00:00:00Z", "dearer \u001b[31m").slice(0, 10);
  past.git("checkout", "-q", "main");
  past.gitAt("2026-01-03T00:00:00Z", "merge", "-q", "--no-ff", "-m", "Merge pull request #5 from ada/side", "side");
  const merge = past.git("rev-parse", "--short=10", "HEAD");
  const run = (...args: string[]) => runCommand(past.directory, past.environment, args);
  const lines = async (...args: string[]) => {
    const { code, stdout, stderr } = await run(...args);
    if (code !== 0) throw new Error(`${args.join(" ")} gave ${code}: ${stderr}`);
    return stdout.trimEnd().split("\n");
  };
  const json = async (...args: string[]) => JSON.parse((await run(...args, "--json")).stdout) as unknown;

  expect(await lines("log", "products/a")).toEqual([
    `${side}  2026-01-02T00:00:00Z  Ada  dearer [31m`,
    "  ~ products/a",
    '      price: "50" → "150"',
    `${first}  2026-01-01T00:00:00Z  Ada  weave`,
    "  + products/a",
    '      sku: "a"',
    '      price: "50"',
    '      name: "line\\u202eone"',
  ]);
  expect(await lines("log", "--limit", "1")).toEqual([
    expect.stringContaining(side),
    "  ~ products/a",
    '      price: "50" → "150"',
    "Older commits are left out: --limit 2 shows more.",
  ]);
  expect(await json("log", "products", "--author", "ada", "--since", "2026-01-02T00:00Z")).toMatchObject({
    commits: [{ commit: expect.stringContaining(side), changes: [{ kind: "updated", fields: [{ path: "/price" }] }] }],
    more: false,
  });
  expect((await run("show", "products/SKU 9")).stdout).toBe(
    '{\n  "sku": "SKU 9",\n  "price": "5",\n  "name": "nine"\n}\n',
  );
  expect(await lines("show", "products/a", "--at", "2026-01-02T12:00Z")).toContain('  "price": "50",');
  expect(await json("show", 'products/["a"]')).toMatchObject({ document: { price: "150" }, name: "a" });
  expect(await lines("diff", "products/a", "HEAD^", "2026-01-03T00:00Z")).toEqual([
    `products/a changed: ${first} → ${merge}`,
    '      price: "50" → "150"',
  ]);
  expect(await json("diff", "products/a", "HEAD^")).toMatchObject({ kind: "updated", fields: [{ from: '"50"' }] });
  expect((await lines("blame", "products/a")).slice(0, 4)).toEqual([
    'sku: "a"',
    `    ${first}  2026-01-01T00:00:00Z  Ada  weave`,
    'price: "150"',
    `    ${side}  2026-01-02T00:00:00Z  Ada  dearer [31m (#5)`,
  ]);
  expect(await json("blame", "products/a", "--at", first)).toHaveLength(3);
  expect(await lines("grep", "price > 100", "products")).toEqual(["products/a"]);
  expect(await lines("grep", "price > 1000")).toEqual(["No entry matches."]);
  expect(await lines("grep", "price > 100", "--history", "--first")).toEqual([
    `${merge}  2026-01-03T00:00:00Z  Ada  products/a  Merge pull request #5 from ada/side`,
  ]);
  expect(await json("grep", "price > 1", "--at", first)).toMatchObject({
    matches: [{ name: expect.stringMatching(/^SKU-9~/) }, { name: "a" }],
  });
  expect((await lines("optimize"))[1]).toContain("commit-graph");
  expect(await json("optimize")).toMatchObject({ after: { loose: 0 }, commitGraph: true });

  for (const args of [
    ["show", "products/b"],
    ["show", "products/a", "--at", "2026-01-01"],
    ["log", "nothing"],
    ["blame", "products"],
  ]) {
    const { code, stderr } = await run(...args);
    expect([code, stderr]).toEqual([1, expect.stringMatching(/^error HDL(104|312|402).*\n {2}→ /)]);
  }
}, 120_000);
