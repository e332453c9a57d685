import { hash } from "node:crypto";
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
  ["bigint", "-1", "4294967295"],
  ["bigint", "1", "4294967296"],
  ["time", "00:00:00.000001", "01:11:34.967296"],
  ["timestamp", "2000-01-01 00:00:00.000001", "2000-01-01 01:11:34.967296"],
  ["uuid", "00000000-0000-0000-0000-000000000001", "00000000-0000-0000-0000-000000000002"],
  ["timestamptz", "2000-01-01 00:00:00.000001+00", "2000-01-01 01:11:34.967296+00"],
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
      for (const other of seen) expect([type, value, differingBuckets(now!, other!).length]).toEqual([type, value, 1]);
      seen.push(now);
    }
  }
});

test("a flag that is turned in two rows is seen, whichever they are", async () => {
  const { client, database, dataset } = await postgresFixture(
    "CREATE TABLE flags (id int PRIMARY KEY, flag bool); INSERT INTO flags VALUES (814, true), (943251, true)",
  );
  const table = await dataset("flags");
  const print = () => database.read((session) => session.fingerprintTotal!(table));
  const before = await print();
  // The hashes of these two records, each as they are with true and with false, have the same exclusive or.
  await client.query("UPDATE flags SET flag = false");
  expect(await print()).not.toBe(before);
});

test("a row's bucket is what its key's hash begins with; all buckets together are the whole table", async () => {
  const { database, dataset } = await postgresFixture(`
    CREATE TABLE big (id bigint PRIMARY KEY, t text);
    INSERT INTO big SELECT i * 4503599627370496 + 1, 't' || i FROM generate_series(-1000, 1000) i;
    CREATE TABLE texts (code varchar(40), n smallint, t text, PRIMARY KEY (code, n));
    INSERT INTO texts SELECT 'Code "' || chr(i) || E'\\\\' || chr(128512) || '/', i, NULL FROM generate_series(1, 1000) i;
    CREATE TABLE uuids (id uuid PRIMARY KEY, n numeric);
    INSERT INTO uuids SELECT gen_random_uuid(), i FROM generate_series(1, 1000) i;
    CREATE TABLE parts (id int PRIMARY KEY, t text) PARTITION BY HASH (id);
    CREATE TABLE parts_0 PARTITION OF parts FOR VALUES WITH (MODULUS 2, REMAINDER 0);
    CREATE TABLE parts_1 PARTITION OF parts FOR VALUES WITH (MODULUS 2, REMAINDER 1);
    INSERT INTO parts SELECT i, 't' || i FROM generate_series(1, 1000) i`);
  for (const name of ["big", "texts", "uuids", "parts"]) {
    const table = await dataset(name);
    await database.read(async (session) => {
      const keysOf = async (entries: AsyncIterable<{ key: string }[]>) => {
        const keys: string[] = [];
        for await (const batch of entries) keys.push(...batch.map(({ key }) => key));
        return keys.sort();
      };
      const all = await keysOf(session.entries(table));
      const starts = (digits: string[]) =>
        all.filter((key) => digits.some((some) => hash("sha256", key).startsWith(some)));
      for (const digits of [
        ["0", "f"],
        ["1a", "ff", "00"],
        ["000", "7b1", "c0d", "001"],
      ]) {
        for (const digested of [false, true])
          expect(await keysOf(session.entriesIn!(table, digits, digested))).toEqual(starts(digits));
      }
      const whole = (await session.fingerprint!(table))!;
      const inside = starts(["0", "3"]);
      const outside = all.filter((key) => !inside.includes(key));
      const part = (await session.fingerprint!(table, inside))!;
      expect(differingBuckets(part, noRows())).toEqual(
        [...new Set(inside.map((key) => hash("sha256", key).slice(0, 3)))].sort(),
      );
      combine(part, (await session.fingerprint!(table, outside))!);
      expect(part).toEqual(whole);
      expect(await session.fingerprintTotal!(table)).toBe(total(whole));
      expect(await session.fingerprint!(table, [])).toEqual(noRows());
    });
  }
});

test("keys that can be spelled in several ways have no buckets", async () => {
  const { database, dataset } = await postgresFixture(`
    CREATE EXTENSION citext;
    CREATE COLLATION loose (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
    CREATE DOMAIN code AS text;
    CREATE TABLE k1 (k citext PRIMARY KEY); CREATE TABLE k2 (k text COLLATE loose PRIMARY KEY);
    CREATE TABLE k3 (k numeric PRIMARY KEY); CREATE TABLE k4 (k char(3) PRIMARY KEY); CREATE TABLE k5 (k code PRIMARY KEY);
    CREATE TABLE k6 (k int, t timestamptz, PRIMARY KEY (k, t))`);
  for (const name of ["k1", "k2", "k3", "k4", "k5", "k6"]) {
    const table = await dataset(name);
    expect([name, await database.read((session) => session.fingerprint!(table))]).toEqual([name, undefined]);
  }
});
