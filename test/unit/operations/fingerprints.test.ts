import fc from "fast-check";
import { describe, expect, onTestFinished, test } from "vitest";
import { drift } from "../../../src/operations/drift.js";
import { plan as planFor } from "../../../src/operations/plan.js";
import { makeTwin } from "../../support/twin.js";

type Twin = Awaited<ReturnType<typeof makeTwin>>;

const schema = `CREATE COLLATION loose (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE TABLE items (id int PRIMARY KEY, name text, note text COLLATE loose, price numeric, ratio float8, doc jsonb)`;
const many = `INSERT INTO items SELECT i, 'Item ' || i, 'x', i, i, '{}' FROM generate_series(1, 2100) i`;
const grants = { allowDeletes: 5000, allowChanges: 5000, adopt: true };
const spec = "apply: { maxDeletes: 100%, onConflict: git }";

async function plans({ project: { directory } }: Twin) {
  const changes = async (more: object) => {
    const { plan } = await planFor({ directory, environment: "copy", ...more });
    return {
      compared: plan.datasets.map(({ compared = "all" }) => compared),
      changes: plan.datasets.flatMap(({ changes }) => changes),
      counts: plan.datasets.map(({ owned, wanted }) => ({ owned, wanted })),
    };
  };
  return { full: await changes({ full: true }), exact: await changes({ exact: true }) };
}

const named = ({ changes }: { changes: { kind: string; name: string; label: string }[] }) =>
  changes.map(({ kind, name, label }) => `${kind} ${name} ${label}`);

describe("fingerprints that the server keeps", () => {
  test("what drifted is found by them, of all kinds, and nothing else is read", async () => {
    const twin = await makeTwin(schema, { spec });
    const { directory } = twin.project;
    await twin.want(many);
    await twin.apply({ grants });
    expect((await plans(twin)).full).toMatchObject({ compared: ["fingerprints"], changes: [] });
    await twin.rows("UPDATE items SET name = 'other' WHERE id = 7");
    await twin.rows("DELETE FROM items WHERE id = 8");
    await twin.rows("UPDATE items SET id = 9001 WHERE id = 9");
    await twin.want("UPDATE items SET price = 0 WHERE id = 10");
    const { full, exact } = await plans(twin);
    expect(named(full)).toEqual([
      "update 10.json git",
      "update 7.json drift",
      "create 8.json drift",
      "create 9.json drift",
    ]);
    expect({ ...full, compared: [] }).toEqual({ ...exact, compared: [] });
    expect([full.compared, exact.compared]).toEqual([["fingerprints"], ["all"]]);
    expect(await drift({ directory, environment: "copy" })).toMatchObject({
      drifted: true,
      plan: { datasets: [{ compared: "fingerprints", changes: { length: 3 } }] },
    });
    await twin.apply({ full: true, grants });
    await twin.rows("DELETE FROM items WHERE id = 9001");
    expect(await twin.same("items")).toBe(true);
    expect((await plans(twin)).full.changes).toEqual([]);
  });

  test("values that count as equal and are not the same are told apart", async () => {
    const twin = await makeTwin(schema, { spec });
    await twin.want(many);
    await twin.apply({ grants });
    for (const change of [
      "note = 'X' WHERE id = 1",
      "price = 2.00 WHERE id = 2",
      "ratio = '-0' WHERE id = 3",
      "doc = '{\"a\": 1.0}' WHERE id = 4",
      "name = NULL WHERE id = 5",
      "name = '' WHERE id = 6",
    ])
      await twin.rows(`UPDATE items SET ${change}`);
    const { full, exact } = await plans(twin);
    expect(full.changes).toHaveLength(6);
    expect({ ...full, compared: [] }).toEqual({ ...exact, compared: [] });
  });

  test("members that are left alone say nothing of drift; where others are left alone, all is compared", async () => {
    const twin = await makeTwin(schema, { spec: `${spec}\n  ignore: { items: [/name] }` });
    await twin.want(many);
    await twin.apply({ grants });
    await twin.rows("UPDATE items SET name = 'theirs'");
    expect((await plans(twin)).full).toMatchObject({ compared: ["fingerprints"], changes: [] });
  });

  test("what drifts between plan and writing, elsewhere or in what is written, is drift afterwards", async () => {
    const twin = await makeTwin(schema, { spec });
    await twin.want(many);
    await twin.apply({ grants });
    for (const [id, how] of [
      [20, {}],
      [30, { full: true }],
      [40, { exact: true }],
    ] as const) {
      await twin.want(`UPDATE items SET price = 0 WHERE id = ${id}`);
      const present = () => twin.rows(`UPDATE items SET price = -1 WHERE id = ${id + 1}`).then(() => {});
      await twin.apply({ ...how, grants, present });
      const { full, exact } = await plans(twin);
      expect(named(exact)).toContain(`update ${id + 1}.json drift`);
      expect({ ...full, compared: [] }).toEqual({ ...exact, compared: [] });
      expect(full.compared).toEqual(["fingerprints"]);
    }
  });

  test("what an apply's own triggers change is drift afterwards", async () => {
    const twin = await makeTwin(
      `${schema};
      CREATE TABLE parts (id int PRIMARY KEY, item int REFERENCES items);`,
      { spec },
    );
    await twin.rows(`CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN UPDATE items SET price = price + 1 WHERE id = NEW.item; RETURN NEW; END $$`);
    await twin.rows("CREATE TRIGGER touch AFTER INSERT ON parts FOR EACH ROW EXECUTE FUNCTION touch()");
    // Of another batch than the last one.
    await twin.rows(`CREATE FUNCTION first() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN UPDATE items SET price = 0 WHERE id = 10; RETURN NEW; END $$`);
    await twin.rows(`CREATE TRIGGER first AFTER INSERT ON items FOR EACH ROW
      WHEN (NEW.id = 999) EXECUTE FUNCTION first()`);
    await twin.want(`${many}; INSERT INTO parts VALUES (1, 1), (2, 2)`);
    await twin.apply({ grants });
    const { full, exact } = await plans(twin);
    expect(named(exact)).toEqual(["update 1.json drift", "update 10.json drift", "update 2.json drift"]);
    expect(full.changes).toEqual(exact.changes);
  });

  test("a row that goes back to what it was before git had it otherwise is drift", async () => {
    const twin = await makeTwin(schema, { spec });
    await twin.rows("INSERT INTO items (id) VALUES (5000)");
    await twin.want(many);
    await twin.apply({ grants });
    await twin.rows("UPDATE items SET price = 0 WHERE id IN (1, 2)");
    await twin.rows("DELETE FROM items WHERE id IN (3, 5000)");
    for (const sql of [
      `UPDATE items SET price = 1 - id WHERE id IN (1, 2); DELETE FROM items WHERE id = 3;
        INSERT INTO items (id) VALUES (5000)`,
      "UPDATE items SET price = 0 WHERE id = 2; INSERT INTO items VALUES (3, 'Item 3', 'x', 3, 3, '{}')",
    ]) {
      await twin.want(sql);
      await twin.apply({ grants });
      expect(await plans(twin)).toMatchObject({ full: { changes: [] }, exact: { changes: [] } });
    }
    // All rows are now what they were when all of them were digested.
    await twin.rows("UPDATE items SET price = id WHERE id IN (1, 2)");
    await twin.rows("DELETE FROM items WHERE id IN (3, 5000)");
    const { full, exact } = await plans(twin);
    expect(named(exact)).toEqual([
      "update 1.json drift",
      "update 2.json drift",
      "create 3.json drift",
      "create 5000.json drift",
    ]);
    expect({ ...full, compared: [] }).toEqual({ ...exact, compared: [] });
    expect(full.compared).toEqual(["fingerprints"]);
  });

  test("a row that a trigger changed before it was written: when the trigger changes it back, that is drift", async () => {
    const twin = await makeTwin(`${schema}; CREATE TABLE parts (id int PRIMARY KEY, item int REFERENCES items)`, {
      spec,
    });
    await twin.want(`${many}; INSERT INTO parts VALUES (1, 1), (2, 1); UPDATE items SET price = 2 WHERE id = 1`);
    await twin.apply({ grants });
    await twin.rows(`CREATE FUNCTION counted() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      UPDATE items SET price = (SELECT count(*) FROM parts WHERE item = items.id) WHERE id = coalesce(NEW.item, OLD.item);
      RETURN NULL; END $$`);
    await twin.rows("CREATE TRIGGER counted AFTER INSERT OR DELETE ON parts FOR EACH ROW EXECUTE FUNCTION counted()");
    await twin.want("DELETE FROM parts WHERE id = 2; UPDATE items SET price = 1 WHERE id = 1");
    await twin.apply({ grants, full: true });
    expect((await plans(twin)).exact.changes).toEqual([]);
    await twin.rows("INSERT INTO parts VALUES (2, 1)");
    const { full, exact } = await plans(twin);
    expect(named(exact)).toEqual(["update 1.json drift"]);
    expect(full.changes).toEqual(exact.changes);
  });

  test("a row that a trigger takes away as it is written is drift", async () => {
    const twin = await makeTwin(schema, { spec });
    await twin.rows(`CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN DELETE FROM items WHERE id = NEW.id; RETURN NULL; END $$`);
    await twin.rows(`CREATE TRIGGER refuse AFTER INSERT ON items FOR EACH ROW
      WHEN (NEW.id = 7) EXECUTE FUNCTION refuse()`);
    await twin.want(many);
    await twin.apply({ grants });
    const { full, exact } = await plans(twin);
    expect(named(exact)).toEqual(["create 7.json drift"]);
    expect({ ...full, compared: [] }).toEqual({ ...exact, compared: [] });
  });

  test("rows in a cycle of foreign keys, and unique values that change places, are followed", async () => {
    const twin = await makeTwin(
      `CREATE TABLE a (id int PRIMARY KEY, b int, place int UNIQUE);
      CREATE TABLE b (id int PRIMARY KEY, a int REFERENCES a);
      ALTER TABLE a ADD FOREIGN KEY (b) REFERENCES b`,
      { spec },
    );
    const rows = (from: number, to: number) => `INSERT INTO a SELECT i, NULL, i FROM generate_series(${from}, ${to}) i;
      INSERT INTO b SELECT i, i FROM generate_series(${from}, ${to}) i; UPDATE a SET b = id`;
    await twin.want(rows(1, 2100));
    await twin.apply({ grants });
    const settled = async () => {
      const { full, exact } = await plans(twin);
      expect(full).toMatchObject({ compared: ["fingerprints", "fingerprints"], changes: [] });
      expect(exact.changes).toEqual([]);
    };
    await settled();
    await twin.want(
      `UPDATE a SET place = 9000 + id WHERE id < 3; UPDATE a SET place = 3 - id WHERE id < 3; ${rows(2101, 2110)}`,
    );
    await twin.apply({ grants, full: true });
    await settled();
  });

  test("any edits and drifts, by incremental and full applies: plans by fingerprints are those of a whole comparison", async () => {
    const twin = await makeTwin(schema, { spec });
    await twin.want(many);
    await twin.apply({ grants });
    const change = fc.tuple(fc.integer({ min: 2090, max: 2110 }), fc.constantFrom("1", "1.0", "2", "NULL", undefined));
    const step = fc.record({
      edits: fc.array(change, { maxLength: 3 }),
      drifts: fc.array(change, { maxLength: 3 }),
      foreign: fc.array(change, { maxLength: 1 }),
      how: fc.constantFrom({}, { full: true }, { exact: true }),
    });
    const sql = (changes: readonly (readonly [number, string | undefined])[]) =>
      changes
        .map(([key, price]) =>
          price === undefined
            ? `DELETE FROM items WHERE id = ${key};`
            : `INSERT INTO items (id, price) VALUES (${key}, ${price}) ON CONFLICT (id) DO UPDATE SET price = ${price};`,
        )
        .join("");
    const seen = new Set<string>();
    await fc.assert(
      fc.asyncProperty(step, async ({ edits, drifts, foreign, how }) => {
        await twin.rows(`${sql(foreign.map(([key, price]) => [key + 5000, price]))} SELECT 1`);
        await twin.rows(`${sql(drifts)} SELECT 1`);
        await twin.want(`${sql(edits)} SELECT 1`);
        const { full, exact } = await plans(twin);
        for (const way of full.compared) seen.add(way);
        expect({ ...full, compared: [] }).toEqual({ ...exact, compared: [] });
        await twin.apply({ ...how, grants });
        const after = await plans(twin);
        expect({ ...after.full, compared: [] }).toEqual({ ...after.exact, compared: [] });
      }),
      { numRuns: 6 },
    );
    expect(seen).toContain("fingerprints");
  });

  test("15: a role that may not keep them applies all the same, and compares all", async () => {
    const twin = await makeTwin(schema, { spec });
    await twin.want(many);
    await twin.apply({ grants });
    const name = `r_${Math.random().toString(36).slice(2)}`;
    await twin.rows(`DROP TABLE heddle.fingerprint; CREATE ROLE ${name} LOGIN PASSWORD 'x';
      GRANT SELECT, INSERT, UPDATE, DELETE ON items TO ${name}; GRANT USAGE ON SCHEMA heddle TO ${name};
      GRANT SELECT, INSERT, DELETE ON ALL TABLES IN SCHEMA heddle TO ${name};
      GRANT EXECUTE ON FUNCTION pg_catalog.pg_control_system() TO ${name}`);
    onTestFinished(async () => {
      await twin.rows(`DROP OWNED BY ${name}; DROP ROLE ${name}`);
    });
    process.env.TWIN_COPY = Object.assign(new URL(twin.copy), { username: name, password: "x" }).href;
    await twin.want("UPDATE items SET price = 0 WHERE id = 1");
    await twin.apply({ exact: true, grants });
    expect(await twin.same("items")).toBe(true);
    expect((await plans(twin)).full.compared).toEqual(["all"]);
  });

  test("where rows are kept as they are all is compared", async () => {
    const twin = await makeTwin(schema, { spec: "apply: { maxDeletes: 100%, onDrift: keep }" });
    await twin.want(many);
    await twin.apply({ grants });
    await twin.rows("UPDATE items SET price = 0 WHERE id = 1");
    await twin.want("UPDATE items SET price = 1 WHERE id = 2");
    await twin.apply({ full: true, grants });
    const kept = await plans(twin);
    expect(kept.full.compared).toEqual(["all"]);
    expect(kept.full).toEqual(kept.exact);
  });
});
