import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, onTestFinished, test } from "vitest";
import type { Database, ReadSession } from "../../../src/database/database.js";
import { type ApplyOptions, applyTo } from "../../../src/operations/apply.js";
import { drift } from "../../../src/operations/drift.js";
import { plan as planFor } from "../../../src/operations/plan.js";
import { withDestination } from "../../../src/operations/target.js";
import { undo } from "../../../src/operations/undo.js";
import { makeTwin } from "../../support/twin.js";

type Twin = Awaited<ReturnType<typeof makeTwin>>;

const schema =
  "CREATE TABLE items (id int PRIMARY KEY, name text, price int); CREATE TABLE others (id int PRIMARY KEY)";
const many = (n: number) => `INSERT INTO items SELECT i, 'Item ' || i, i FROM generate_series(1, ${n}) i`;
const grants = { allowDeletes: 100, allowChanges: 5000 };

/** Rows that a database gives while `work` runs: by scans of whole tables, and by key. */
function counting(database: Database, rows: { scanned: number; found: number }): Database {
  const count = <T extends ReadSession>(session: T): T => ({
    ...session,
    async *entries(...args: Parameters<ReadSession["entries"]>) {
      for await (const batch of session.entries(...args)) {
        rows.scanned += batch.length;
        yield batch;
      }
    },
    async *lookup(...args: Parameters<ReadSession["lookup"]>) {
      for await (const batch of session.lookup(...args)) {
        rows.found += batch.length;
        yield batch;
      }
    },
  });
  return {
    ...database,
    read: (work) => database.read((session) => work(count(session))),
    write: (work) => database.write((session) => work(count(session))),
  };
}

async function counted({ project: { directory } }: Twin, more: Partial<ApplyOptions> = {}) {
  const rows = { scanned: 0, found: 0 };
  let planned = rows;
  const options: ApplyOptions = { directory, environment: "copy", grants, ...more };
  const result = await withDestination(options, (destination) =>
    applyTo(
      { ...destination, database: counting(destination.database, rows) },
      {
        ...options,
        present: async () => {
          planned = { ...rows };
        },
      },
    ),
  );
  return { ...result, rows, planned };
}

const kinds = ({ plan }: Pick<Awaited<ReturnType<typeof counted>>, "plan">) =>
  plan.datasets.flatMap(({ changes }) => changes.map(({ kind, name, label }) => `${kind} ${name} ${label}`));
const compared = ({ plan }: Pick<Awaited<ReturnType<typeof counted>>, "plan">) =>
  Object.fromEntries(plan.datasets.map(({ dataset, compared = "all" }) => [dataset.name, compared]));

test("an applied commit that is on no branch of the clone is fetched by its id", async () => {
  const twin = await makeTwin(schema);
  const { git, directory } = twin.project;
  await twin.want(many(3));
  const branch = git("symbolic-ref", "--short", "HEAD");
  git("switch", "-qc", "preview");
  await twin.want("UPDATE items SET price = 0 WHERE id = 1");
  await twin.apply();
  git("switch", "-q", branch);
  const clone = `${directory}-clone`;
  git("clone", "-q", "--single-branch", "--branch", branch, `file://${directory}`, clone);
  onTestFinished(() => rmSync(clone, { recursive: true }));
  const { plan } = await planFor({ directory: clone, environment: "copy" });
  expect(plan.notes).toEqual([]);
  expect(kinds({ plan })).toEqual(["update 1.json git"]);
});

describe("promise 12: cost follows change", () => {
  test("only what git changed is read from the server, k rows of n; the same revision again reads none", async () => {
    const twin = await makeTwin(schema, { spec: "apply: { maxDeletes: 1% }" });
    await twin.want(many(1500));
    expect(compared(await counted(twin))).toEqual({ items: "all", others: "all" });
    await twin.want(
      `UPDATE items SET price = 0 WHERE id <= 3; DELETE FROM items WHERE id = 4; ${"INSERT INTO items VALUES (9001, 'New', 1)"}`,
    );
    const made = await counted(twin);
    expect(compared(made)).toEqual({ items: "changed", others: "changed" });
    expect(kinds(made)).toHaveLength(5);
    expect(made.planned).toEqual({ scanned: 0, found: 4 });
    // In its transaction: the fences, and what is kept for undo and read back, of the same rows.
    expect(made.rows).toEqual({ scanned: 0, found: expect.toSatisfy((found: number) => found <= 4 * 5) });
    expect(made.plan.datasets.find(({ dataset }) => dataset.name === "items")).toMatchObject({
      owned: 1500,
      wanted: 1500,
    });
    expect(await twin.same("items")).toBe(true);
    const again = await counted(twin);
    expect(again).toMatchObject({ written: false, rows: { scanned: 0, found: 0 } });
    const full = await counted(twin, { full: true });
    // What was created may have been somebody's before, and so few entries lie in one directory.
    expect(full).toMatchObject({ written: false, rows: { scanned: 1500 } });
    const exact = await counted(twin, { exact: true });
    expect(exact).toMatchObject({ written: false, rows: { scanned: 1500 } });
  });

  test("a row that drifted elsewhere is not seen, and is by --full and drift", async () => {
    const twin = await makeTwin(schema);
    const { directory } = twin.project;
    await twin.want(many(20));
    await twin.apply();
    await twin.rows("UPDATE items SET price = 99 WHERE id = 7");
    await twin.want("UPDATE items SET price = 50 WHERE id = 8");
    expect(kinds(await counted(twin))).toEqual(["update 8.json git"]);
    expect(kinds(await planFor({ directory, environment: "copy" }))).toEqual([]);
    expect(kinds(await planFor({ directory, environment: "copy", full: true }))).toEqual(["update 7.json drift"]);
    expect((await drift({ directory, environment: "copy" })).drifted).toBe(true);
    expect(kinds(await counted(twin, { full: true }))).toEqual(["update 7.json drift"]);
    expect(await twin.same("items")).toBe(true);
  });

  test("all is compared where other members are left alone, where something is held, and where base is not there", async () => {
    const twin = await makeTwin(schema, { spec: "ignore: { items: [/price] }" });
    await twin.want(many(3));
    await twin.apply();
    await twin.rows("UPDATE items SET price = 99 WHERE id = 1");
    expect((await twin.apply()).written).toBe(false);
    const file = "weave-configs/heddle.yaml";
    const text = readFileSync(join(twin.project.directory, file), "utf8");
    twin.project.write(file, text.replace("/price", "/name"));
    twin.project.commitAll();
    const other = await counted(twin);
    expect(kinds(other)).toEqual(["update 1.json drift"]);
    expect(compared(other)).toEqual({ items: "all", others: "changed" });
    await undo({ directory: twin.project.directory, environment: "copy" });
    const held = await counted(twin, { grants: { ...grants, releaseHold: true } });
    expect(compared(held)).toEqual({ items: "all", others: "all" });
    await twin.rows("UPDATE heddle.applied SET record = (record::jsonb - 'datasets')::json");
    await twin.want("UPDATE items SET name = 'B' WHERE id = 2; UPDATE items SET price = 7 WHERE id = 2");
    expect(compared(await counted(twin))).toEqual({ items: "all", others: "all" });
  });

  test("a new file whose key is an old one's to the database is refused, though the old one did not change", async () => {
    const twin = await makeTwin("CREATE EXTENSION citext; CREATE TABLE items (sku citext PRIMARY KEY, n int)");
    await twin.want("INSERT INTO items VALUES ('a', 1), ('b', 1)");
    await twin.apply();
    const copy = "data/all/items/a.json";
    const text = readFileSync(join(twin.project.directory, copy), "utf8");
    twin.project.write("data/all/items/A~d2a4b37cac0a57e4.json", text.replace('"a"', '"A"'));
    twin.project.commitAll();
    await expect(counted(twin)).rejects.toMatchObject({ code: "HDL209" });
  });

  test("any edits and drifts: what git changed is written, the rest stays as it is, until all is compared", async () => {
    const twin = await makeTwin(schema, { tables: "items", spec: "apply: { maxDeletes: 100%, onConflict: git }" });
    const id = fc.integer({ min: 1, max: 6 });
    const price = fc.option(fc.integer({ min: 0, max: 3 }), { nil: undefined });
    const step = fc.record({
      edits: fc.array(fc.tuple(id, price)),
      drifts: fc.array(fc.tuple(id, price)),
      full: fc.boolean(),
    });
    const put = (rows: Map<number, number>, changes: readonly (readonly [number, number | undefined])[]) => {
      for (const [key, value] of changes) value === undefined ? rows.delete(key) : rows.set(key, value);
    };
    const sql = (changes: readonly (readonly [number, number | undefined])[]) =>
      changes
        .map(([key, value]) =>
          value === undefined
            ? `DELETE FROM items WHERE id = ${key};`
            : `INSERT INTO items VALUES (${key}, 'x', ${value}) ON CONFLICT (id) DO UPDATE SET price = ${value};`,
        )
        .join("");
    const [git, base, live] = [new Map<number, number>(), new Map<number, number>(), new Map<number, number>()];
    const empty = { allowDeletes: 100, allowChanges: 100, allowEmpty: true, adopt: true };
    await twin.want("SELECT 1");
    await twin.apply({ grants: empty });
    await fc.assert(
      fc.asyncProperty(step, async ({ edits, drifts, full }) => {
        put(git, edits);
        await twin.want(`${sql(edits)} SELECT 1`);
        put(live, drifts);
        await twin.rows(`${sql(drifts)} SELECT 1`);
        await twin.apply({ full, grants: empty });
        for (const key of [1, 2, 3, 4, 5, 6]) {
          if (!full && git.get(key) === base.get(key)) continue;
          const owned = base.has(key) || git.has(key);
          if (owned) put(live, [[key, git.get(key)]]);
        }
        base.clear();
        put(base, [...git]);
        const rows = await twin.rows("SELECT id, price FROM items ORDER BY id");
        expect(rows.map(({ id, price }) => [id, price])).toEqual([...live].sort(([a], [b]) => a - b));
      }),
      { numRuns: 8 },
    );
  });
});
