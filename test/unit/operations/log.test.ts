import { expect, test } from "vitest";
import { blame } from "../../../src/operations/blame.js";
import { diff } from "../../../src/operations/diff.js";
import { log } from "../../../src/operations/log.js";
import { show } from "../../../src/operations/show.js";
import { gitIn } from "../../support/git.js";
import { makePast, type Past } from "../../support/past.js";

/** A line for each commit: what it did to which entries, and to which fields. */
async function told(past: Past, of?: string, more = {}) {
  const { commits } = await log({ directory: past.directory, ...(of !== undefined && { of }), ...more });
  return commits.map(({ subject, changes }) => {
    const words = changes.map(({ kind, name, from, fields }) =>
      [kind, ...(from ? [`${from} →`] : []), name, ...fields.map((field) => field.path)].join(" "),
    );
    return [subject, ...words].join(": ");
  });
}

const day = (n: number) => `2026-01-${String(n).padStart(2, "0")}T00:00:00Z`;

test("log of an entry: every commit that touched it, with the fields and their values", async () => {
  using past = makePast();
  const products = past.dataset("shop", "products", { sku: "text", price: "integer", features: "jsonb" });
  const put = (price: number, features: Record<string, string>) =>
    past.put("shop", products, { sku: "a", price, features });
  await put(1, { color: "red" });
  past.commitAt(day(1), "weave");
  await past.put("shop", products, { sku: "b", price: 1, features: null });
  past.commitAt(day(2), "another");
  await put(2, { color: "red", size: "L" });
  past.commitAt(day(3), "dearer (#7)");
  past.git("rm", "-q", "data/shop/products/a.json");
  past.commitAt(day(4), "gone");
  await put(2, { color: "blue" });
  past.commitAt(day(5), "again");
  expect(await told(past, "products/a")).toEqual([
    "again: created a /sku /price /features",
    "gone: deleted a /sku /price /features",
    "dearer (#7): updated a /price /features/size",
    "weave: created a /sku /price /features",
  ]);
  const { commits } = await log({ directory: past.directory, of: "products/a" });
  expect(commits[2]).toMatchObject({
    time: day(3),
    author: "Ada",
    email: "ada@example.com",
    pullRequest: 7,
    changes: [
      {
        fields: [
          { path: "/price", from: "1", to: "2" },
          { path: "/features/size", to: '"L"' },
        ],
      },
    ],
  });
  expect(await told(past, "products/a", { since: day(3), until: day(4) })).toEqual([
    expect.stringMatching(/^gone/),
    expect.stringMatching(/^dearer/),
  ]);
  expect(await told(past, "products/a", { author: "ADA@" })).toHaveLength(4);
  expect(await told(past, "products/a", { author: "eve" })).toEqual([]);
  expect(await log({ directory: past.directory, of: "products/a", limit: 3 })).toMatchObject({ more: true });
  expect(await log({ directory: past.directory, of: "products/a", limit: 4 })).toMatchObject({ more: false });
});

test("log of a dataset and of everything: each commit with the entries that it changed", async () => {
  using past = makePast();
  const products = past.dataset("shop", "products", { sku: "text", price: "integer" });
  const others = past.dataset("shop", "others");
  await past.put("shop", products, { sku: "a", price: 1 });
  past.write("data/shop/_weave.json", "1\n");
  past.commitAt(day(1), "weave");
  await past.put("shop", products, { sku: "a", price: 2 });
  await past.put("shop", others, { _id: "x" });
  past.commitAt(day(2), "both");
  past.write("data/shop/_weave.json", "2\n");
  past.commitAt(day(3), "no entry");
  expect(await told(past, "products")).toEqual(["both: updated a /price", "weave: created _dataset: created a"]);
  expect(await told(past)).toEqual([
    "both: created x: updated a /price",
    "weave: created _dataset: created _dataset: created a",
  ]);
  await expect(told(past, "product")).rejects.toMatchObject({ code: "HDL104", hint: "did you mean products?" });
  await expect(told(past, "product/a")).rejects.toMatchObject({ code: "HDL104" });
  await expect(told(past, "products/z")).rejects.toMatchObject({ code: "HDL402" });
});

test("a renamed key, a moved file and another layout are followed; an alike third entry stops that", async () => {
  using past = makePast();
  const flat = past.dataset("shop", "products", { sku: "text", price: "integer" });
  const first = await past.put("shop", flat, { sku: "old", price: 1 });
  past.commitAt(day(1), "weave");
  await past.put("shop", flat, { sku: "old", price: 2 });
  past.commitAt(day(2), "dearer");
  past.git("rm", "-q", first);
  const second = await past.put("shop", flat, { sku: "new", price: 2 });
  past.commitAt(day(3), "rename");
  past.git("rm", "-q", second);
  const deep = past.dataset(
    "shop",
    "products",
    { sku: "text", price: "integer" },
    { layout: { kind: "files", fanout: 1 } },
  );
  await past.put("shop", deep, { sku: "new", price: 2 });
  past.commitAt(day(4), "relayout");
  await past.put("shop", deep, { sku: "new", price: 3 });
  past.commitAt(day(5), "dearest");
  expect(await told(past, "products/new")).toEqual([
    "dearest: updated new /price",
    "relayout: moved new",
    "rename: renamed old → new /sku",
    "dearer: updated old /price",
    "weave: created old /sku /price",
  ]);
  const setters = async (entry: string) =>
    (await blame({ directory: past.directory, entry })).map(({ path, subject }) => `${path}: ${subject}`);
  expect(await setters("products/new")).toEqual(["/sku: rename", "/price: dearest"]);

  // Two that went and two that came with the same fields: nobody can tell which is which.
  for (const sku of ["a1", "a2"]) await past.put("shop", deep, { sku, price: 9 });
  past.commitAt(day(6), "two");
  past.git("rm", "-q", ...past.git("ls-files", "data/shop/products/*/a[12].json").split("\n"));
  for (const sku of ["b1", "b2"]) await past.put("shop", deep, { sku, price: 9 });
  past.commitAt(day(7), "two others");
  expect(await told(past, "products/b1")).toEqual(["two others: created b1 /sku /price"]);
  expect(await told(past, "products/a1")).toEqual([
    "two others: deleted a1 /sku /price",
    "two: created a1 /sku /price",
  ]);
});

test("what came under a name before a rename is another entry's", async () => {
  using past = makePast();
  const products = past.dataset("shop", "products", { sku: "text", price: "integer" });
  const b = await past.put("shop", products, { sku: "b", price: 7 });
  const a = await past.put("shop", products, { sku: "a", price: 1 });
  past.commitAt(day(1), "weave");
  past.git("rm", "-q", b);
  past.commitAt(day(2), "b goes");
  past.git("rm", "-q", a);
  await past.put("shop", products, { sku: "b", price: 1 });
  past.commitAt(day(3), "a is called b");
  expect(await told(past, "products/b")).toEqual(["a is called b: renamed a → b /sku", "weave: created a /sku /price"]);
});

test("blame follows merges to the side that has the value, and names the pull request that brought it", async () => {
  using past = makePast();
  const products = past.dataset("shop", "products", {
    sku: "text",
    price: "integer",
    stock: "integer",
    name: "text",
    note: "text",
  });
  const put = (fields: object) =>
    past.put("shop", products, { sku: "a", price: 1, stock: 1, name: "n", note: "x", ...fields });
  await put({});
  past.commitAt(day(1), "weave");
  past.git("checkout", "-qb", "side");
  await put({ price: 5 });
  past.commitAt(day(2), "price on the side");
  await put({ price: 5, stock: 9 });
  past.commitAt(day(4), "stock on the side");
  past.git("checkout", "-q", "main");
  await put({ stock: 2, name: "m" });
  past.commitAt(day(3), "on main (#4)");
  // Both changed stock; the merge takes main's, price from the side, and another note of its own.
  expect(() => past.gitAt(day(5), "merge", "-q", "side")).toThrow();
  await put({ price: 5, stock: 2, name: "m", note: "merged" });
  past.git("add", "--all");
  past.gitAt(day(5), "commit", "-qm", "Merge pull request #12 from ada/side");
  await past.put("shop", products, { sku: "other", price: 0, stock: 0, name: "", note: "" });
  past.commitAt(day(6), "unrelated");
  const lines = await blame({ directory: past.directory, entry: "products/a" });
  expect(lines.map(({ path, subject, pullRequest }) => [path, subject, pullRequest])).toEqual([
    ["/sku", "weave", undefined],
    ["/price", "price on the side", 12],
    ["/stock", "on main (#4)", 4],
    ["/name", "on main (#4)", 4],
    ["/note", "Merge pull request #12 from ada/side", 12],
  ]);
  expect(lines[1]).toMatchObject({ merge: past.git("rev-parse", "HEAD^"), value: "5", time: day(2), author: "Ada" });
  expect(await told(past, "products/a")).toEqual([
    "Merge pull request #12 from ada/side: updated a /note",
    "stock on the side: updated a /stock",
    "on main (#4): updated a /stock /name",
    "price on the side: updated a /price",
    "weave: created a /sku /price /stock /name /note",
  ]);
  const then = await blame({ directory: past.directory, entry: "products/a", at: "HEAD~2" });
  expect(then.map(({ subject }) => subject)).toEqual(["weave", "weave", "on main (#4)", "on main (#4)", "weave"]);
});

test("a merge that takes every field from one of its sides is not told", async () => {
  using past = makePast();
  const products = past.dataset("shop", "products", {
    sku: "text",
    price: "integer",
    a: "text",
    b: "text",
    stock: "integer",
  });
  const put = (fields: object) => past.put("shop", products, { sku: "a", price: 1, a: "", b: "", stock: 1, ...fields });
  await put({});
  past.commitAt(day(1), "weave");
  past.git("checkout", "-qb", "side");
  await put({ stock: 9 });
  past.commitAt(day(2), "stock");
  past.git("checkout", "-q", "main");
  await put({ price: 5 });
  past.commitAt(day(3), "price");
  past.git("merge", "-q", "--no-commit", "-s", "ours", "side");
  await put({ price: 5, stock: 9 });
  past.commitAt(day(4), "merge");
  const lines = ["price: updated a /price", "stock: updated a /stock"];
  for (const of of ["products/a", "products"]) expect((await told(past, of)).slice(0, 2)).toEqual(lines);
});

test("blame after squash and rebase, and of members of sub-documents", async () => {
  using past = makePast();
  const things = past.dataset("shop", "things");
  await past.put("shop", things, { _id: 1, a: { b: 1, "c/d": [1] } });
  past.commitAt(day(1), "weave");
  past.git("checkout", "-qb", "side");
  await past.put("shop", things, { _id: 1, a: { b: 2, "c/d": [1] } });
  past.commitAt(day(2), "b is 2");
  past.git("checkout", "-q", "main");
  past.git("merge", "-q", "--squash", "side");
  past.commitAt(day(3), "b is 2 (#31)");
  past.git("checkout", "-qb", "rebased");
  await past.put("shop", things, { _id: 1, a: { b: 2, "c/d": [1, 2] } });
  past.commitAt(day(4), "c/d grows");
  past.git("checkout", "-q", "main");
  past.commitAt(day(5), "empty");
  past.git("checkout", "-q", "rebased");
  past.gitAt(day(6), "rebase", "-q", "main");
  past.git("checkout", "-q", "main");
  past.git("merge", "-q", "--ff-only", "rebased");
  const lines = await blame({ directory: past.directory, entry: "things/1" });
  expect(lines.map(({ path, subject, pullRequest, merge }) => [path, subject, pullRequest, merge])).toEqual([
    ["/_id", "weave", undefined, undefined],
    ["/a/b", "b is 2 (#31)", 31, undefined],
    ["/a/c~1d", "c/d grows", undefined, undefined],
  ]);
});

test("promise 10: what a mask made is never told, not even from before it was masked", async () => {
  using past = makePast();
  const columns = { id: "integer", email: "text", name: "text" };
  const before = past.dataset("shop", "users", columns);
  await past.put("shop", before, { id: 1, email: "canary@example.com", name: "n" });
  const first = past.commitAt(day(1), "weave");
  await past.put("shop", before, { id: 1, email: "canary@example.org", name: "n" });
  const second = past.commitAt(day(1), "moves");
  const users = past.dataset("shop", "users", columns, { masked: ["email"] });
  await past.put("shop", users, { id: 1, email: "x@example.com", name: "n" });
  past.commitAt(day(2), "masked");
  const { directory } = past;
  const all = JSON.stringify([
    await log({ directory }),
    await log({ directory, of: "users" }),
    await log({ directory, of: "users/1" }),
    await diff({ directory, entry: "users/1", from: "HEAD^" }),
    await diff({ directory, entry: "users/1", from: first, to: second }),
    await blame({ directory, entry: "users/1" }),
    await blame({ directory, entry: "users/1", at: second }),
  ]);
  expect(all).not.toContain("canary");
  expect(all).toContain("(redacted)");
});

test("show and diff: times, revisions, and entries that only one side has", async () => {
  using past = makePast();
  const products = past.dataset("shop", "products", { sku: "text", price: "numeric" });
  await past.put("shop", products, { sku: "a", price: "1.50" });
  const first = past.commitAt(day(1), "weave");
  await past.put("shop", products, { sku: "a", price: "2" });
  await past.put("shop", products, { sku: "b", price: "2" });
  const second = past.commitAt(day(2), "dearer");
  past.git("rm", "-q", "data/shop/products/a.json");
  const third = past.commitAt(day(3), "a goes");
  const { directory } = past;
  expect(await show({ directory, entry: "products/a", at: "2026-01-01T12:00Z" })).toEqual({
    weave: "shop",
    dataset: "products",
    name: "a",
    file: "data/shop/products/a.json",
    commit: first,
    since: day(1),
    text: '{\n  "sku": "a",\n  "price": "1.50"\n}\n',
    notes: [],
  });
  await expect(show({ directory, entry: "products/a" })).rejects.toMatchObject({
    code: "HDL402",
    hint: expect.stringContaining(`--at ${third.slice(0, 10)}^`),
  });
  await expect(show({ directory, entry: "products/b", at: first })).rejects.toMatchObject({
    code: "HDL402",
    hint: expect.stringContaining(`${third.slice(0, 10)} has it`),
  });
  expect(await diff({ directory, entry: "products/a", from: day(1), to: day(2) })).toMatchObject({
    kind: "updated",
    from: first,
    to: second,
    fields: [{ path: "/price", from: '"1.50"', to: '"2"' }],
  });
  expect(await diff({ directory, entry: "products/a", from: second })).toMatchObject({ kind: "deleted", to: third });
  expect(await diff({ directory, entry: "products/b", from: first })).toMatchObject({ kind: "created" });
  expect(await diff({ directory, entry: "products/b", from: second })).toMatchObject({ kind: "equal", fields: [] });
  await expect(diff({ directory, entry: "products/c", from: first })).rejects.toMatchObject({ code: "HDL402" });
});

test("F40: bare clones tell all; a shallow one tells what it has, says what to fetch, and blames nobody wrongly", async () => {
  using past = makePast();
  const products = past.dataset("shop", "products", { sku: "text", price: "integer", name: "text" });
  await past.put("shop", products, { sku: "a", price: 1, name: "n" });
  past.commitAt(day(1), "weave");
  await past.put("shop", products, { sku: "a", price: 2, name: "n" });
  past.commitAt(day(2), "dearer");
  await past.put("shop", products, { sku: "a", price: 3, name: "n" });
  past.commitAt(day(3), "dearest");
  const clone = (name: string, ...options: string[]) => {
    gitIn(past.directory, past.environment, "clone", "-q", ...options, `file://${past.directory}`, past.beside(name));
    return past.beside(name);
  };
  const bare = clone("bare", "--bare");
  const entry = "products/a";
  expect(await log({ directory: bare, of: entry })).toMatchObject({ commits: [{}, {}, {}], notes: [] });
  expect(await show({ directory: bare, entry, at: "HEAD~2" })).toMatchObject({
    text: expect.stringContaining('"price": 1'),
  });
  expect(await blame({ directory: bare, entry })).toHaveLength(3);

  const shallow = clone("shallow", "--depth=2");
  const { commits, notes } = await log({ directory: shallow, of: entry });
  expect([commits.length, notes]).toEqual([2, [expect.stringContaining("git fetch --unshallow")]]);
  await expect(blame({ directory: shallow, entry })).rejects.toMatchObject({
    code: "HDL311",
    hint: "git fetch --unshallow --filter=blob:none",
  });
});
