import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type UndoOptions, undo } from "../../../src/operations/undo.js";
import { makeTwin } from "../../support/twin.js";

type Twin = Awaited<ReturnType<typeof makeTwin>>;

const schema =
  "CREATE TABLE items (id int PRIMARY KEY, code int UNIQUE NOT NULL, name text, price int, stock int DEFAULT 7)";
const rows = "INSERT INTO items VALUES (101, 1, 'A', 10, 1), (102, 2, 'B', 20, 1), (103, 3, 'C', 30, 1)";

const undoIn = ({ project }: Twin, options: Partial<UndoOptions> = {}) =>
  undo({ directory: project.directory, environment: "copy", grants: { allowDeletes: 1000 }, ...options });
const all = { allowDeletes: 1000, allowEmpty: true };
const live = async ({ rows }: Twin) =>
  (await rows("SELECT t::text AS row FROM items t ORDER BY id")).map(({ row }) => row as string);

describe("undo", () => {
  test("finds entries by the key that the weave declared", async () => {
    const twin = await makeTwin(schema, { tables: "items", selection: ", key: [code]" });
    await twin.want(rows);
    await twin.apply();
    await twin.want("INSERT INTO items VALUES (104, 4, 'D', 40, 1); UPDATE items SET price = 11 WHERE code = 1");
    await twin.apply();
    const { plan } = await undoIn(twin);
    expect(plan.datasets[0]!.changes.map(({ kind, name }) => `${kind} ${name}`)).toEqual([
      "delete 4.json",
      "update 1.json",
    ]);
    expect(await live(twin)).toEqual(["(101,1,A,10,1)", "(102,2,B,20,1)", "(103,3,C,30,1)"]);
  });

  test("restores only fields that were written; an entry that was deleted comes back whole, local fields too", async () => {
    const twin = await makeTwin(schema, {
      tables: "items",
      selection: ", omit: [stock]",
      spec: "local: { items: [/price] }\n  apply: { maxDeletes: 100% }",
    });
    await twin.want(rows);
    await twin.apply();
    await twin.rows("UPDATE items SET price = 50, stock = 60");
    await twin.want("UPDATE items SET name = 'A2' WHERE id = 101; DELETE FROM items WHERE id = 102");
    await twin.apply();
    await twin.rows("UPDATE items SET stock = 99, code = 11 WHERE id = 101");
    await undoIn(twin);
    expect(await live(twin)).toEqual(["(101,11,A,50,99)", "(102,2,B,50,60)", "(103,3,C,50,60)"]);
  });

  test("a row that somebody put in again keeps the columns that came later", async () => {
    const twin = await makeTwin(schema, { tables: "items", spec: "apply: { maxDeletes: 100%, onConflict: git }" });
    await twin.want(rows);
    await twin.apply();
    await twin.want("DELETE FROM items WHERE id = 101");
    await twin.apply();
    await twin.rows("ALTER TABLE items ADD later int; INSERT INTO items VALUES (101, 1, 'other', 99, 1, 5)");
    await undoIn(twin);
    expect(await live(twin)).toEqual(["(101,1,A,10,1,5)", "(102,2,B,20,1,)", "(103,3,C,30,1,)"]);
  });

  test("a field that was written and changed since is a conflict", async () => {
    const twin = await makeTwin(schema, { tables: "items" });
    await twin.want(rows);
    await twin.apply();
    await twin.want("UPDATE items SET price = price + 1");
    await twin.apply();
    await twin.rows("UPDATE items SET price = 5 WHERE id = 102");
    await expect(undoIn(twin)).rejects.toMatchObject({ code: "HDL601", problems: [{ key: "102" }] });
    expect(await live(twin)).toContain("(101,1,A,11,1)");
  });

  test("a created entry that was changed since is a conflict, a field that is ignored does not count", async () => {
    const twin = await makeTwin(schema, { tables: "items", spec: "ignore: { items: [/stock] }" });
    await twin.want(rows);
    await twin.apply();
    await twin.rows("UPDATE items SET stock = 5; UPDATE items SET price = 5 WHERE id = 102");
    await expect(undoIn(twin)).rejects.toMatchObject({ code: "HDL601", problems: [{ key: "102" }] });
    await twin.rows("UPDATE items SET price = 20 WHERE id = 102");
    await undoIn(twin, { grants: all });
    expect(await live(twin)).toEqual([]);
  });

  test("of two applies at once: what the first created and the second changed goes, what drifted in between does not", async () => {
    const twin = await makeTwin(schema, { tables: "items", spec: "apply: { onDrift: keep }" });
    await twin.want(rows);
    const first = await twin.apply();
    await twin.rows("UPDATE items SET stock = 4 WHERE id = 102");
    await twin.want("UPDATE items SET price = price + 1");
    await twin.apply();
    const both = { id: first.plan.id };
    await expect(undoIn(twin, both)).rejects.toMatchObject({ code: "HDL601", problems: [{ key: "102" }] });
    await twin.rows("UPDATE items SET stock = 9, name = 'X' WHERE id = 101");
    await expect(undoIn(twin, both)).rejects.toMatchObject({ problems: [{ key: "102" }, { key: "101" }] });
    await twin.rows("DELETE FROM items WHERE id = 102; UPDATE items SET stock = 1, name = 'A' WHERE id = 101");
    await undoIn(twin, { ...both, grants: all });
    expect(await live(twin)).toEqual([]);
  });

  test("of one create among many needs no --allow-empty", async () => {
    const twin = await makeTwin(schema, { tables: "items" });
    await twin.want(rows);
    await twin.apply();
    await twin.want("INSERT INTO items VALUES (104, 4, 'D', 40, 1)");
    await twin.apply();
    const { plan } = await undoIn(twin);
    expect(plan.datasets[0]).toMatchObject({ owned: 4, wanted: 3 });
    await expect(undoIn(twin, { id: plan.id })).resolves.toBeDefined();
    expect(await live(twin)).toContain("(104,4,D,40,1)");
  });

  test("takes back what was applied under the environment's former name", async () => {
    const twin = await makeTwin(schema, { tables: "items" });
    await twin.want(rows);
    await twin.apply();
    const file = join(twin.project.directory, "weave-configs/heddle.yaml");
    writeFileSync(file, readFileSync(file, "utf8").replace("{ name: copy }", "{ name: stage, formerly: [copy] }"));
    twin.project.commitAll("rename");
    await undoIn(twin, { environment: "stage", grants: { allowDeletes: 3, allowEmpty: true } });
    expect(await live(twin)).toEqual([]);
  });
});

describe("D29: what a trigger stores", () => {
  test("in a field that was not written is no drift, now and after the next edit, drift and undo", async () => {
    const twin = await makeTwin("CREATE TABLE items (id int PRIMARY KEY, price int, updated_at timestamptz)", {
      tables: "items",
    });
    await twin.rows(
      `CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS
       $$ BEGIN NEW.updated_at := clock_timestamp(); RETURN NEW; END $$;
       CREATE TRIGGER touch BEFORE UPDATE ON items FOR EACH ROW EXECUTE FUNCTION touch()`,
    );
    const isClean = async () => {
      const { plan, written } = await twin.apply({ full: true });
      return !written && plan.datasets[0]!.changes.length === 0;
    };
    await twin.want("INSERT INTO items VALUES (1, 10, '2020-01-01')");
    await twin.apply();
    expect(await isClean()).toBe(true);
    for (const price of [11, 12]) {
      await twin.want(`UPDATE items SET price = ${price}`);
      await twin.apply();
      expect(await isClean()).toBe(true);
    }
    await twin.rows("UPDATE items SET price = 5");
    await twin.apply({ full: true });
    expect(await isClean()).toBe(true);
    await twin.want("UPDATE items SET price = 13");
    await twin.apply();
    await undoIn(twin);
    expect(await twin.rows("SELECT price, updated_at > '2021-01-01' AS touched FROM items")).toEqual([
      { price: 12, touched: true },
    ]);
    const { plan, written } = await twin.apply({ revision: "HEAD~1" });
    expect([written, plan.datasets[0]!.changes]).toEqual([false, []]);
  });
});

describe("G45: what was taken back stays held", () => {
  const small = "CREATE TABLE items (id int PRIMARY KEY, price int)";

  /** Three entries, applied; the price of the first was 10 and becomes each of these, one commit each. */
  async function shop(...prices: number[]) {
    const twin = await makeTwin(small, { tables: "items" });
    await twin.want("INSERT INTO items VALUES (1, 10), (2, 20), (3, 30)");
    await twin.apply();
    for (const price of prices) await twin.want(`UPDATE items SET price = ${price} WHERE id = 1`);
    await twin.apply();
    return twin;
  }
  const price = async (twin: Twin) => (await twin.rows("SELECT price FROM items WHERE id = 1"))[0]!.price;

  test("through a hotfix from before, until main brings it again; other entries' drift is repaired freely", async () => {
    const twin = await shop(11);
    await undoIn(twin);
    await twin.rows("UPDATE items SET price = 99 WHERE id = 2");
    await twin.apply({ revision: "HEAD~1" });
    const { git, directory } = twin.project;
    const file = join(directory, "data/all/items/3.json");
    git("switch", "-qc", "hotfix", "HEAD~1");
    writeFileSync(file, readFileSync(file, "utf8").replace("30", "33"));
    twin.project.commitAll("hotfix");
    await twin.apply();
    git("switch", "-q", "main");
    git("merge", "-q", "--no-edit", "hotfix");
    await expect(twin.apply()).rejects.toMatchObject({ code: "HDL600" });
    expect(await price(twin)).toBe(10);
    await twin.apply({ grants: { releaseHold: true } });
    expect(await price(twin)).toBe(11);
    expect((await twin.apply()).written).toBe(false);
  });

  test("after a second rollback, and in a clone that does not know it", async () => {
    const twin = await shop(11, 12);
    const grants = { rollback: true };
    await twin.apply({ revision: "HEAD~1", grants });
    await twin.apply({ revision: "HEAD~2", grants });
    await expect(twin.apply()).rejects.toMatchObject({ code: "HDL600" });
    await expect(twin.apply({ revision: "HEAD~1" })).rejects.toMatchObject({ code: "HDL600" });
    twin.project.git("switch", "-qc", "other", "HEAD~2");
    twin.project.git("branch", "-qD", "main");
    twin.project.git("reflog", "expire", "--expire=now", "--all");
    twin.project.git("gc", "-q", "--prune=now");
    const file = join(twin.project.directory, "data/all/items/3.json");
    writeFileSync(file, readFileSync(file, "utf8").replace("30", "33"));
    twin.project.commitAll("another entry");
    await twin.apply();
    expect(await twin.rows("SELECT price FROM items ORDER BY id")).toEqual([
      { price: 10 },
      { price: 20 },
      { price: 33 },
    ]);
  });
});

describe("promise 7: what onConflict live kept stays a conflict", () => {
  const schema = "CREATE EXTENSION IF NOT EXISTS citext; CREATE TABLE items (sku citext PRIMARY KEY, price int)";
  const live = { tables: "items", spec: "apply: { onConflict: live, order: any }" };

  test("under a key that git spells otherwise", async () => {
    const twin = await makeTwin(schema, live);
    await twin.want("INSERT INTO items VALUES ('abc', 10)");
    await twin.apply();
    await twin.rows("UPDATE items SET price = 5");
    await twin.want("UPDATE items SET sku = 'ABC', price = 11");
    await twin.apply();
    expect(await twin.rows("SELECT * FROM items")).toEqual([{ sku: "ABC", price: 5 }]);
    twin.project.git("commit", "-q", "--allow-empty", "-m", "nothing");
    await twin.apply();
    expect(await twin.rows("SELECT * FROM items")).toEqual([{ sku: "ABC", price: 5 }]);
  });

  test("of an undo", async () => {
    const twin = await makeTwin(schema, live);
    await twin.want("INSERT INTO items VALUES ('a', 10), ('b', 20)");
    await twin.apply();
    await twin.want("UPDATE items SET price = price + 1");
    await twin.apply();
    await twin.rows("UPDATE items SET price = 5 WHERE sku = 'b'");
    await undoIn(twin);
    const prices = [{ price: 10 }, { price: 5 }];
    expect(await twin.rows("SELECT price FROM items ORDER BY sku")).toEqual(prices);
    const { plan } = await twin.apply({ revision: "HEAD~1" });
    expect(plan.datasets[0]!.kept).toMatchObject([{ why: "conflict" }]);
    expect(await twin.rows("SELECT price FROM items ORDER BY sku")).toEqual(prices);
  });

  test("where the base was lost", async () => {
    const twin = await makeTwin(schema, live);
    await twin.want("INSERT INTO items VALUES ('a', 10), ('b', 20)");
    await twin.apply();
    await twin.rows("UPDATE items SET price = 5 WHERE sku = 'a'");
    const lost = "0123456789012345678901234567890123456789";
    const record = `json_build_object('revision', '${lost}', 'trees', json_build_object('all', '${lost}'))::jsonb`;
    await twin.rows(`UPDATE heddle.applied SET record = (record::jsonb || ${record})::json`);
    for (const price of [11, 12]) {
      await twin.want(`UPDATE items SET price = ${price} WHERE sku = 'a'`);
      expect((await twin.apply()).plan.datasets[0]!.kept).toMatchObject([{ why: "conflict" }]);
      expect(await twin.rows("SELECT price FROM items ORDER BY sku")).toEqual([{ price: 5 }, { price: 20 }]);
    }
  });
});
