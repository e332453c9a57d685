import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { undo } from "../../../src/operations/undo.js";
import { rowVersions } from "../../support/postgres-client.js";
import { makeTwin } from "../../support/twin.js";

describe("D27: foreign keys", () => {
  test("a tree that refers to itself: rows move below new ones, old ones go, in one apply", async () => {
    const twin = await makeTwin(
      "CREATE TABLE tree (id int PRIMARY KEY, up int REFERENCES tree, slug text NOT NULL UNIQUE)",
    );
    await twin.want("INSERT INTO tree VALUES (1, NULL, 'root'), (2, 1, 'a'), (3, 2, 'b'), (4, 2, 'c')");
    await twin.apply();
    // 9 takes over what 2 was: its slug, its children.
    await twin.want(`UPDATE tree SET slug = 'old' WHERE id = 2; INSERT INTO tree VALUES (9, 1, 'a'), (8, 9, 'd');
      UPDATE tree SET up = 9 WHERE up = 2; DELETE FROM tree WHERE id = 2`);
    await twin.apply();
    expect(await twin.same("tree")).toBe(true);
    await undo({ directory: twin.project.directory, environment: "copy", grants: { allowDeletes: 9 } });
    expect(await twin.rows("SELECT id, up, slug FROM tree ORDER BY id")).toEqual([
      { id: 1, up: null, slug: "root" },
      { id: 2, up: 1, slug: "a" },
      { id: 3, up: 2, slug: "b" },
      { id: 4, up: 2, slug: "c" },
    ]);
  });

  test("a cycle takes two passes over its nullable column, also for deletes; undo goes back the same way", async () => {
    const twin = await makeTwin(`
      CREATE TABLE team (id int PRIMARY KEY, lead int);
      CREATE TABLE person (id int PRIMARY KEY, team int NOT NULL REFERENCES team);
      ALTER TABLE team ADD FOREIGN KEY (lead) REFERENCES person ON DELETE CASCADE`);
    await twin.want(`INSERT INTO team VALUES (1, NULL), (2, NULL), (3, NULL); INSERT INTO person VALUES (10, 1), (20, 2), (30, 3);
      UPDATE team SET lead = id * 10`);
    await twin.apply();
    expect(await twin.same("team", "person")).toBe(true);
    const first = await twin.rows("SELECT * FROM team ORDER BY id");
    await twin.want(`INSERT INTO team VALUES (4, NULL), (5, NULL); INSERT INTO person VALUES (40, 4), (11, 4);
      UPDATE team SET lead = 40 WHERE id = 4; UPDATE team SET lead = 11 WHERE id = 1;
      UPDATE team SET lead = NULL WHERE id = 2; DELETE FROM person WHERE id = 20; DELETE FROM team WHERE id = 2`);
    await twin.apply();
    expect(await twin.same("team", "person")).toBe(true);
    await undo({ directory: twin.project.directory, environment: "copy", grants: { allowDeletes: 9 } });
    expect(await twin.rows("SELECT * FROM team ORDER BY id")).toEqual(first);
  });

  test("a deferrable cycle needs nothing; one without a way is refused by its constraints, nothing written", async () => {
    const schema = (deferrable: string) => `
      CREATE TABLE a (id int PRIMARY KEY, b int NOT NULL);
      CREATE TABLE b (id int PRIMARY KEY, a int NOT NULL REFERENCES a DEFERRABLE);
      ALTER TABLE a ADD CONSTRAINT a_to_b FOREIGN KEY (b) REFERENCES b DEFERRABLE;
      ${deferrable}`;
    const twin = await makeTwin(schema(""));
    await twin.want("INSERT INTO a VALUES (1, 1), (2, 2); INSERT INTO b VALUES (1, 1), (2, 2)");
    await twin.apply();
    expect(await twin.same("a", "b")).toBe(true);
    await twin.rows(
      "ALTER TABLE a ALTER CONSTRAINT a_to_b NOT DEFERRABLE; ALTER TABLE b ALTER CONSTRAINT b_a_fkey NOT DEFERRABLE",
    );
    await twin.want("DELETE FROM a WHERE id = 1; DELETE FROM b WHERE id = 1");
    const before = await rowVersions(twin.copy);
    await expect(twin.apply()).rejects.toMatchObject({
      code: "HDL206",
      problems: [{ message: expect.stringContaining("a_to_b") }, { message: expect.stringContaining("b_a_fkey") }],
    });
    expect(await rowVersions(twin.copy)).toBe(before);
  });
});

describe("B13, D31: unique values change hands", () => {
  const swap = async (column: string, sql: string, change: string) => {
    const twin = await makeTwin(`CREATE TABLE t (id int PRIMARY KEY, ${column})`);
    await twin.want(sql);
    await twin.apply();
    await twin.want(change);
    return twin;
  };
  /** The source exchanges by way of a free value, as the application would have to. */
  const exchange = (a: string, b: string, free: string) =>
    `UPDATE t SET v = ${free} WHERE v = ${a}; UPDATE t SET v = ${a} WHERE v = ${b}; UPDATE t SET v = ${b} WHERE v = ${free}`;

  test.each([
    ["nullable", "v text UNIQUE", "'a'", "'b'", "NULL"],
    ["text", "v text NOT NULL UNIQUE", "'a'", "'b'", "'x'"],
    ["integers", "v int NOT NULL UNIQUE", "1", "2", "3"],
    ["uuid", "v uuid NOT NULL UNIQUE", "gen_random_uuid()", "gen_random_uuid()", "gen_random_uuid()"],
    ["deferrable", "v int NOT NULL UNIQUE DEFERRABLE CHECK (v > 0)", "1", "2", "3"],
  ])("two rows exchange theirs: %s", async (_, column, a, b) => {
    const twin = await swap(
      column,
      `INSERT INTO t VALUES (1, ${a}), (2, ${b})`,
      `CREATE TEMP TABLE o ON COMMIT DROP AS SELECT * FROM t; DELETE FROM t; INSERT INTO t SELECT 3 - id, v FROM o`,
    );
    const before = await twin.rows("SELECT * FROM t ORDER BY id");
    await twin.apply();
    expect(await twin.same("t")).toBe(true);
    await undo({ directory: twin.project.directory, environment: "copy" });
    expect(await twin.rows("SELECT * FROM t ORDER BY id")).toEqual(before);
  });

  test("a field that does not change makes room for one that does, and comes back", async () => {
    const twin = await swap(
      "list text NOT NULL CHECK (list <> ''), pos int NOT NULL, UNIQUE (list, pos)",
      "INSERT INTO t VALUES (1, 'a', 5), (2, 'b', 5)",
      "DELETE FROM t; INSERT INTO t VALUES (1, 'b', 5), (2, 'a', 5)",
    );
    await twin.apply();
    expect(await twin.same("t")).toBe(true);
  });

  test("a chain goes in order, without another value in between", async () => {
    const twin = await swap(
      "v int NOT NULL CHECK (v BETWEEN 1 AND 13) UNIQUE",
      "INSERT INTO t SELECT i, i FROM generate_series(1, 12) i",
      "ALTER TABLE t DROP CONSTRAINT t_v_key; UPDATE t SET v = v + 1; ALTER TABLE t ADD UNIQUE (v)",
    );
    await twin.apply();
    expect(await twin.same("t")).toBe(true);
  });

  test("a ring of a checked column is refused by the names of key and entries, nothing written", async () => {
    const twin = await swap(
      "v int NOT NULL CHECK (v > 0) UNIQUE",
      "INSERT INTO t VALUES (1, 1), (2, 2), (3, 9)",
      `${exchange("1", "2", "3")}; UPDATE t SET v = 10 WHERE id = 3`,
    );
    const before = await rowVersions(twin.copy);
    await expect(twin.apply()).rejects.toMatchObject({
      code: "HDL206",
      message: "unique values cannot change places; nothing was written",
      problems: [
        { dataset: "t", key: "1", message: expect.stringContaining("t_v_key (v)") },
        { dataset: "t", key: "2" },
      ],
    });
    expect(await rowVersions(twin.copy)).toBe(before);
  });

  test("what a deleted parent gives up is taken by a new one before the children have moved", async () => {
    const twin = await makeTwin(`CREATE TABLE parent (id int PRIMARY KEY, slug text NOT NULL UNIQUE);
      CREATE TABLE child (id int PRIMARY KEY, parent int NOT NULL REFERENCES parent, n int, pos int, UNIQUE (parent, pos))`);
    await twin.want(
      "INSERT INTO parent VALUES (1, 'a'), (2, 'b'); INSERT INTO child VALUES (1, 1, 1, 1), (2, 1, 2, 2)",
    );
    await twin.apply();
    await twin.want(`UPDATE parent SET slug = 'gone' WHERE id = 1; INSERT INTO parent VALUES (3, 'a');
      UPDATE child SET parent = 3; DELETE FROM parent WHERE id = 1;
      UPDATE child SET pos = NULL; UPDATE child SET pos = 3 - id`);
    await twin.apply();
    expect(await twin.same("parent", "child")).toBe(true);
  });
});

test("B13, D27, D31: from any state to any other, through trees, cycles and unique values that change hands", async () => {
  const twin = await makeTwin(`
    CREATE TABLE node (id int PRIMARY KEY, up int REFERENCES node, slug text NOT NULL UNIQUE, pos int UNIQUE, fav int);
    CREATE TABLE leaf (id int PRIMARY KEY, node int NOT NULL REFERENCES node, rank int NOT NULL, UNIQUE (node, rank));
    ALTER TABLE node ADD FOREIGN KEY (fav) REFERENCES leaf`);
  const ids = [1, 2, 3, 4, 5, 6];
  const state = fc.record({
    nodes: fc.subarray(ids, { minLength: 1 }),
    leaves: fc.subarray(ids),
    slugs: fc.shuffledSubarray(ids, { minLength: 6 }),
    order: fc.shuffledSubarray(ids, { minLength: 6 }),
    picks: fc.array(fc.nat(), { minLength: 24, maxLength: 24 }),
  });
  const values = (rows: (string | number | null)[][]) =>
    rows.map((row) => `(${row.map((value) => value ?? "NULL").join(", ")})`).join(", ");
  const sqlOf = ({ nodes, leaves, slugs, order, picks }: typeof state extends fc.Arbitrary<infer T> ? T : never) => {
    const pick = (i: number, among: number[]) => {
      const at = picks[i]! % (among.length + 1);
      return at === among.length ? null : among[at]!;
    };
    const leafRows = leaves.map((id, i) => [id, nodes[picks[i]! % nodes.length]!, order[i]!]);
    const nodeRows = nodes.map((id, i) => [
      id,
      pick(6 + i, nodes),
      `'s${slugs[i]}'`,
      pick(12 + i, [order[i]!]),
      pick(18 + i, leaves),
    ]);
    return `ALTER TABLE node DISABLE TRIGGER ALL; ALTER TABLE leaf DISABLE TRIGGER ALL; DELETE FROM leaf; DELETE FROM node;
      INSERT INTO node VALUES ${values(nodeRows)}; ${leafRows.length > 0 ? `INSERT INTO leaf VALUES ${values(leafRows)};` : ""}
      ALTER TABLE node ENABLE TRIGGER ALL; ALTER TABLE leaf ENABLE TRIGGER ALL`;
  };
  await fc.assert(
    fc.asyncProperty(state, async (wanted) => {
      await twin.want(sqlOf(wanted));
      await twin.apply();
      expect(await twin.same("node", "leaf")).toBe(true);
    }),
    { numRuns: 10, endOnFailure: true },
  );
});
