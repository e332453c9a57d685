import { expect, test } from "vitest";
import { postgresFixture } from "./server.js";

test("C23: keys equal to the database but spelled otherwise are found, by the index's own equality", async () => {
  const { database, dataset, found, update, remove, rows } = await postgresFixture(`
    CREATE SCHEMA extensions; CREATE EXTENSION citext SCHEMA extensions;
    CREATE COLLATION caseless (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
    CREATE TABLE a_citext (id extensions.citext PRIMARY KEY, v text);
    CREATE TABLE a_collated (id text COLLATE caseless PRIMARY KEY, v text);
    CREATE TABLE a_numeric (id numeric PRIMARY KEY, v text);
    CREATE TABLE a_float (id float8 PRIMARY KEY, v text);
    CREATE TABLE a_char (id char(4) PRIMARY KEY, v text);
    CREATE TABLE other_collation (id text COLLATE "C" NOT NULL, v text);
    CREATE UNIQUE INDEX ON other_collation (id COLLATE caseless);
    INSERT INTO a_citext VALUES ('MiXed', 'v'); INSERT INTO a_collated VALUES ('MiXed', 'v');
    INSERT INTO a_numeric VALUES (1.00, 'v'); INSERT INTO a_float VALUES ('-0', 'v'); INSERT INTO a_char VALUES ('ab', 'v');
    INSERT INTO other_collation VALUES ('MiXed', 'v');
  `);
  for (const [name, other, own, selection] of [
    ["a_citext", '["mIxED"]', '["MiXed"]', {}],
    ["a_collated", '["mIxED"]', '["MiXed"]', {}],
    ["other_collation", '["mIxED"]', '["MiXed"]', { key: ["id"] }],
    ["a_numeric", '["1.0"]', '["1.00"]', {}],
    ["a_float", "[0]", '["-0"]', {}],
    ["a_char", '["ab"]', '["ab  "]', {}],
  ] as const) {
    const table = await dataset(name, selection);
    expect(await found(table, [other]), name).toEqual([[other, own]]);
    const locked = await database.write(async (session) => {
      for await (const [first] of session.lookup(table, [other])) return first!.entry.key;
    });
    expect(locked, name).toBe(own);
    await update(table, own, { v: "w" });
    expect((await rows(table))[0]!.v, name).toBe("w");
    await remove(table, own);
    expect(await rows(table), name).toEqual([]);
  }
});

test("C23: a changed spelling of a key is an update of that row", async () => {
  const { dataset, update, rows } = await postgresFixture(`
    CREATE EXTENSION citext; CREATE TABLE t (id citext PRIMARY KEY, v text); INSERT INTO t VALUES ('abc', 'v');
  `);
  const table = await dataset("t");
  await update(table, '["abc"]', { id: "ABC", v: "w" });
  expect(await rows(table)).toEqual([{ id: "ABC", v: "w" }]);
});

test("keys of every kind of type: enum, array, composite, range, domain, json, uuid, bytea, several columns", async () => {
  const { dataset, entries, found, create, update, remove } = await postgresFixture(`
    CREATE TYPE mood AS ENUM ('sad', 'a,"b');
    CREATE TYPE pair AS (a integer, b text);
    CREATE DOMAIN positive AS integer CHECK (VALUE > 0);
    CREATE DOMAIN tags AS text[];
    CREATE TABLE t_enum (id mood PRIMARY KEY, v text); INSERT INTO t_enum VALUES ('sad'), ('a,"b');
    CREATE TABLE t_array (id text[] PRIMARY KEY, v text); INSERT INTO t_array VALUES ('{a,NULL}'), ('{"NULL"}'), ('[2:2]={x}');
    CREATE TABLE t_ints (id integer[] PRIMARY KEY, v text); INSERT INTO t_ints VALUES ('{1,2}'), ('{}');
    CREATE TABLE t_pair (id pair PRIMARY KEY, v text); INSERT INTO t_pair VALUES ('(1,"a ""b""")'), ('(,)');
    CREATE TABLE t_range (id int4range PRIMARY KEY, v text); INSERT INTO t_range VALUES ('[1,3)'), ('empty');
    CREATE TABLE t_domain (id positive PRIMARY KEY, v text); INSERT INTO t_domain VALUES (1);
    CREATE TABLE t_tags (id tags PRIMARY KEY, v text); INSERT INTO t_tags VALUES ('{a,"b c"}');
    CREATE TABLE t_jsonb (id jsonb PRIMARY KEY, v text); INSERT INTO t_jsonb VALUES ('{"a": [1.0]}'), ('null'), ('"x"'), ('{"a": 1}');
    CREATE TABLE t_uuid (id uuid PRIMARY KEY, v text); INSERT INTO t_uuid VALUES (gen_random_uuid());
    CREATE TABLE t_bytea (id bytea PRIMARY KEY, v text); INSERT INTO t_bytea VALUES ('\\x00ff');
    CREATE TABLE t_bit (id bit(3) PRIMARY KEY, v text); INSERT INTO t_bit VALUES (B'101');
    CREATE TABLE t_varchar (id varchar(3) PRIMARY KEY, v text); INSERT INTO t_varchar VALUES ('abc');
    CREATE TABLE t_name (id name PRIMARY KEY, v text); INSERT INTO t_name VALUES ('abc');
    CREATE TABLE t_onechar (id "char" PRIMARY KEY, v text); INSERT INTO t_onechar VALUES ('a');
    CREATE TABLE t_time (id timestamptz PRIMARY KEY, v text); INSERT INTO t_time VALUES ('infinity'), ('0044-03-15 00:00:00+00 BC');
    CREATE TABLE t_class (id regclass PRIMARY KEY, v text); INSERT INTO t_class VALUES ('t_time');
    CREATE TABLE t_many (b text, a bigint, c date, PRIMARY KEY (c, a)); INSERT INTO t_many VALUES ('x', 9007199254740993, '2026-01-01'), ('y', 1, 'infinity');
    CREATE TABLE t_include (id integer NOT NULL, v text, UNIQUE (id) INCLUDE (v)); INSERT INTO t_include VALUES (1);
  `);
  const names =
    "enum array ints pair range domain tags jsonb uuid bytea bit varchar name onechar time class many include";
  for (const name of names.split(" ")) {
    const table = await dataset(`t_${name}`, name === "include" ? { key: ["id"] } : {});
    const keys = (await entries(table)).map(({ key }) => key);
    expect((await found(table, keys)).sort(), name).toEqual(keys.map((key) => [key, key]).sort());
    for (const key of keys) await update(table, key, { [name === "many" ? "b" : "v"]: "w" });
    await remove(table, ...keys);
    expect(await entries(table), name).toEqual([]);
  }
  // A longer key is no match: it is not cut to the column's length.
  const table = await dataset("t_varchar");
  await create(table, { id: "abc", v: null });
  expect(await found(table, ['["abcd"]'])).toEqual([]);
});

test("a key that no unique index holds is refused for lookups and writes (HDL206), though it can be read", async () => {
  const { dataset, entries, found, client } = await postgresFixture(`
    CREATE TABLE t (id integer PRIMARY KEY, sku text NOT NULL UNIQUE); INSERT INTO t VALUES (1, 'a');
  `);
  const table = await dataset("t", { key: ["sku"] });
  expect(await found(table, ['["a"]'])).toEqual([['["a"]', '["a"]']]);
  await client.query("ALTER TABLE t DROP CONSTRAINT t_sku_key; CREATE UNIQUE INDEX ON t (sku) WHERE id > 0");
  await expect(found(table, ['["a"]'])).rejects.toMatchObject({ code: "HDL206" });
  expect(await entries(table)).toHaveLength(1);
});

test("a key that its column's type does not accept is an error without the value, naming every such key", async () => {
  const { dataset, found } = await postgresFixture("CREATE TABLE t (id uuid PRIMARY KEY)");
  const table = await dataset("t");
  const error = await found(table, ['["canary"]']).catch((error) => error);
  expect(error).toMatchObject({ code: "HDL204" });
  expect(error.message).not.toContain("canary");
});
