import { expect, test } from "vitest";
import { postgresFixture } from "./server.js";

test("the catalogue: kinds, keys, uniques, references, generated columns, definitions", async () => {
  const { database } = await postgresFixture(`
    CREATE EXTENSION citext;
    CREATE TYPE mood AS ENUM ('it''s', 'b');
    CREATE DOMAIN positive AS integer DEFAULT 1 NOT NULL CONSTRAINT above CHECK (VALUE > 0);
    CREATE TYPE pair AS (m mood, "a b" positive[]);
    CREATE TABLE parents (
      id integer PRIMARY KEY, code text NOT NULL UNIQUE, maybe text UNIQUE, a integer NOT NULL, b integer NOT NULL,
      twice integer GENERATED ALWAYS AS (a * 2) STORED, UNIQUE (a, b) INCLUDE (maybe));
    CREATE UNIQUE INDEX ON parents (a) WHERE b > 0; CREATE UNIQUE INDEX ON parents (lower(code));
    CREATE TABLE children (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, parent integer REFERENCES parents,
      a integer, b integer, m mood, p positive, pairs pair[], c citext, self bigint REFERENCES children DEFERRABLE,
      FOREIGN KEY (b, a) REFERENCES parents (b, a));
    CREATE TABLE keyless (a integer);
    CREATE TABLE parted (id integer, at date, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
    CREATE TABLE parted_2026 PARTITION OF parted FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
    CREATE TABLE heir (extra text) INHERITS (parents);
    CREATE UNLOGGED TABLE unlogged (id integer PRIMARY KEY);
    CREATE VIEW a_view AS SELECT 1 AS id; CREATE MATERIALIZED VIEW a_matview AS SELECT 1 AS id;
    CREATE EXTENSION postgres_fdw; CREATE SERVER remote FOREIGN DATA WRAPPER postgres_fdw;
    CREATE FOREIGN TABLE a_foreign (id integer) SERVER remote;
    CREATE SCHEMA heddle; CREATE TABLE heddle.x (id integer PRIMARY KEY); CREATE TABLE heddle_y (id integer PRIMARY KEY);
    CREATE SCHEMA a; CREATE TABLE a.b (id integer PRIMARY KEY); CREATE TABLE "a.b" (id integer PRIMARY KEY);
    CREATE TABLE "T" (id integer PRIMARY KEY); CREATE TABLE t (id integer PRIMARY KEY);
  `);
  const tables = new Map((await database.read((session) => session.tables())).map((table) => [table.name, table]));
  const refused = [...tables.values()].filter((table) => table.refused).map(({ name, refused }) => [name, refused]);
  expect(refused.sort()).toEqual([
    ["a_foreign", "a foreign table"],
    ["a_matview", "a materialized view"],
    ["a_view", "a view"],
  ]);
  expect([...tables.keys()].sort()).toEqual(
    [
      "a_foreign",
      "a_matview",
      "a_view",
      "a.b",
      '"a.b"',
      "T",
      "t",
      "children",
      "heddle_y",
      "heir",
      "keyless",
      "parents",
      "parted",
      "unlogged",
    ].sort(),
  );
  const parents = tables.get("parents")!;
  expect(parents.key).toEqual(["id"]);
  expect(parents.uniques).toEqual([["code"], ["a", "b"]]);
  expect(parents.columns!.find(({ name }) => name === "twice")!.generated).toBe(true);
  expect(tables.get("keyless")!.key).toBeUndefined();
  expect(tables.get("heir")!.key).toBeUndefined();
  const children = tables.get("children")!;
  expect(children.references).toEqual([
    { constraint: "children_b_a_fkey", fields: ["b", "a"], dataset: "parents", to: ["b", "a"] },
    { constraint: "children_parent_fkey", fields: ["parent"], dataset: "parents", to: ["id"] },
    { constraint: "children_self_fkey", fields: ["self"], dataset: "children", to: ["id"], deferrable: true },
  ]);
  const definition = (name: string) => children.columns!.find((column) => column.name === name)!.definition;
  const mood = `CREATE TYPE "public"."mood" AS ENUM ('it''s', 'b');`;
  const positive = `CREATE DOMAIN "public"."positive" AS integer DEFAULT 1 NOT NULL CONSTRAINT above CHECK ((VALUE > 0));`;
  expect(definition("m")).toBe(mood);
  expect(definition("p")).toBe(positive);
  expect(definition("pairs")).toBe(
    [mood, positive, `CREATE TYPE "public"."pair" AS ("m" public.mood, "a b" public.positive[]);`].join("\n"),
  );
  expect(definition("c")).toBeUndefined();
  expect(definition("id")).toBeUndefined();
});

test("D30: partitioned tables as a whole, rows that move partition; parents without their heirs' rows", async () => {
  const { client, dataset, rows, create, update, remove, found, database } = await postgresFixture(`
    CREATE TABLE parted (id integer, region text, v text, PRIMARY KEY (id, region)) PARTITION BY LIST (region);
    CREATE TABLE parted_eu PARTITION OF parted FOR VALUES IN ('eu');
    CREATE TABLE parted_us PARTITION OF parted FOR VALUES IN ('us');
    CREATE TABLE parent (id integer PRIMARY KEY, v text);
    CREATE TABLE heir (PRIMARY KEY (id)) INHERITS (parent);
    INSERT INTO parent VALUES (1, 'parent'); INSERT INTO heir VALUES (1, 'heir'), (2, 'heir');
  `);
  const parted = await dataset("parted");
  await create(parted, { id: 1, region: "eu", v: "a" }, { id: 2, region: "us", v: "b" });
  expect(await rows(parted, "v > ''")).toEqual(await rows(parted));
  expect(await found(parted, ['[2,"us"]'])).toHaveLength(1);
  await update(parted, '[1,"eu"]', { region: "us" });
  expect((await client.query("SELECT id FROM parted_us ORDER BY id")).rows).toEqual([{ id: 1 }, { id: 2 }]);
  await remove(parted, '[1,"us"]', '[2,"us"]');
  expect(await rows(parted)).toEqual([]);

  const parent = await dataset("parent");
  expect(await rows(parent)).toEqual([{ id: 1, v: "parent" }]);
  expect(await rows(parent, "id > 0")).toEqual([{ id: 1, v: "parent" }]);
  expect(await found(parent, ["[2]"])).toEqual([]);
  expect(await database.read((session) => session.estimate(parent))).toBe(1);
  await update(parent, "[1]", { v: "changed" });
  await remove(parent, "[1]");
  expect(await rows(await dataset("heir"))).toEqual([
    { id: 1, v: "heir" },
    { id: 2, v: "heir" },
  ]);
});

test("D26: the worst identifiers stay apart and intact", async () => {
  const long = "é".repeat(31);
  const { dataset, rows, create, update, remove } = await postgresFixture(`
    CREATE SCHEMA a; CREATE TABLE a.b (id integer PRIMARY KEY, v text); CREATE TABLE "a.b" (id integer PRIMARY KEY, v text);
    CREATE TABLE "T" (id integer PRIMARY KEY, v text); CREATE TABLE t (id integer PRIMARY KEY, v text);
    CREATE TABLE "select" (id integer PRIMARY KEY, v text); CREATE TABLE "${long}" (id integer PRIMARY KEY, v text);
    CREATE TABLE """" (id integer PRIMARY KEY, v text); CREATE TABLE "a""; DROP TABLE t; --" (id integer PRIMARY KEY, v text);
    CREATE SCHEMA "x""."; CREATE TABLE "x"".".".y" (id integer PRIMARY KEY, v text);
    CREATE TABLE heddle_like (id integer PRIMARY KEY, v text); CREATE SCHEMA heddler; CREATE TABLE heddler.x (id integer PRIMARY KEY, v text);
  `);
  const names = [
    "heddle_like",
    "heddler.x",
    "a.b",
    '"a.b"',
    "T",
    "t",
    "select",
    long,
    '""""',
    '"a""; DROP TABLE t; --"',
    '"x""."."."".y"',
  ];
  const { joinName } = await import("../../../../src/model/dataset-name.js");
  expect(joinName('x".', ".y")).toBe('"x"".".".y"');
  for (const [i, name] of names.with(-1, joinName('x".', ".y")).entries()) {
    const table = await dataset(name);
    await create(table, { id: i, v: name }, { id: -1, v: "" });
    await update(table, `[${i}]`, { v: `${name}!` });
    await remove(table, "[-1]");
    expect(await rows(table, "id >= 0")).toEqual([{ id: i, v: `${name}!` }]);
  }
});
