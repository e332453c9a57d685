import fc from "fast-check";
import { expect, test } from "vitest";
import { postgresCodec } from "../../../../src/database/postgres/codec.js";
import { copyLine } from "../../../../src/database/postgres/copy-text.js";
import { flatReader } from "../../../../src/database/postgres/flat-row.js";
import { isNormal } from "../../../../src/database/postgres/normal.js";
import { writeValue } from "../../../../src/database/postgres/value.js";
import { valueType } from "../../../../src/database/postgres/value-type.js";
import type { Dataset } from "../../../../src/model/dataset.js";
import { type Fields, type Json, renderFields } from "../../../../src/model/json.js";
import { keyOf } from "../../../../src/model/key.js";
import { parseManifest } from "../../../../src/model/parse.js";
import { postgresFixture } from "./server.js";

const odd = fc.string({
  unit: fc.constantFrom(...'aZ0 "\\/\t\n\u0001\u007f\u2028é😀\ud800$N,}:{'.split("")),
  maxLength: 6,
});
const kinds: Record<string, fc.Arbitrary<Json>> = {
  integer: fc.oneof(fc.integer(), fc.constantFrom<Json>(0, 2 ** 31, 1.5, "1", 1e21)),
  smallint: fc.integer({ min: -32769, max: 32768 }),
  bigint: fc.oneof(fc.maxSafeInteger(), fc.constantFrom<Json>("9007199254740993", "5", 2 ** 53)),
  "double precision": fc.oneof(fc.double(), fc.constantFrom<Json>("NaN", "-0", -0, 5e-324)),
  boolean: fc.oneof<fc.Arbitrary<Json>[]>(fc.boolean(), fc.constant("t")),
  text: fc.oneof<fc.Arbitrary<Json>[]>(fc.string(), odd, fc.constantFrom("", "\\N", "null", "\\.", "a\\", 'a"')),
  "character varying(3)": fc.oneof(fc.string({ maxLength: 4 }), odd),
  "numeric(5,2)": fc.constantFrom<Json>("1.50", "1.5", "-0.00", "999.99", "1000.00", "NaN", 1.5),
  uuid: fc.oneof(fc.uuid(), fc.constant("x")),
  date: fc.constantFrom("2024-02-29", "2023-02-29", "infinity", "0044-03-15 BC"),
  "timestamp with time zone": fc.constantFrom("2024-01-01 00:00:00+00", "2024-01-01 00:00:00.50+00", "2024-01-01"),
  "public.citext": fc.constantFrom("a", null),
  json: fc.constantFrom<Json>({ a: 1 }, "x", null, 5),
  "integer[]": fc.constantFrom<Json>([1, 2], []),
};
const names = fc.uniqueArray(
  fc.oneof(fc.constantFrom("id", "n", "0", "1", "$a", "__proto__", 'q"', "é"), fc.string()),
  {
    minLength: 1,
    maxLength: 5,
  },
);
const tables = names.chain((all) =>
  fc.tuple(...all.map((name) => fc.constantFrom(...Object.keys(kinds)).map((type) => ({ name, type })))),
);
/** A table, its key, and a text that is a manifest of it, or nearly. */
const cases = tables.chain((columns) =>
  fc.record({
    columns: fc.constant(columns),
    key: fc.subarray(
      columns.map(({ name }) => name),
      { minLength: 1 },
    ),
    text: fc
      .tuple(...columns.map(({ type }) => fc.oneof({ weight: 9, arbitrary: kinds[type]! }, fc.constant(null))))
      .map((values) => renderFields(new Map(columns.map(({ name }, i) => [name, values[i] as Json]))))
      .chain((text) =>
        fc.oneof(
          { weight: 5, arbitrary: fc.constant(text) },
          fc
            .tuple(
              fc.nat(text.length),
              fc.nat(3),
              fc.constantFrom("", " ", "\n", ",", '"', "0", "\\", "1\t", ' "a": 1,'),
            )
            .map(([at, length, other]) => text.slice(0, at) + other + text.slice(at + length)),
        ),
      ),
  }),
);

test("a row that is read without making values of it is one that the careful way takes, and goes to COPY as there", () => {
  let understood = 0;
  fc.assert(
    fc.property(cases, ({ columns, key, text }) => {
      const typed = columns.map(({ name, type }) => ({ name, type: valueType(type) }));
      const row = flatReader(typed, key)?.(text);
      if (!row) return;
      understood++;
      const dataset: Dataset = {
        ...{ engine: "postgresql", name: "t", key, fields: columns, selection: "", oneWay: false },
        layout: { kind: "files", fanout: 0 },
      };
      const manifest = parseManifest(text);
      expect(manifest).toMatchObject({ canonical: true, problems: [] });
      const { fields, problems } = postgresCodec.canonical(dataset, manifest.fields);
      expect(problems).toEqual([]);
      expect(renderFields(fields)).toBe(text);
      expect(row.key).toBe(keyOf(dataset, fields));
      expect(postgresCodec.sureKey!(dataset, text)).toBe(row.key);
      const cells = typed.map(({ name, type }) => {
        const value = fields.get(name)!;
        expect(isNormal(type, value, false)).toBe(true);
        return writeValue(type, value);
      });
      expect(row.line).toBe(copyLine(cells));
    }),
    { numRuns: 3000 },
  );
  expect(understood).toBeGreaterThan(200);
});

const entryOf = (row: Record<string, Json>) => {
  const fields: Fields = new Map(Object.entries(row));
  return { key: keyOf({ key: ["id"] }, fields)!, text: renderFields(fields) };
};

test("D28, D29: manifests are written as they are; what is in doubt, or what a trigger sees, is given back", async () => {
  const { client, database, dataset, rows } = await postgresFixture(`
    CREATE TABLE t (id serial PRIMARY KEY, name text, price numeric(5,2));
    CREATE TABLE u (id integer PRIMARY KEY, v text);
    CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
    CREATE TRIGGER f BEFORE INSERT ON u FOR EACH ROW EXECUTE FUNCTION f();
  `);
  const [t, u] = [await dataset("t"), await dataset("u")];
  const sure = [entryOf({ id: 7, name: "a b", price: "1.50" }), entryOf({ id: 8, name: null, price: null })];
  const unsure = [entryOf({ id: 9, name: "é", price: "1.50" }), entryOf({ id: 10, name: "a\tb", price: "1.5" })];
  const rest = await database.write((session) => session.writeTexts!(t, [sure[0]!, ...unsure, sure[1]!]));
  expect(rest).toEqual(unsure);
  expect(await rows(t)).toEqual([
    { id: 7, name: "a b", price: "1.50" },
    { id: 8, name: null, price: null },
  ]);
  expect((await client.query("INSERT INTO t (name) VALUES ('x') RETURNING id")).rows).toEqual([{ id: 9 }]);
  const seen = [entryOf({ id: 1, v: "a" })];
  expect(await database.write((session) => session.writeTexts!(u, seen))).toEqual(seen);
  expect(await rows(u)).toEqual([]);
  const twice = [entryOf({ id: 20, name: "a", price: null }), sure[0]!];
  await expect(database.write((session) => session.writeTexts!(t, twice))).rejects.toMatchObject({
    code: "HDL205",
    problems: [{ dataset: "t", key: "[7]" }],
  });
});
