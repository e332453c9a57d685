import pg from "pg";
import { describe, expect, onTestFinished, test } from "vitest";
import { openDatabase } from "../../../src/database/open.js";
import { withRetry } from "../../../src/database/retry.js";
import { startProxy } from "../../support/proxy.js";
import { makeTwin } from "../../support/twin.js";
import { postgresFixture } from "../database/postgres/server.js";

describe("B14, D32: a connection that is cut while apply commits", () => {
  const schema = `CREATE TABLE t (id int PRIMARY KEY, v int); CREATE TABLE audit (at serial PRIMARY KEY, id int);
    CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO audit (id) VALUES (NEW.id); RETURN NEW; END';
    CREATE TRIGGER note AFTER INSERT OR UPDATE ON t FOR EACH ROW EXECUTE FUNCTION note()`;
  const prepare = async () => {
    const twin = await makeTwin(schema, { tables: "t" });
    await twin.want("INSERT INTO t SELECT i, i FROM generate_series(1, 20) i");
    return twin;
  };

  test.each([
    // The client sees the same in the first two cases: one more commit asks the record, and only then one writes again.
    ["before", 3],
    ["during", 2],
    ["after", 1],
  ] as const)("%s the COMMIT: everything is there, written once", async (cut, commits) => {
    const twin = await prepare();
    const proxy = await startProxy(twin.copy, cut);
    process.env.TWIN_COPY = proxy.url;
    const { plan, written } = await twin.apply();
    expect(written).toBe(true);
    expect(await twin.same("t")).toBe(true);
    expect(await twin.rows("SELECT count(*)::int AS writes FROM audit")).toEqual([{ writes: 20 }]);
    expect(await twin.rows("SELECT plan FROM heddle.applied")).toEqual([{ plan: plan.id }]);
    expect(proxy.state).toEqual({ left: 0, commits });
  });

  test("where asking is cut too, it is asked again", async () => {
    const twin = await prepare();
    const proxy = await startProxy(twin.copy, "during", 1000);
    process.env.TWIN_COPY = proxy.url;
    const applied = twin.apply().catch((error) => error);
    await expect.poll(() => proxy.state.commits, { timeout: 30_000 }).toBeGreaterThan(2);
    proxy.state.left = 0;
    expect(await applied).toMatchObject({ written: true });
    expect(await twin.rows("SELECT count(*)::int AS writes FROM audit")).toEqual([{ writes: 20 }]);
  });
});

describe("D32: transient errors", () => {
  test("a deadlock: both transactions come through, each whole", async () => {
    const { client, database, dataset } = await postgresFixture(
      "CREATE TABLE t (id int PRIMARY KEY, v int NOT NULL); INSERT INTO t VALUES (1, 0), (2, 0)",
    );
    const t = await dataset("t");
    let tries = 0;
    const patient = withRetry(database, { delay: 10, retrying: () => tries++ });
    const set = (id: number, v: number) => ({
      kind: "update" as const,
      entries: [{ key: `[${id}]`, set: new Map([["v", v]]) }],
    });
    let waiting = 2;
    const crosswise = (v: number, first: number, second: number) =>
      patient.write(async (session) => {
        await session.write(t, set(first, v));
        waiting--;
        while (waiting > 0) await new Promise((resolve) => setTimeout(resolve, 5));
        await session.write(t, set(second, v));
      });
    await Promise.all([crosswise(1, 1, 2), crosswise(2, 2, 1)]);
    expect(tries).toBe(1);
    const { rows } = await client.query("SELECT DISTINCT v FROM t");
    expect(rows).toHaveLength(1);
  });

  test("a serialization failure", async () => {
    const { client, url, database } = await postgresFixture(
      "CREATE TABLE t (id int PRIMARY KEY, v int NOT NULL); INSERT INTO t VALUES (1, 0)",
    );
    let tries = 0;
    // The server itself refuses: the row was changed after the snapshot of a REPEATABLE READ transaction.
    const strict = {
      ...database,
      write: async (work: () => Promise<void>) => {
        const own = new pg.Client(url);
        await own.connect();
        try {
          await own.query("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT * FROM t");
          if (tries === 0) await client.query("UPDATE t SET v = v + 10");
          await own.query("UPDATE t SET v = v + 1");
          await own.query("COMMIT");
          await work();
        } finally {
          await own.end();
        }
      },
    } as unknown as typeof database;
    await withRetry(strict, { delay: 5, retrying: () => tries++ }).write(async () => {});
    expect(tries).toBe(1);
    expect((await client.query("SELECT v FROM t")).rows).toEqual([{ v: 11 }]);
  });

  test.each(["lock_timeout", "statement_timeout"])("%s: tried again, and bounded", async (setting) => {
    const { client, url, dataset } = await postgresFixture(
      "CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1)",
    );
    const t = await dataset("t");
    const impatient = new URL(url);
    impatient.searchParams.set("options", `-c ${setting}=100`);
    const database = await openDatabase(impatient.href);
    onTestFinished(() => database[Symbol.asyncDispose]());
    let tries = 0;
    let release = async () => {};
    const patient = withRetry(database, {
      attempts: 4,
      delay: 10,
      retrying: () => {
        tries++;
        if (tries === 2) void release();
      },
    });
    const remove = () => patient.write((session) => session.write(t, { kind: "delete", keys: ["[1]"] }));
    await client.query("BEGIN; SELECT * FROM t FOR UPDATE");
    const error = await remove().catch((error) => error);
    expect(error).toMatchObject({ code: "HDL205" });
    expect(tries).toBe(3);
    tries = 0;
    release = async () => {
      await client.query("ROLLBACK");
    };
    await remove();
    expect((await client.query("SELECT FROM t")).rowCount).toBe(0);
  });

  test("what will not pass by itself is told at once", async () => {
    const { database, dataset } = await postgresFixture(
      "CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1)",
    );
    const t = await dataset("t");
    let tries = 0;
    const patient = withRetry(database, { retrying: () => tries++ });
    const entries = [{ key: "[1]", fields: new Map([["id", 1]]) }];
    await expect(patient.write((session) => session.write(t, { kind: "create", entries }))).rejects.toMatchObject({
      code: "HDL205",
    });
    expect(tries).toBe(0);
  });
});
