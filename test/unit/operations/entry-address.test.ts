import { expect, onTestFinished, test } from "vitest";
import { entryWithKey, findDataset, findEntry, readEntry } from "../../../src/operations/entry-address.js";
import { type DataTree, dataAt } from "../../../src/repository/data-tree.js";
import { openObjects } from "../../../src/repository/object-reader.js";
import { openRepository } from "../../../src/repository/repository.js";
import { makePast, type Past } from "../../support/past.js";

async function read(past: Past, revision = "HEAD"): Promise<DataTree> {
  const repository = await openRepository(past.directory, { environment: past.environment });
  const objects = openObjects(repository);
  onTestFinished(() => objects[Symbol.asyncDispose]());
  return dataAt(objects, repository, (await objects.find(`${revision}^{commit}`))!.id);
}

/** The path that an address names. */
const pathOf = async (data: DataTree, asked: string) => {
  const { weave, directory, path } = await findEntry(data, asked);
  return `data/${weave}/${directory}/${path}`;
};

test("rows are named by file, by text, by JSON, and by path; composite keys in all their ways", async () => {
  using past = makePast();
  const products = past.dataset("shop", "products", { sku: "text", price: "numeric" });
  const plain = await past.put("shop", products, { sku: "sku-1", price: "10" });
  const hashed = await past.put("shop", products, { sku: "SKU 9/a", price: "10" });
  const orders = past.dataset("shop", "sales.orders", { id: "integer", at: "date" });
  const seven = await past.put("shop", orders, { id: 7, at: "2026-01-01" });
  const lines = past.dataset("shop", "lines", { order: "integer", part: "text" }, { key: ["order", "part"] });
  const line = await past.put("shop", lines, { order: 1, part: "a" });
  const comma = await past.put("shop", lines, { order: 1, part: "a,b" });
  past.commitAll();
  const data = await read(past);

  for (const asked of [
    "products/sku-1",
    "products/sku-1.json",
    'products/"sku-1"',
    "shop:products/sku-1",
    "public.products/sku-1",
    plain,
  ])
    expect(await pathOf(data, asked)).toBe(plain);
  const name = hashed.split("/").at(-1)!;
  for (const asked of [
    "products/SKU 9/a",
    'products/"SKU 9/a"',
    'products/["SKU 9/a"]',
    'products/{"sku":"SKU 9/a"}',
    `products/${name}`,
    hashed,
  ])
    expect(await pathOf(data, asked)).toBe(hashed);
  for (const asked of ["sales.orders/7", "sales.orders/[7]", 'sales.orders/{"id": 7}', 'sales.orders/"7"'])
    expect(await pathOf(data, asked)).toBe(seven);
  for (const asked of ["lines/1,a", 'lines/[1,"a"]', 'lines/{"part":"a","order":1}'])
    expect(await pathOf(data, asked)).toBe(line);
  expect(await pathOf(data, 'lines/[1,"a,b"]')).toBe(comma);
});

test("documents are named by what _id says: ObjectId, numbers of every type, dates, sub-documents", async () => {
  using past = makePast();
  const things = past.dataset("shop", "things");
  const put = (_id: import("../../../src/model/json.js").Json) => past.put("shop", things, { _id, a: 1 });
  const int = await put(5);
  const text = await put("5");
  const oid = await put({ $oid: "65f0c0ffee65f0c0ffee65f0" });
  const oidText = await put("65f0c0ffee65f0c0ffee65f0");
  const long = await put({ $numberLong: "9007199254740993" });
  const double = await put({ $numberDouble: "6.0" });
  const six = await put("6");
  const date = await put({ $date: { $numberLong: "0" } });
  const uuid = await put({ $binary: { base64: "AAECAwQFBgcICQoLDA0ODw==", subType: "04" } });
  const nested = await put({ a: 1, b: { $oid: "65f0c0ffee65f0c0ffee65f0" } });
  const empty = await put("");
  const nothing = await put(null);
  past.commitAll();
  const data = await read(past);
  const names: [string, string][] = [
    ["5", int],
    ["[5]", int],
    ['"5"', text],
    ["65f0c0ffee65f0c0ffee65f0", oid],
    ['{"$oid":"65f0c0ffee65f0c0ffee65f0"}', oid],
    ['"65f0c0ffee65f0c0ffee65f0"', oidText],
    ["9007199254740993", long],
    ['{"$numberDouble":"6.0"}', double],
    ["1970-01-01T00:00:00Z", date],
    ["00010203-0405-0607-0809-0a0b0c0d0e0f", uuid],
    ['{"a":1,"b":{"$oid":"65f0c0ffee65f0c0ffee65f0"}}', nested],
    ['[{"a":1,"b":{"$oid":"65f0c0ffee65f0c0ffee65f0"}}]', nested],
    ["", empty],
    ["null", nothing],
  ];
  for (const [asked, path] of names) expect([asked, await pathOf(data, `things/${asked}`)]).toEqual([asked, path]);
  // Neither the text nor the double is the plain name of a file.
  const both = expect.stringMatching(
    new RegExp(
      [double, six]
        .map((path) => path.split("/").at(-1)!.replace(".json", ""))
        .sort()
        .join("|"),
    ),
  );
  await expect(findEntry(data, "things/6")).rejects.toMatchObject({ code: "HDL403", hint: both });
});

test("a layout of another revision is found by the same address, and by the key", async () => {
  using past = makePast();
  const flat = past.dataset("shop", "products", { sku: "text" });
  const old = await past.put("shop", flat, { sku: "sku-1" });
  past.commitAll();
  past.git("rm", "-q", old);
  const deep = past.dataset("shop", "products", { sku: "text" }, { layout: { kind: "files", fanout: 2 } });
  const path = await past.put("shop", deep, { sku: "sku-1" });
  const upper = await past.put("shop", deep, { sku: "SKU" });
  past.commitAll();
  const [now, then] = [await read(past), await read(past, "HEAD^")];
  expect([await pathOf(now, "products/sku-1"), await pathOf(then, "products/sku-1")]).toEqual([path, old]);
  expect(await pathOf(now, upper)).toBe(upper);
  const found = await findEntry(now, "products/sku-1");
  const { key, fields } = await readEntry(now, found);
  expect([key, fields]).toEqual(['["sku-1"]', new Map([["sku", "sku-1"]])]);
  expect(await entryWithKey(then, found, key)).toMatchObject({ path: "sku-1.json" });
  expect(await entryWithKey(then, found, '["SKU"]')).toBeUndefined();
});

test("two weaves with one dataset ask for WEAVE:, a slash or a colon in a name finds what is meant", async () => {
  using past = makePast();
  for (const weave of ["a", "b"]) await past.put(weave, past.dataset(weave, "products", { sku: "text" }), { sku: "1" });
  const slashed = await past.put("a", past.dataset("a", "x/y"), { _id: "k" });
  const outer = await past.put("a", past.dataset("a", "x"), { _id: "y/z" });
  const colon = await past.put("a", past.dataset("a", "a:c"), { _id: "k" });
  past.commitAll();
  const data = await read(past);
  await expect(findEntry(data, "products/1")).rejects.toMatchObject({
    code: "HDL104",
    hint: "name one: a:products, b:products",
  });
  await expect(findDataset(data, "products")).rejects.toMatchObject({ code: "HDL104" });
  expect(await pathOf(data, "b:products/1")).toBe("data/b/products/1.json");
  expect(await findDataset(data, "b:products")).toMatchObject({ weave: "b", directory: "products" });
  expect(await pathOf(data, "x/y/k")).toBe(slashed);
  expect(await pathOf(data, "x/y/z")).toBe(outer);
  expect(await pathOf(data, "a:c/k")).toBe(colon);
  expect(await pathOf(data, "a:a:c/k")).toBe(colon);
});

test("what is not there is said with the nearest name", async () => {
  using past = makePast();
  await past.put("shop", past.dataset("shop", "products", { sku: "text" }), { sku: "sku-100" });
  past.commitAll();
  const data = await read(past);
  await expect(findEntry(data, "product/sku-100")).rejects.toMatchObject({
    code: "HDL104",
    hint: "did you mean products?",
  });
  await expect(findEntry(data, "products/sku-101")).rejects.toMatchObject({
    code: "HDL402",
    hint: "did you mean sku-100?",
  });
  await expect(findEntry(data, "products")).rejects.toMatchObject({
    code: "HDL402",
    hint: expect.stringContaining("DATASET/KEY"),
  });
  for (const asked of ["", "/", "../x/y", "products/../../a", "data/shop/products/_dataset.json"])
    await expect(findEntry(data, asked)).rejects.toMatchObject({ code: expect.stringMatching(/HDL104|HDL402/) });
});

test("E37: a file that does not fit its key is an error that names both; a broken tree is never an absence", async () => {
  using past = makePast();
  const products = past.dataset("shop", "products", { sku: "text" });
  const path = await past.put("shop", products, { sku: "sku-1" });
  past.write(path, '{\n  "sku": "other"\n}\n');
  past.commitAll();
  const data = await read(past);
  await expect(readEntry(data, await findEntry(data, "products/sku-1"))).rejects.toMatchObject({
    code: "HDL400",
    problems: [{ message: expect.stringContaining("other") }],
  });
  const tree = past.git("rev-parse", "HEAD:data/shop/products");
  const { rmSync } = await import("node:fs");
  rmSync(`${past.directory}/.git/objects/${tree.slice(0, 2)}/${tree.slice(2)}`);
  await expect(findEntry(await read(past), "products/sku-1")).rejects.toMatchObject({ code: "HDL300" });
});
