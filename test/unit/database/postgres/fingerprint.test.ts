import { expect, test } from "vitest";
import { combine, differingBuckets, noRows, total } from "../../../../src/model/fingerprint.js";
import { postgresFixture } from "./server.js";

/** Values of a type that it may count as equal, and that are not printed the same. */
const pairs: [type: string, one: string, other: string][] = [
  ["numeric", "1.0", "1.00"],
  ["numeric[]", "{1.0}", "{1.00}"],
  ["float8", "0", "-0"],
  ["float4", "0", "-0"],
  ["interval", "1 day", "24:00:00"],
  ["jsonb", '{"a": 1.0}', '{"a": 1.00}'],
  ["json", '{"a":1}', '{"a": 1}'],
  ["xml", "<a/>", "<a></a>"],
  ["citext", "a", "A"],
  ["loose_text", "a", "A"],
  ["text", "a", "a "],
  ["varchar(9)", "a", "A"],
  ["char(3)", "a", "b"],
  ["numrange", "[1.0,2)", "[1.00,2)"],
  ["pair", "(1.0,a)", "(1.00,a)"],
  ["amount", "1.0", "1.00"],
  ["name_text", "a", "A"],
  ["timetz", "00:00:00+00", "01:00:00+01"],
  ["point", "(0,0)", "(-0,0)"],
  ["mood", "sad", "glad"],
  ["bytea", "\\x00", "\\x0000"],
  ["int", "1", "2"],
  ["uuid", "00000000-0000-0000-0000-000000000001", "00000000-0000-0000-0000-000000000002"],
  ["timestamptz", "2020-01-01 00:00:00+00", "2020-01-01 00:00:00.000001+00"],
  ["date", "infinity", "-infinity"],
  ["bit varying", "1", "10"],
];

test("C16 to C22: values that are printed differently have different fingerprints, whatever counts as equal", async () => {
  const { client, database, dataset } = await postgresFixture(`
    CREATE EXTENSION citext;
    CREATE COLLATION loose (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
    CREATE DOMAIN loose_text AS text COLLATE loose; CREATE DOMAIN name_text AS varchar(40) COLLATE loose;
    CREATE DOMAIN amount AS numeric; CREATE TYPE pair AS (n numeric, t text); CREATE TYPE mood AS ENUM ('sad', 'glad')`);
  for (const [i, [type, ...values]] of pairs.entries()) {
    await client.query(`CREATE TABLE t${i} (id int PRIMARY KEY, value ${type})`);
    const table = await dataset(`t${i}`);
    const print = () => database.read((session) => session.fingerprint!(table));
    const seen = [await print()];
    for (const value of ["NULL", ...values.map((value) => `'${value}'`)]) {
      await client.query(`TRUNCATE t${i}; INSERT INTO t${i} VALUES (1, ${value})`);
      const now = await print();
      expect(await print()).toEqual(now);
      for (const other of seen) expect([type, value, differingBuckets(now, other).size]).toEqual([type, value, 1]);
      seen.push(now);
    }
  }
});

test("rows are found again by their keys, of any type: put together they are the whole table", async () => {
  const { database, dataset } = await postgresFixture(`
    CREATE EXTENSION citext;
    CREATE TABLE plain (id bigint PRIMARY KEY, t text);
    INSERT INTO plain SELECT i, 't' || i FROM generate_series(1, 3000) i;
    CREATE TABLE odd (code citext, amount numeric, at timestamptz, t text, PRIMARY KEY (code, amount, at));
    INSERT INTO odd SELECT 'Code ' || i, i + 0.10, timestamptz '2020-01-01' + i * interval '1 day', NULL FROM generate_series(1, 3000) i;
    CREATE TABLE parts (id int PRIMARY KEY, t text) PARTITION BY HASH (id);
    CREATE TABLE parts_0 PARTITION OF parts FOR VALUES WITH (MODULUS 2, REMAINDER 0);
    CREATE TABLE parts_1 PARTITION OF parts FOR VALUES WITH (MODULUS 2, REMAINDER 1);
    INSERT INTO parts SELECT i, 't' || i FROM generate_series(1, 3000) i`);
  for (const name of ["plain", "odd", "parts"]) {
    const table = await dataset(name);
    await database.read(async (session) => {
      const whole = await session.fingerprint!(table);
      const keys: { key: string; chosen: boolean }[] = [];
      const buckets = new Set([1, 2, 4095]);
      for await (const batch of session.keysByBucket!(table, buckets)) keys.push(...batch);
      expect(keys).toHaveLength(3000);
      const of = (chosen: boolean) =>
        session.fingerprint!(
          table,
          keys.filter((one) => one.chosen === chosen).map(({ key }) => key),
        );
      const [inside, outside] = [await of(true), await of(false)];
      expect(differingBuckets(inside, noRows()).size).toBeGreaterThan(0);
      expect([...differingBuckets(inside, noRows())].every((bucket) => buckets.has(bucket))).toBe(true);
      combine(inside, outside);
      expect(inside).toEqual(whole);
      expect(await session.fingerprintTotal!(table)).toBe(total(whole));
      expect(await session.fingerprint!(table, [])).toEqual(noRows());
    });
  }
});
