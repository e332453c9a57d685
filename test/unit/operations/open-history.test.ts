import { expect, test } from "vitest";
import type { EntryEvent } from "../../../src/operations/entry-event.js";
import { openHistory } from "../../../src/operations/open-history.js";
import { gitIn } from "../../support/git.js";
import { collection, makeWoven, table, type WovenProject } from "../../support/woven.js";

const products = table("products", { id: "text", price: "numeric", "10": "integer" });
const product = (price: string) => ({ id: "sku-1", price, "10": 7 });
const day = (n: number) => `2026-01-0${n}T12:00:00Z`;

async function shop(): Promise<WovenProject> {
  const project = await makeWoven(products);
  project.put(products, product("10.00"));
  project.put(products, { ...product("5.00"), id: "sku-2" });
  project.commitAt(day(1), "woven");
  project.put(products, product("11.00"));
  project.commitAt(day(2), "dearer");
  await project.drop(products, "sku-2");
  project.commitAt(day(3), "gone");
  return project;
}

test("a document as it was at a time, a revision, or a Date; undefined where there was none", async () => {
  using project = await shop();
  const history = await openHistory({ repo: project.directory });
  expect(await history.getDocumentByTime("products", "sku-1", day(1))).toEqual(product("10.00"));
  expect(await history.getDocumentByTime("shop:products", "sku-1", new Date(day(2)))).toEqual(product("11.00"));
  expect(await history.getDocumentByTime("products", ["sku-2"], "HEAD~1")).toMatchObject({ id: "sku-2" });
  expect(await history.getDocumentByTime("products", "sku-2", "HEAD")).toBeUndefined();
  expect(await history.getDocumentByTime("products", "sku-9", "HEAD")).toBeUndefined();
  await expect(history.getDocumentByTime("product", "sku-1", "HEAD")).rejects.toMatchObject({ code: "HDL104" });
  await expect(history.getDocumentByTime("products", "sku-1", "2026-01-01")).rejects.toMatchObject({ code: "HDL312" });
});

test("keys of any type, and which of two is meant must be said (HDL403)", async () => {
  const things = collection("things");
  using project = await makeWoven(things);
  const key = { $oid: "65f0c0ffee65f0c0ffee65f0" };
  for (const _id of [key, 5, "6", { $numberDouble: "6.0" }]) project.put(things, { _id });
  project.commitAll("things");
  const history = await openHistory({ repo: project.directory });
  const found = (asked: Parameters<typeof history.getDocumentByTime>[1]) =>
    history.getDocumentByTime("things", asked, "HEAD");
  expect(await found(key)).toEqual({ _id: key });
  expect(await found(key.$oid)).toEqual({ _id: key });
  expect(await found(5)).toEqual({ _id: 5 });
  expect(await found(["6"])).toEqual({ _id: "6" });
  await expect(found("6")).rejects.toMatchObject({ code: "HDL403" });
});

test("all versions, newest first; what changed between two states, oldest first", async () => {
  using project = await shop();
  const history = await openHistory({ repo: project.directory, branch: "main" });
  const versions = await history.getDocumentHistory("products", "sku-1");
  expect(versions.map(({ subject, document }) => [subject, document])).toEqual([
    ["dearer", product("11.00")],
    ["woven", product("10.00")],
  ]);
  expect(versions[0]).toMatchObject({
    commit: project.git("rev-parse", "HEAD~1"),
    time: "2026-01-02T12:00:00+00:00",
    author: "Ada",
  });
  const [gone] = await history.getDocumentHistory("products", "sku-2");
  expect(gone).toMatchObject({ subject: "gone", document: null });
  const changes: EntryEvent[] = [];
  for await (const change of history.getChangesBetween(day(1), day(2), { dataset: "products" })) changes.push(change);
  expect(changes.map(({ data }) => [data.key, data.changed, data.before, data.after])).toEqual([
    [["sku-1"], ["/price"], product("10.00"), product("11.00")],
  ]);
});

test("a document, and everything, back to what it was", async () => {
  using project = await shop();
  const history = await openHistory({ repo: project.directory });
  const one = await history.rollbackDocument("products", "sku-1", day(1));
  expect(one).toMatchObject({ commit: project.git("rev-parse", "HEAD"), counts: { updated: 1 } });
  expect(await history.getDocumentByTime("products", "sku-1", "HEAD")).toEqual(product("10.00"));
  expect(await history.getDocumentByTime("products", "sku-2", "HEAD")).toBeUndefined();
  const all = await history.rollbackBefore(new Date(day(3)));
  expect(all.counts).toEqual({ created: 1, updated: 1, deleted: 0 });
  expect(await history.getDocumentByTime("products", "sku-2", "HEAD")).toMatchObject({ id: "sku-2" });
  const refused = history.rollbackDocument("products", "sku-1", day(1), { confirm: async () => "no" });
  await expect(refused).rejects.toMatchObject({ code: "HDL600" });
  await expect(history.rollbackDocument("products", "sku-1", day(1), { apply: "nowhere" })).rejects.toMatchObject({
    code: "HDL104",
  });
});

test("a bare clone without blobs fetches what it reads: the description and one entry", async () => {
  using project = await shop();
  project.git("config", "uploadpack.allowFilter", "true");
  project.git("config", "uploadpack.allowAnySHA1InWant", "true");
  const clone = project.beside("partial");
  project.git("clone", "-q", "--bare", "--filter=blob:none", `file://${project.directory}`, clone);
  const missing = () =>
    gitIn(clone, project.environment, "rev-list", "--all", "--objects", "--missing=print").match(/^\?/gm)?.length ?? 0;
  const before = missing();
  expect(before).toBeGreaterThan(4);
  const history = await openHistory({ repo: clone });
  expect(await history.getDocumentByTime("products", "sku-1", day(1))).toEqual(product("10.00"));
  expect(before - missing()).toBe(2);
});
