import { expect, test } from "vitest";
import { apply } from "../../../src/operations/apply.js";
import { drift } from "../../../src/operations/drift.js";
import { plan } from "../../../src/operations/plan.js";
import { status } from "../../../src/operations/status.js";
import { gitIn } from "../../support/git.js";
import { onDatabase } from "../../support/postgres-client.js";
import { makeTwin } from "../../support/twin.js";

const products = `CREATE TABLE products (id int PRIMARY KEY, price int);`;

test("G45: an older commit takes back a git revert that was applied, though its data was the same before", async () => {
  const twin = await makeTwin(products);
  await twin.want("INSERT INTO products VALUES (1, 10)");
  twin.project.write("data/all/products/1.json", '{\n  "id": 1,\n  "price": 11\n}\n');
  const bad = twin.project.commitAll("price 11");
  twin.project.git("revert", "--no-edit", "HEAD");
  await twin.apply();
  const slow = { directory: twin.project.directory, environment: "copy", revision: bad };
  const { outcome, plan: planned } = await plan(slow);
  expect(outcome).toBe("refused");
  expect(planned.takesBack).toMatchObject([{ subject: 'Revert "price 11"' }]);
});

test("G45: a shallow clone fetches the history it needs; where it cannot, it says what to run and tells nothing wrong", async () => {
  const { project, ...twin } = await makeTwin(products);
  await twin.want("INSERT INTO products VALUES (1, 10), (2, 20)");
  await twin.apply();
  project.git("rm", "-q", "data/all/products/2.json");
  project.commitAll("delete 2");
  const clone = (name: string) => {
    const directory = project.beside(name);
    gitIn(project.directory, project.environment, "clone", "-q", "--depth=1", `file://${project.directory}`, directory);
    return { directory, environment: "copy" };
  };
  const alone = clone("alone");
  gitIn(alone.directory, project.environment, "remote", "remove", "origin");
  await expect(plan(alone)).rejects.toMatchObject({
    code: "HDL311",
    hint: "git fetch --unshallow --filter=blob:none",
  });
  await expect(drift(alone)).rejects.toMatchObject({ code: "HDL301" });
  const [told] = await status({ directory: alone.directory });
  expect(told).not.toHaveProperty("behind");
  expect(told!.notes).toEqual([expect.stringContaining("git fetch --unshallow")]);

  expect(await drift(clone("drifting"))).toMatchObject({ drifted: false });
  project.git("config", "uploadpack.allowFilter", "true");
  const grants = { allowDeletes: 1, allowChanges: 1 };
  const { plan: applied } = await apply({ ...clone("applying"), grants });
  expect(applied).toMatchObject({ takesBack: [], datasets: [{ changes: [{ kind: "delete" }] }] });
  expect(await twin.rows("SELECT id FROM products")).toEqual([{ id: 1 }]);
});

test("G45: a released dataset whose key was renamed meanwhile stops no apply", async () => {
  const twin = await makeTwin(`${products} CREATE TABLE other (id int PRIMARY KEY);`);
  await twin.want("INSERT INTO products VALUES (1, 10); INSERT INTO other VALUES (1)");
  await twin.apply();
  await onDatabase(twin.copy, "ALTER TABLE other RENAME id TO ident");
  twin.project.git("rm", "-rq", "data/all/other");
  twin.project.commitAll("leave other alone");
  const { plan: applied } = await twin.apply();
  expect(applied.datasets).toMatchObject([
    { dataset: { name: "other" }, released: 1 },
    { dataset: { name: "products" }, changes: [] },
  ]);
  expect(await twin.rows("SELECT ident FROM other")).toEqual([{ ident: 1 }]);
});
