import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import type { HeddleError } from "../../../src/model/errors.js";
import { plan } from "../../../src/operations/plan.js";
import { onDatabase, rowVersions } from "../../support/postgres-client.js";
import { makeTwin } from "../../support/twin.js";

type Twin = Awaited<ReturnType<typeof makeTwin>>;

/** Has to fail with this code, and to leave the copy as it is. */
async function refused(twin: Twin, code: string, run: () => Promise<unknown>): Promise<HeddleError> {
  const before = await rowVersions(twin.copy);
  const error = (await run().catch((error) => error)) as HeddleError;
  expect(error).toMatchObject({ code });
  expect(await rowVersions(twin.copy), "something was written").toBe(before);
  return error;
}
const told = ({ problems }: HeddleError) =>
  problems.map(({ dataset, path, message }) =>
    [dataset, path, message].filter((part) => part !== undefined).join(": "),
  );
const planOf = (twin: Twin, more = {}) => plan({ directory: twin.project.directory, environment: "copy", ...more });

describe("D34: the schema", () => {
  test("all that does not fit is listed at once, in plan and apply, nothing written", async () => {
    const twin =
      await makeTwin(`CREATE TABLE a (id int PRIMARY KEY, x int, y text, z int); CREATE TABLE b (id int PRIMARY KEY);
      CREATE TABLE c (id int PRIMARY KEY); CREATE TABLE d (id int PRIMARY KEY, e text)`);
    await twin.want(
      "INSERT INTO a VALUES (1, 1, '', 1); INSERT INTO b VALUES (1); INSERT INTO c VALUES (1); INSERT INTO d VALUES (1)",
    );
    await twin.rows(`ALTER TABLE a DROP COLUMN x, ALTER y TYPE varchar(5), DROP COLUMN z, ADD COLUMN z int GENERATED ALWAYS AS (1) STORED;
      DROP TABLE b; DROP TABLE c; CREATE VIEW c AS SELECT 1 AS id; ALTER TABLE d DROP CONSTRAINT d_pkey`);
    for (const run of [() => planOf(twin), () => twin.apply()]) {
      expect(told(await refused(twin, "HDL206", run))).toEqual([
        "a: x: the table has no such column",
        "a: y: is character varying(5) in the database, text in git",
        "a: z: is a generated column, which cannot be written",
        "b: the database has no such table",
        "c: is a view, which cannot be applied to",
        "d: has no unique, not-null key over id",
      ]);
    }
  });

  test("a table altered between plan and apply: the plan is stale, saved or not", async () => {
    const twin = await makeTwin("CREATE TABLE a (id int PRIMARY KEY, x text); CREATE TABLE b (id int PRIMARY KEY)");
    await twin.want("INSERT INTO a VALUES (1, ''); INSERT INTO b VALUES (1)");
    const out = join(twin.project.beside("plan.json"));
    await planOf(twin, { out });
    const confirm = async () => {
      await twin.rows("ALTER TABLE a ADD COLUMN later int DEFAULT 5");
      return "yes" as const;
    };
    const before = await twin.rows("SELECT count(*) FROM a");
    const error = (await twin.apply({ confirm }).catch((error) => error)) as HeddleError;
    expect(error.code).toBe("HDL602");
    expect(told(error)).toEqual(["a: the table was altered"]);
    expect(await twin.rows("SELECT count(*) FROM a")).toEqual(before);
    const saved = await refused(twin, "HDL602", () => twin.apply({ plan: out, grants: {} }));
    expect(told(saved)).toEqual(["a: the table was altered"]);
    await twin.apply();
    expect(await twin.rows("SELECT * FROM a")).toEqual([{ id: 1, x: "", later: 5 }]);
  });
});

test("15: a role without the rights plans, is told all that apply lacks, and applies once it has them", async () => {
  const twin = await makeTwin("CREATE TABLE a (id int PRIMARY KEY, x text); CREATE TABLE b (id int PRIMARY KEY)");
  await twin.want("INSERT INTO a VALUES (1, ''), (2, ''); INSERT INTO b VALUES (1)");
  await twin.apply();
  await twin.want("UPDATE a SET x = 'new' WHERE id = 1; DELETE FROM a WHERE id = 2");
  const name = `r_${Math.random().toString(36).slice(2)}`;
  await twin.rows(`CREATE ROLE ${name} LOGIN PASSWORD 'x'; GRANT SELECT ON a, b TO ${name}; GRANT USAGE ON SCHEMA heddle TO ${name};
    GRANT SELECT ON ALL TABLES IN SCHEMA heddle TO ${name}`);
  onTestFinished(async () => {
    await twin.rows(`DROP OWNED BY ${name}; DROP ROLE ${name}`);
  });
  process.env.TWIN_COPY = Object.assign(new URL(twin.copy), { username: name, password: "x" }).href;
  const lacks = [
    "the role may not use the schema heddle",
    "a: the role may not update rows, which locking them takes too",
    "a: the role may not delete rows",
  ];
  const { plan: made, outcome } = await planOf(twin);
  expect(outcome, "a reader of CI sees changes, not a refusal").toBe("changes");
  expect(made.obstacles!.map(({ dataset, message }) => (dataset ? `${dataset}: ${message}` : message))).toEqual(lacks);
  const error = await refused(twin, "HDL206", () => twin.apply());
  expect(told(error), "b changes nothing: what is missing there does not count").toEqual(lacks);
  for (const { hint } of error.problems) await twin.rows(hint!);
  await twin.apply();
  expect(await twin.same("a")).toBe(true);
});

describe("D27: deletes that reach other rows", () => {
  const prepare = async () => {
    const twin = await makeTwin(
      `CREATE TABLE parent (id int PRIMARY KEY); CREATE TABLE other (id int PRIMARY KEY, parent int REFERENCES parent ON DELETE CASCADE,
         maybe int REFERENCES parent ON DELETE SET NULL)`,
      { tables: "parent" },
    );
    await twin.want("INSERT INTO parent SELECT generate_series(1, 40)");
    await twin.apply();
    await twin.rows("INSERT INTO other VALUES (1, 1, NULL), (2, 1, NULL), (3, 2, 1)");
    await twin.want("DELETE FROM parent WHERE id = 1");
    return twin;
  };

  test("are in the plan with their count, and need a consent though the budget would allow the delete itself", async () => {
    const twin = await prepare();
    const { plan: made, missing } = await planOf(twin);
    expect(made.dependents).toEqual([
      { dataset: "other", constraint: "other_parent_fkey", action: "cascade", count: 2 },
      { dataset: "other", constraint: "other_maybe_fkey", action: "set null", count: 1 },
    ]);
    expect(missing.map(({ flag }) => flag)).toEqual(["--allow-deletes 2", "--allow-changes 1"]);
    await refused(twin, "HDL600", () => twin.apply({ grants: {} }));
    await twin.apply({ grants: { allowDeletes: 2, allowChanges: 1 } });
    expect(await twin.rows("SELECT id, parent, maybe FROM other")).toEqual([{ id: 3, parent: 2, maybe: null }]);
  });

  test("rows that come to refer meanwhile make the plan stale", async () => {
    const twin = await prepare();
    const confirm = async () => {
      await twin.rows("INSERT INTO other VALUES (4, 1, NULL)");
      return "yes" as const;
    };
    const error = (await twin.apply({ confirm }).catch((error) => error)) as HeddleError;
    expect(error.code).toBe("HDL602");
    expect(told(error)[0]).toContain("3 rows not in this plan would be deleted");
    expect(await twin.rows("SELECT id FROM parent WHERE id = 1")).toHaveLength(1);
  });
});

describe("hooks", () => {
  const schema = `CREATE TABLE t (id int PRIMARY KEY, price int); CREATE TABLE log (n serial PRIMARY KEY, what text, prices int);
    CREATE FUNCTION note(w text) RETURNS void LANGUAGE sql AS 'INSERT INTO log (what, prices) SELECT w, sum(price) FROM t'`;
  const hooked = (hooks: string) => makeTwin(schema, { tables: "t", spec: `hooks: ${hooks}` });

  test("run in the apply's transaction in their order; not where nothing changes", async () => {
    const twin = await hooked(`{ preApply: ["SELECT note('pre')"], postApply: ["SELECT note('post')"],
      verify: ["SELECT id FROM t WHERE price < 0", "DO 'BEGIN PERFORM note(''verify''); END'"] }`);
    await twin.want("INSERT INTO t VALUES (1, 5)");
    await twin.apply();
    await twin.apply();
    const log = await twin.rows("SELECT what, prices FROM log ORDER BY n");
    expect(log).toEqual([
      { what: "pre", prices: null },
      { what: "post", prices: 5 },
      { what: "verify", prices: 5 },
    ]);
    expect(await onDatabase(twin.source, "SELECT count(*)::int AS n FROM log")).toEqual([{ n: 0 }]);
  });

  test.each([
    [
      "a verify that gives rows",
      `{ verify: ["SELECT 1 WHERE false", "SELECT price FROM t WHERE price > 900"] }`,
      "hooks.verify[1] gave 2 rows",
    ],
    ["an error", `{ postApply: ["SELECT ('secret' || price)::int FROM t"] }`, "hooks.postApply[0] failed"],
    ["an end of the transaction", `{ preApply: ["COMMIT"] }`, "hooks.preApply[0] failed"],
  ])("%s rolls all of it back, and shows no value", async (_, hooks, message) => {
    const twin = await hooked(hooks);
    await twin.want("INSERT INTO t VALUES (1, 987), (2, 988)");
    const error = await refused(twin, "HDL608", () => twin.apply());
    expect(error.message).toContain(message);
    expect(JSON.stringify([error.message, error.hint, error.problems, String(error.cause)])).not.toMatch(
      /98[78]|secret/,
    );
  });

  test("are of the trusted configuration: a revision cannot bring its own", async () => {
    const twin = await hooked(`{ postApply: ["SELECT note('trusted')"] }`);
    await twin.want("INSERT INTO t VALUES (1, 5)");
    const trusted = twin.project.git("rev-parse", "HEAD");
    twin.project.write(
      "weave-configs/heddle.yaml",
      twin.project.git("show", "HEAD:weave-configs/heddle.yaml").replace("trusted", "theirs"),
    );
    twin.project.commitAll("other hooks");
    await twin.apply({ config: trusted });
    expect(await twin.rows("SELECT what FROM log")).toEqual([{ what: "trusted" }]);
  });
});
