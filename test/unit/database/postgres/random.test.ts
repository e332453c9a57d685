import fc from "fast-check";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Database } from "../../../../src/database/database.js";
import { describeTable } from "../../../../src/database/describe.js";
import { openDatabase } from "../../../../src/database/open.js";
import { postgresCodec } from "../../../../src/database/postgres/codec.js";
import type { Dataset } from "../../../../src/model/dataset.js";
import { digestOf } from "../../../../src/model/entry.js";
import { renderFields } from "../../../../src/model/json.js";
import { parseManifest } from "../../../../src/model/parse.js";
import { createPostgresDatabase } from "../../../support/servers.js";
import { randomValues } from "./random-values.js";
import { digestedEntries, shortcuts } from "./server.js";
import { hostileDefaults, zoo, zooTypes } from "./zoo.js";

const types = Object.keys(randomValues);
const columns = types.map((type, i) => ({ type, name: `c${i}` }));
const row = fc.tuple(...types.map((type) => fc.option(randomValues[type]!, { freq: 9 })));

let judge: pg.Client;
let database: Database;
let entries: ReturnType<typeof shortcuts>["entries"];
let source: Dataset;
let copy: Dataset;

beforeAll(async () => {
  const url = await createPostgresDatabase();
  judge = new pg.Client(url);
  await judge.connect();
  await judge.query("SET TimeZone = 'UTC'; SET search_path = public; SET extra_float_digits = 1");
  const list = columns.map(({ name, type }) => `${name} ${type}`).join(", ");
  await judge.query(`${zooTypes} CREATE TABLE source (id integer PRIMARY KEY, ${list});
    CREATE TABLE copy (LIKE source INCLUDING ALL)`);
  for (const setting of hostileDefaults) {
    await judge.query(`ALTER DATABASE ${new URL(url).pathname.slice(1)} SET ${setting}`);
  }
  database = await openDatabase(url);
  ({ entries } = shortcuts(database));
  const tables = await database.read((session) => session.tables());
  [source, copy] = ["source", "copy"].map((name) =>
    describeTable(database.engine, tables.find((table) => table.name === name)!, {}),
  ) as [Dataset, Dataset];
});
afterAll(async () => {
  await database[Symbol.asyncDispose]();
  await judge.end();
});

const texts = (table: string) =>
  columns
    .map(({ name, type }) => {
      const value = type === "json[]" ? `array_to_json(${table}.${name})` : `${table}.${name}`;
      return `${value}::text AS ${table}_${name}`;
    })
    .join(", ");

/** White space of json is not carried. */
const spaceless = (type: string, text: string | null) =>
  type.startsWith("json") ? (text?.replaceAll(/("(?:[^"\\]|\\.)*")|\s+/g, "$1") ?? null) : text;

/** Of texts that the type does not take NULL is stored. */
const insert = `INSERT INTO source SELECT row - 1, ${columns
  .map(
    ({ name, type }) =>
      `CASE WHEN pg_input_is_valid(${name}, '${type.replaceAll("'", "''")}') THEN ${name}::${type} END`,
  )
  .join(", ")} FROM ROWS FROM (${columns.map((_, i) => `unnest($${i + 1}::text[])`).join(", ")})
  WITH ORDINALITY AS given (${columns.map(({ name }) => name).join(", ")}, row)`;

test("promise 1: weave(apply(T)) has the files of T, over random rows of every type (C16 to C22)", async () => {
  const without = zoo.map(({ type }) => type).filter((type) => /^\w+$/.test(type) && !types.includes(type));
  // Types of few values, which are all in the zoo.
  expect(without.sort()).toEqual([
    "bpchar",
    "regclass",
    "regnamespace",
    "regproc",
    "regrole",
    "regtype",
    "txid_snapshot",
  ]);
  const stored = new Map<string, number>();
  await fc.assert(
    fc.asyncProperty(fc.array(row, { minLength: 1, maxLength: 12 }), async (rows) => {
      await judge.query("TRUNCATE source, copy");
      await judge.query(
        insert,
        columns.map((_, i) => rows.map((values) => values[i]!)),
      );
      const found = await entries(source);
      expect(found).toHaveLength(rows.length);
      const digested = await digestedEntries(database, source);
      expect(digested).toEqual(found.map(({ key, text }) => ({ key, text, digest: digestOf(text) })));
      const parsed = found.map(({ key, text }) => {
        const { fields, problems } = parseManifest(text);
        expect(problems).toEqual([]);
        const canonical = postgresCodec.canonical(source, fields);
        expect(canonical.problems).toEqual([]);
        expect(renderFields(canonical.fields)).toBe(text);
        for (const { type, name } of columns)
          if (fields.get(name) !== null) stored.set(type, (stored.get(type) ?? 0) + 1);
        return { key, fields };
      });
      await database.write((session) => session.write(copy, { kind: "create", entries: parsed }));
      expect(await entries(copy)).toEqual(found);
      // The last judge is the server itself.
      const { rows: values } = await judge.query<Record<string, string>>(
        `SELECT a.id, ${texts("a")}, ${texts("b")} FROM source a FULL JOIN copy b USING (id)`,
      );
      for (const both of values)
        for (const { name, type } of columns)
          expect(spaceless(type, both[`b_${name}`]!), type).toBe(spaceless(type, both[`a_${name}`]!));
    }),
    { numRuns: 40, endOnFailure: true },
  );
  // A generator whose texts the server refuses would test nothing.
  expect(types.filter((type) => (stored.get(type) ?? 0) < 10)).toEqual([]);
});

test("C16: every real that the server prints is taken; powers of two and halves between neighbours too", async () => {
  const bits = new Uint32Array(1);
  const real = (pattern: number) => {
    bits[0] = pattern;
    return new Float32Array(bits.buffer)[0]!;
  };
  const powers = Array.from({ length: 254 }, (_, i) => [0, 1, 2, 3].map((more) => ((i + 1) << 23) + more));
  const quarters = Array.from({ length: 2000 }, (_, i) => 2097152.25 + i);
  const random = fc.sample(fc.integer({ min: 1, max: 0x7f7fffff }), 20_000);
  const all = [...powers.flat(), ...random].map(real).concat(quarters);
  const { rows } = await judge.query<{ text: string }>("SELECT unnest($1::real[])::text AS text", [all]);
  const dataset = { ...source, fields: [{ name: "v", type: "real" }], key: [] };
  const refused = (number: number) => postgresCodec.canonical(dataset, new Map([["v", number]])).problems.length > 0;
  expect(rows.map(({ text }) => text).filter((text) => refused(Number(text)))).toEqual([]);
  // One digit more or another last one is no value of a real.
  expect([0.123456789, 16777217, 0.30000000000000004, 1e39, 1e-50].filter(refused)).toHaveLength(5);
});
