import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { grep } from "../../../src/operations/grep.js";
import { log } from "../../../src/operations/log.js";
import { optimize } from "../../../src/operations/optimize.js";
import { gitIn } from "../../support/git.js";
import { makePast } from "../../support/past.js";

const day = (n: number) => `2026-01-${String(n).padStart(2, "0")}T00:00:00Z`;

/** Products a and b over six days: a's price goes 50, 150, 150 (moved), 80, 200; b comes at 120 and goes. */
async function makePrices() {
  const past = makePast();
  const columns = { sku: "text", price: "numeric" };
  const flat = past.dataset("shop", "products", columns);
  const a = await past.put("shop", flat, { sku: "a", price: "50" });
  past.write(
    "data/shop/_weave.json",
    `{\n  "formatVersion": 1,\n  "source": "0",\n  "selection": "0",\n  "view": "${"0".repeat(40)}"\n}\n`,
  );
  past.commitAt(day(1), "weave");
  past.git("checkout", "-qb", "side");
  await past.put("shop", flat, { sku: "a", price: "150.00" });
  past.commitAt(day(2), "on the side");
  past.git("checkout", "-q", "main");
  past.gitAt(day(3), "merge", "-q", "--no-ff", "-m", "Merge pull request #5", "side");
  past.git("rm", "-q", a);
  const deep = past.dataset("shop", "products", columns, { layout: { kind: "files", fanout: 2 } });
  await past.put("shop", deep, { sku: "a", price: "150.00" });
  const b = await past.put("shop", deep, { sku: "b", price: "120" });
  past.commitAt(day(4), "relayout and b");
  past.git("rm", "-q", b);
  await past.put("shop", deep, { sku: "a", price: "80" });
  past.commitAt(day(5), "cheaper");
  await past.put("shop", deep, { sku: "a", price: "200" });
  past.commitAt(day(6), "dear");
  return past;
}

test("entries that match at a time or revision, on the view that transforms have", async () => {
  using past = await makePrices();
  const { directory } = past;
  const names = async (expression: string, more = {}) =>
    (await grep({ directory, expression, ...more })).matches.map(({ dataset, name }) => `${dataset}/${name}`);
  expect(await names("price > 100")).toEqual(["products/a"]);
  expect(await names("price > 100", { at: "2026-01-04T12:00Z" })).toEqual(["products/a", "products/b"]);
  expect(await names("price > 100", { at: "HEAD~1" })).toEqual([]);
  expect(await names('price > 100 and sku = "b"', { at: "HEAD~2", of: "shop:products" })).toEqual(["products/b"]);
  await expect(names("price >")).rejects.toMatchObject({ code: "HDL102" });
  await expect(names("price")).rejects.toMatchObject({ code: "HDL500" });
  await expect(names("true", { of: "product" })).rejects.toMatchObject({ code: "HDL104" });
});

test("when did price first exceed 100: from when until when each entry matched, along first parents", async () => {
  using past = await makePrices();
  const { directory } = past;
  const periods = async (more = {}) => {
    const { matches } = await grep({ directory, expression: "price > 100", history: true, ...more });
    return matches.map(({ name, since, until }) => [name, since!.subject, since!.time, until?.subject]);
  };
  expect(await periods()).toEqual([
    ["a", "Merge pull request #5", day(3), "cheaper"],
    ["b", "relayout and b", day(4), "cheaper"],
    ["a", "dear", day(6), undefined],
  ]);
  expect(await periods({ first: true })).toEqual([
    ["a", "Merge pull request #5", day(3), "cheaper"],
    ["b", "relayout and b", day(4), "cheaper"],
  ]);
  expect(await periods({ at: "2026-01-04T00:00Z", of: "products" })).toEqual([
    ["a", "Merge pull request #5", day(3), undefined],
    ["b", "relayout and b", day(4), undefined],
  ]);
});

test("what cannot be judged or read is told, and hides no match", async () => {
  using past = makePast();
  const things = past.dataset("shop", "things");
  past.write(
    "data/shop/_weave.json",
    `{\n  "formatVersion": 1,\n  "source": "0",\n  "selection": "0",\n  "view": "${"0".repeat(40)}"\n}\n`,
  );
  await past.put("shop", things, { _id: 1, n: 5 });
  await past.put("shop", things, { _id: 2, n: "canary" });
  past.write("data/shop/things/3.json", "{ broken");
  past.commitAt(day(1));
  const { directory } = past;
  for (const history of [false, true]) {
    const { matches, notes } = await grep({ directory, expression: "n > 4", history });
    expect(matches).toMatchObject([{ name: "1" }]);
    expect(notes).toEqual([
      expect.stringMatching(/^1 version could not be judged, such as things\/2/),
      expect.stringContaining("data/shop/things/3.json"),
    ]);
    expect(notes.join()).not.toContain("canary");
  }
});

test("a shallow clone does not say when anything began", async () => {
  using past = await makePrices();
  const directory = past.beside("shallow");
  gitIn(past.directory, past.environment, "clone", "-q", "--depth=2", `file://${past.directory}`, directory);
  await expect(grep({ directory, expression: "price > 100", history: true })).rejects.toMatchObject({ code: "HDL311" });
  expect(await grep({ directory, expression: "price > 100" })).toMatchObject({ matches: [{ name: "a" }] });
  expect(await optimize({ directory })).toMatchObject({ commitGraph: false });
});

test("optimize packs, writes changed-path filters, and changes neither refs nor what is told", async () => {
  using past = await makePrices();
  const { directory } = past;
  const before = [
    past.git("for-each-ref"),
    past.git("status", "--porcelain"),
    await log({ directory, of: "products/a" }),
  ];
  past.git("repack", "-dq");
  past.git("commit", "--quiet", "--allow-empty", "-m", "one more");
  const told = await log({ directory, of: "products/a" });
  expect(told).toEqual(before[2]);
  const refs = past.git("for-each-ref");
  const result = await optimize({ directory });
  expect(result).toMatchObject({ after: { loose: 0, packs: 2 }, commitGraph: true });
  expect(result.before.loose).toBeGreaterThan(0);
  // A commit-graph with changed-path filters has these two chunks (gitformat-commit-graph).
  const bytes = readFileSync(`${directory}/.git/objects/info/commit-graph`, "latin1");
  expect([bytes.includes("BIDX"), bytes.includes("BDAT")]).toEqual([true, true]);
  expect([past.git("for-each-ref"), past.git("status", "--porcelain")]).toEqual([refs, ""]);
  expect(await log({ directory, of: "products/a" })).toEqual(told);
  past.git("fsck", "--strict");
});
