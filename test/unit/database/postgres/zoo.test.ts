import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Database } from "../../../../src/database/database.js";
import { describeTable } from "../../../../src/database/describe.js";
import { openDatabase } from "../../../../src/database/open.js";
import { postgresCodec } from "../../../../src/database/postgres/codec.js";
import type { Dataset } from "../../../../src/model/dataset.js";
import type { Entry } from "../../../../src/model/entry.js";
import { type Json, renderFields } from "../../../../src/model/json.js";
import { keyParts } from "../../../../src/model/key.js";
import { parseManifest } from "../../../../src/model/parse.js";
import { createPostgresDatabase } from "../../../support/servers.js";
import { hostileDefaults, zoo, zooSql, zooTables } from "./zoo.js";

describe("the zoo of types behind hostile defaults (C16 to C22)", () => {
  let judge: pg.Client;
  let database: Database;
  let catalogue: Map<string, Dataset>;

  beforeAll(async () => {
    const url = await createPostgresDatabase();
    judge = new pg.Client(url);
    await judge.connect();
    await judge.query("SET TimeZone = 'UTC'; SET search_path = public; SET extra_float_digits = 1");
    await judge.query(zooSql);
    const name = new URL(url).pathname.slice(1);
    for (const setting of hostileDefaults) await judge.query(`ALTER DATABASE ${name} SET ${setting}`);
    await judge.query(`ALTER ROLE postgres IN DATABASE ${name} SET DateStyle = 'German'`);
    database = await openDatabase(url);
    const all = await database.read((session) => session.tables());
    catalogue = new Map(all.map((table) => [table.name, describeTable(database.engine, table, {})]));
  });
  afterAll(async () => {
    await database[Symbol.asyncDispose]();
    await judge.end();
  });

  const entriesOf = (dataset: Dataset, where?: string): Promise<Entry[]> =>
    database.read(async (session) => {
      const entries: Entry[] = [];
      for await (const batch of session.entries(dataset, where)) entries.push(...batch);
      return entries.sort((a, b) => (a.key < b.key ? -1 : 1));
    });

  test("there are at least 60 types", () => {
    expect(new Set(zoo.map(({ type }) => type)).size).toBeGreaterThanOrEqual(60);
  });

  test.each(zooTables)(
    "$type: read, checked, written, normalized, and equal to the server",
    async ({ name, values }) => {
      const dataset = catalogue.get(name)!;
      const copy = catalogue.get(`${name}_copy`)!;
      const entries = await entriesOf(dataset);
      expect(entries).toHaveLength(values.length + 1);
      expect(await entriesOf(dataset, "id >= 0"), "by COPY and by FETCH").toEqual(entries);

      const parsed = entries.map(({ key, text }) => {
        const { fields, problems } = parseManifest(text);
        expect(problems, text).toEqual([]);
        const canonical = postgresCodec.canonical(dataset, fields);
        expect(canonical.problems, text).toEqual([]);
        expect(renderFields(canonical.fields), "what the server gives is canonical").toBe(text);
        return { key, fields };
      });

      await database.write(async (session) => {
        const normal = await session.normalize(
          dataset,
          parsed.map(({ fields }) => fields),
        );
        expect(normal.map(renderFields)).toEqual(entries.map(({ text }) => text));
        await session.write(copy, { kind: "create", entries: parsed });
      });
      expect(await entriesOf(copy)).toEqual(entries);

      // Updates go another way in: from NULL to each value.
      await database.write(async (session) => {
        const nothing = parsed.map(({ key }) => ({ key, set: new Map([["value", null]]) }));
        await session.write(copy, { kind: "update", entries: nothing });
        const updates = parsed.map(({ key, fields }) => ({ key, set: new Map([["value", fields.get("value")!]]) }));
        await session.write(copy, { kind: "update", entries: updates });
      });
      expect(await entriesOf(copy)).toEqual(entries);

      // The last judge is the server itself.
      const { rows } = await judge.query(
        `SELECT a.value::text AS a, b.value::text AS b FROM ${name} a FULL JOIN ${name}_copy b USING (id)
       WHERE a.value::text IS DISTINCT FROM b.value::text`,
      );
      expect(rows).toEqual([]);
    },
  );

  // Reviewed by hand: what each type looks like in a manifest, whatever the defaults are.
  test("every value has the form that it always had", async () => {
    const lines: string[] = [];
    for (const { name, type } of zooTables) {
      for (const { text } of await entriesOf(catalogue.get(name)!)) {
        lines.push(`${type}: ${JSON.stringify(parseManifest(text).fields.get("value"))}\n`);
      }
    }
    await expect(lines.join("")).toMatchFileSnapshot("zoo.golden.txt");
  });

  /** docs/formats.md has its table from this file: `npm run types` writes it. */
  test("every type in short: how it looks, and what its column refuses", async () => {
    const probes: Json[] = [
      true,
      1,
      1.5,
      0.123456789,
      2 ** 60,
      "?",
      "a\0",
      [],
      [true],
      { a: 1 },
      { $x: 1 },
      { $json: "{" },
    ];
    const matrix: { type: string; values: string[]; refused: string[] }[] = [];
    for (const { name, type } of zooTables) {
      const dataset = catalogue.get(name)!;
      const entries = await entriesOf(dataset, "value IS NOT NULL");
      entries.sort((a, b) => Number(keyParts(a.key)[0]) - Number(keyParts(b.key)[0]));
      const values = entries.map(({ text }) => JSON.stringify(parseManifest(text).fields.get("value")));
      const problems = probes.flatMap((value) => {
        const fields = new Map<string, Json>([["id", 1]]).set("value", value);
        return postgresCodec.canonical(dataset, fields).problems.map(({ message }) => message);
      });
      matrix.push({ type, values: values.filter(({ length }) => length <= 60), refused: [...new Set(problems)] });
    }
    await expect(`${JSON.stringify(matrix, null, 2)}\n`).toMatchFileSnapshot("zoo.golden.json");
  });

  test("C21: json keeps its text but for white space where the value is embedded", async () => {
    await judge.query(`CREATE TABLE spaced (id integer PRIMARY KEY, value json);
      INSERT INTO spaced VALUES (1, ' { "b" : [ 1 , "a b" ] } '), (2, ' { "b" : 1.0 } ')`);
    const [first, second] = await entriesOf({ ...catalogue.get("zoo_0")!, name: "spaced" });
    expect(first!.text).toContain('"a b"');
    expect(parseManifest(first!.text).fields.get("value")).toEqual({ b: [1, "a b"] });
    expect(parseManifest(second!.text).fields.get("value")).toEqual({ $json: ' { "b" : 1.0 } ' });
  });
});
