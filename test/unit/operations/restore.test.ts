import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type RestoreOptions, restore } from "../../../src/operations/restore.js";
import type { ShownRollback } from "../../../src/operations/rollback.js";
import { weave } from "../../../src/operations/weave.js";
import { onDatabase } from "../../support/postgres-client.js";
import { makeTwin } from "../../support/twin.js";
import { collection, makeWoven, table, type WovenProject } from "../../support/woven.js";

const products = table("products", { id: "integer", price: "integer" });

const run = async (
  project: { directory: string },
  options: Pick<RestoreOptions, "entry" | "at"> & Partial<RestoreOptions>,
) => {
  let shown: ShownRollback | undefined;
  const present = async (rollback: ShownRollback) => {
    shown = rollback;
  };
  return { ...(await restore({ directory: project.directory, present, ...options })), shown: shown! };
};

const read = (project: WovenProject, path: string) => JSON.parse(readFileSync(join(project.directory, path), "utf8"));

test("one entry becomes what it was at a time or revision, and no other does", async () => {
  using project = await makeWoven(products);
  for (const day of [1, 2, 3]) {
    for (const id of [1, 2]) project.put(products, { id, price: day });
    project.commitAt(`2026-01-0${day}T12:00:00Z`, `day ${day}`);
  }
  const { commit, shown } = await run(project, { entry: "products/1", at: "2026-01-02T00:00Z" });
  expect([1, 2].map((id) => read(project, `data/shop/products/${id}.json`).price)).toEqual([1, 3]);
  expect(project.git("log", "-1", "--format=%H %s")).toBe(
    `${commit} restore products/1 of 2026-01-02T00:00Z: 1 updated`,
  );
  expect(shown.takesBack.map(({ subject }) => subject)).toEqual(["day 3", "day 2"]);
  await run(project, { entry: "shop:products/2", at: "HEAD~2" });
  expect(read(project, "data/shop/products/2.json").price).toBe(2);
  expect((await run(project, { entry: "products/2", at: "HEAD" })).commit).toBeUndefined();
});

test("what did not exist then is deleted, what does not exist now is made again; neither is HDL402", async () => {
  const things = collection("things");
  using project = await makeWoven(things);
  const first = project.commitAll("nothing yet");
  const key = { $oid: "65f0c0ffee65f0c0ffee65f0" };
  const path = project.put(things, { _id: key, a: 1 });
  const second = project.commitAll("one");
  const asked = { entry: `things/${key.$oid}`, at: first };
  await expect(run(project, { ...asked, confirm: async () => "no" })).rejects.toMatchObject({ code: "HDL600" });
  const { shown } = await run(project, asked);
  expect(shown.notes).toEqual([`things/${key.$oid} did not exist then: restoring that deletes it`]);
  expect(project.git("ls-files", path)).toBe("");
  await run(project, { entry: `things/${JSON.stringify(key)}`, at: second });
  expect(read(project, path)).toEqual({ _id: key, a: 1 });
  await expect(run(project, { entry: "things/other", at: second })).rejects.toMatchObject({ code: "HDL402" });
  await expect(run(project, { entry: "other/1", at: second })).rejects.toMatchObject({ code: "HDL104" });
});

test("a named entry comes back also where the dataset was selected otherwise then; not without a dataset", async () => {
  using project = await makeWoven(products);
  const path = project.put(products, { id: 1, price: 1 });
  const before = project.commitAll("wide");
  project.describe({ ...products, selection: "narrower" });
  await project.drop(products, 1);
  const other = table("others", { id: "integer" }, { key: ["id"] });
  project.describe(other);
  project.commitAll("narrow");
  project.describe({ ...other, key: ["other"] });
  project.commitAll("what other datasets were does not matter");
  await run(project, { entry: "products/1", at: before });
  expect(read(project, path)).toEqual({ id: 1, price: 1 });
  project.git("rm", "-qr", "data/shop/products");
  project.commitAll("dataset gone");
  await expect(run(project, { entry: "products/1", at: before })).rejects.toMatchObject({ code: "HDL104" });
});

test("what is restored survives the next weave, and --apply brings it into the database", async () => {
  const { project, source, copy } = await makeTwin(
    "CREATE TABLE products (id int PRIMARY KEY, price int); INSERT INTO products VALUES (1, 10), (2, 20)",
  );
  await weave({ directory: project.directory });
  await onDatabase(source, "UPDATE products SET price = price + 1");
  await weave({ directory: project.directory });
  await onDatabase(copy, "TRUNCATE products");
  const { commit, applied } = await run(project, { entry: "products/1", at: "HEAD~1", apply: { environment: "copy" } });
  expect([applied?.written, applied?.plan.revision]).toEqual([true, commit]);
  const prices = async (url: string) =>
    (await onDatabase(url, "SELECT price FROM products ORDER BY id")).map(({ price }) => price);
  expect([await prices(copy), await prices(source)]).toEqual([
    [10, 21],
    [11, 21],
  ]);
  await onDatabase(source, "UPDATE products SET price = 22 WHERE id = 2");
  const { weaves } = await weave({ directory: project.directory });
  expect(weaves[0]!.datasets[0]).toMatchObject({ changed: 1, edited: ["products/1.json"] });
  expect(project.git("show", "HEAD:data/all/products/1.json")).toContain('"price": 10');
  // Where the commit is made and the apply is refused, the commit stands and is told of.
  const told: (string | undefined)[] = [];
  const refused = run(project, {
    entry: "products/2",
    at: "HEAD~3",
    apply: { environment: "copy", confirm: async () => "no" },
    committed: ({ commit }) => told.push(commit),
  });
  await expect(refused).rejects.toMatchObject({ code: "HDL600" });
  expect(told).toEqual([project.git("rev-parse", "HEAD")]);
});
