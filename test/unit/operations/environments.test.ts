import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { applyTo } from "../../../src/operations/apply.js";
import { drift } from "../../../src/operations/drift.js";
import { history } from "../../../src/operations/history.js";
import { status } from "../../../src/operations/status.js";
import { withDestination } from "../../../src/operations/target.js";
import { undo } from "../../../src/operations/undo.js";
import { makeTwin } from "../../support/twin.js";

const schema = "CREATE TABLE a (id int PRIMARY KEY, n int); CREATE TABLE b (id int PRIMARY KEY, n int)";
const weaveOf = (name: string, table: string) => `---
apiVersion: heddle/v1
kind: Weave
metadata: { name: ${name} }
spec:
  source: { url: "\${TWIN_SOURCE}" }
  select: [{ dataset: ${table} }]
`;
const environmentOf = (name: string, weaves: string, more = "") => `---
apiVersion: heddle/v1
kind: Environment
metadata: { name: ${name}${more} }
spec: { database: { url: "\${TWIN_COPY}" }, weaves: [${weaves}] }
`;
const counts = async (rows: (sql: string) => Promise<Record<string, unknown>[]>) =>
  (await rows("SELECT (SELECT sum(n) FROM a)::int AS a, (SELECT sum(n) FROM b)::int AS b"))[0];

test("G45: environments share a database where their datasets differ; each has its own state, history, undo and holds", async () => {
  const spec = `\n${weaveOf("bs", "b")}${environmentOf("second", "bs")}${environmentOf("greedy", "all, bs")}`;
  const twin = await makeTwin(schema, { tables: "a", spec });
  const { directory } = twin.project;
  const second = { environment: "second" };
  await twin.want("INSERT INTO a VALUES (1, 1); INSERT INTO b VALUES (1, 10)");
  await twin.apply();
  await twin.apply(second);
  await twin.want("UPDATE a SET n = 2; UPDATE b SET n = 20");
  expect((await twin.apply(second)).plan.datasets.map(({ dataset }) => dataset.name)).toEqual(["b"]);
  expect(await counts(twin.rows)).toEqual({ a: 1, b: 20 });
  expect((await drift({ directory, environment: "copy" })).drifted).toBe(false);
  await twin.apply();
  expect((await twin.apply()).written).toBe(false);
  expect((await twin.apply(second)).written).toBe(false);

  const lengths = async () =>
    Promise.all(["copy", "second"].map(async (environment) => (await history({ directory, environment })).length));
  expect(await lengths()).toEqual([2, 2]);
  await undo({ directory, environment: "second", grants: {} });
  expect(await counts(twin.rows)).toEqual({ a: 2, b: 10 });
  expect(await lengths()).toEqual([2, 3]);
  await expect(twin.apply(second)).rejects.toMatchObject({ code: "HDL600" });
  expect((await twin.apply()).written).toBe(false);
  const [one, two] = await status({ directory, environments: ["copy", "second"] });
  expect(one).toMatchObject({ held: false, shares: ["second"] });
  expect(two).toMatchObject({ held: true, shares: ["copy"] });

  await expect(twin.apply({ environment: "greedy" })).rejects.toMatchObject({
    code: "HDL606",
    message: expect.stringMatching(/recorded as (copy|second), not greedy: [ab]$/),
  });
});

test("G45: an environment that got the datasets meanwhile makes the plan stale; what an undo gave back is free", async () => {
  const twin = await makeTwin(schema, { tables: "a", spec: `\n${environmentOf("second", "all")}` });
  const { directory } = twin.project;
  await twin.want("INSERT INTO a VALUES (1, 1)");
  const late = withDestination({ directory, environment: "second" }, (destination) =>
    applyTo(destination, {
      directory,
      environment: "second",
      confirm: async () => {
        await twin.apply();
        return "yes";
      },
    }),
  );
  await expect(late).rejects.toMatchObject({ code: "HDL602" });
  await undo({ directory, environment: "copy", grants: { allowDeletes: 1, allowEmpty: true } });
  expect((await twin.apply({ environment: "second" })).written).toBe(true);
});

test("a renamed environment goes on with its record; a record that does not tell its datasets holds all of them", async () => {
  const twin = await makeTwin(schema, { tables: "a", spec: `\n${weaveOf("bs", "b")}${environmentOf("other", "bs")}` });
  const forget = () => twin.rows("UPDATE heddle.applied SET record = (record::jsonb - 'datasets')::json");
  await twin.want("INSERT INTO a VALUES (1, 1); INSERT INTO b VALUES (1, 1)");
  await twin.apply();
  await forget();
  const file = join(twin.project.directory, "weave-configs/heddle.yaml");
  const renamed = readFileSync(file, "utf8").replace("{ name: copy }", "{ name: renamed, formerly: [copy] }");
  twin.project.write("weave-configs/heddle.yaml", renamed);
  twin.project.commitAll();
  expect((await twin.apply({ environment: "renamed" })).plan.datasets[0]).toMatchObject({ owned: 1, changes: [] });
  // The record under the old name does not tell what it holds, and counts no more.
  expect((await twin.apply({ environment: "other" })).written).toBe(true);
  await forget();
  await twin.want("UPDATE a SET n = 2");
  await expect(twin.apply({ environment: "renamed" })).rejects.toMatchObject({ code: "HDL606" });
});

/** `copy` had both datasets, and has only `a` now. */
async function narrowed(spec: string, more = "") {
  const twin = await makeTwin(schema, { tables: "a", spec: `${more}\n${weaveOf("bs", "b")}${spec}` });
  const path = "weave-configs/heddle.yaml";
  const file = readFileSync(join(twin.project.directory, path), "utf8");
  const commit = (text: string) => {
    twin.project.write(path, text);
    twin.project.commitAll("weaves of copy");
  };
  commit(file.replace("weaves: [all]", "weaves: [all, bs]"));
  await twin.want("INSERT INTO a VALUES (1, 1); INSERT INTO b VALUES (1, 1)");
  await twin.apply();
  commit(file);
  return twin;
}

test("G45: what another environment has taken over is not taken back from it by an undo (HDL606)", async () => {
  const twin = await narrowed(environmentOf("second", "bs"));
  const undoAll = {
    directory: twin.project.directory,
    environment: "copy",
    grants: { allowDeletes: 9, allowEmpty: true },
  };
  const [first] = await history(undoAll);
  await twin.apply();
  // Taken over while the undo asks.
  const confirm = async () => {
    await twin.apply({ environment: "second", grants: { adopt: true } });
    return "yes" as const;
  };
  await expect(undo({ ...undoAll, id: first!.id, confirm })).rejects.toMatchObject({ code: "HDL602" });
  for (const id of [undefined, first!.id]) {
    const taken = undo({ ...undoAll, ...(id !== undefined && { id }) });
    await expect(taken).rejects.toMatchObject({ code: "HDL606", message: /recorded as second, not copy: b$/ });
  }
  expect(await counts(twin.rows)).toEqual({ a: 1, b: 1 });
});

test("G45: --delete-released deletes what was applied and no row beside it, also where prune is mirror", async () => {
  const twin = await narrowed("", "apply: { prune: mirror }");
  await twin.rows("INSERT INTO b VALUES (2, 10)");
  await twin.apply({ grants: { deleteReleased: true, allowDeletes: 9, allowEmpty: true } });
  expect(await counts(twin.rows)).toEqual({ a: 1, b: 10 });
});
