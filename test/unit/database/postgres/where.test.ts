import { expect, test } from "vitest";
import { openDatabase } from "../../../../src/database/open.js";
import { postgresFixture, shortcuts } from "./server.js";

test("D33: predicates mean what they mean to the application, though built-ins are shadowed in public", async () => {
  const { client, dataset, rows, database, entries, url } = await postgresFixture(`
    CREATE SCHEMA app; CREATE EXTENSION citext SCHEMA app; CREATE EXTENSION hstore SCHEMA app;
    CREATE TABLE t (id integer PRIMARY KEY, name app.citext, tags app.hstore, kind regclass);
    INSERT INTO t VALUES (1, 'MiXed', 'a=>1', 't'), (2, 'other', 'b=>2', NULL);
    CREATE FUNCTION app.mixed() RETURNS app.citext LANGUAGE sql AS $$ SELECT 'mixed'::app.citext $$;
    CREATE FUNCTION app.is_first(app.citext) RETURNS boolean LANGUAGE plpgsql AS 'BEGIN RETURN $1 = mixed(); END';
    -- Anyone who may create in public could do this.
    CREATE FUNCTION public.current_setting(text) RETURNS text LANGUAGE sql AS $$ SELECT 'shadowed' $$;
    CREATE FUNCTION public.format_type(oid, integer) RETURNS text LANGUAGE sql AS $$ SELECT 'shadowed' $$;
    CREATE FUNCTION public.current_database() RETURNS name LANGUAGE sql AS $$ SELECT 'shadowed'::name $$;
    CREATE FUNCTION public.unnest(text[]) RETURNS SETOF text LANGUAGE sql AS $$ SELECT 'shadowed' $$;
    CREATE FUNCTION public.never(integer, integer) RETURNS boolean LANGUAGE sql AS 'SELECT false';
    CREATE OPERATOR public.= (LEFTARG = integer, RIGHTARG = integer, FUNCTION = public.never);
    CREATE TYPE public.int4 AS ENUM ('shadow'); CREATE TABLE public.pg_class (id integer PRIMARY KEY);
    CREATE TABLE public.pg_namespace (id integer PRIMARY KEY);
  `);
  const name = new URL(url).pathname.slice(1);
  await client.query(`ALTER DATABASE ${name} SET search_path = app, public, pg_catalog`);
  await using fresh = await openDatabase(url);
  const table = await dataset("t");
  expect(table.fields!.map(({ type }) => type)).toEqual(["integer", "app.citext", "app.hstore", "regclass"]);
  const own = { id: 1, name: "MiXed", tags: '"a"=>"1"', kind: "public.t" };
  expect(await rows(table)).toHaveLength(2);
  const now = shortcuts(fresh);
  for (const where of [
    "name = 'mixed'",
    "tags ? 'a'",
    "is_first(name)",
    "t.name = 'MIXED' -- comment",
    "kind IS NOT NULL",
  ]) {
    expect(await now.rows(table, where), where).toEqual([own]);
  }
  expect(await now.found(table, ["[1]"])).toEqual([["[1]", "[1]"]]);
  await now.update(table, "[1]", { name: "New" });
  await now.create(table, { id: 3, name: "x", tags: null, kind: "public.t" });
  await now.remove(table, "[2]");
  expect((await now.rows(table)).map(({ id, name }) => [id, name])).toEqual([
    [1, "New"],
    [3, "x"],
  ]);
  await fresh.write((session) => session.saveRecord({ version: 1, plan: "p", environment: "e" } as never));
  expect(await fresh.read((session) => session.records())).toEqual([{ version: 1, plan: "p", environment: "e" }]);
  expect(await fresh.read((session) => session.identity())).toBe(await database.read((s) => s.identity()));
  expect(await entries(table)).toHaveLength(2);
});

test("a predicate that would write is refused, and says where it came from", async () => {
  const { client, dataset, rows } = await postgresFixture(`
    CREATE TABLE t (id integer PRIMARY KEY, note text); INSERT INTO t VALUES (1, 'canary');
    CREATE SEQUENCE s;
    CREATE FUNCTION writes() RETURNS boolean LANGUAGE plpgsql AS 'BEGIN INSERT INTO t VALUES (2, NULL); RETURN true; END';
  `);
  const table = await dataset("t");
  await expect(rows(table, "public.writes()")).rejects.toMatchObject({ code: "HDL202" });
  await expect(rows(table, "nextval('public.s') > 0")).rejects.toMatchObject({ code: "HDL202" });
  await expect(rows(table, "id >")).rejects.toThrow(/where/);
  const cast = await rows(table, "note::integer > 0").catch((error) => error);
  expect(`${cast.message} ${cast.cause.message}`).not.toContain("canary");
  expect(cast).toMatchObject({ code: "HDL202" });
  expect((await client.query("SELECT count(*)::int AS n FROM t")).rows).toEqual([{ n: 1 }]);
});
