import fc from "fast-check";
import { expect, test } from "vitest";
import { isNormal } from "../../../../src/database/postgres/normal.js";
import { valueType } from "../../../../src/database/postgres/value-type.js";
import { postgresFixture } from "./server.js";

const { client } = await postgresFixture();
await client.query("SET TimeZone = 'UTC'; SET extra_float_digits = 1; SET DateStyle = 'ISO, YMD'");

const digits = fc.string({ unit: fc.constantFrom(..."0123456789"), minLength: 0, maxLength: 9 });
const number = fc
  .tuple(fc.constantFrom("", "-"), digits, fc.constantFrom("", "."), digits)
  .map((parts) => parts.join(""));
const two = fc.integer({ min: 0, max: 61 }).map((n) => String(n).padStart(2, "0"));
const day = fc
  .tuple(fc.constantFrom("0000", "0001", "0004", "1900", "2000", "2023", "2024", "9999"), two, two)
  .map((parts) => parts.join("-"));
const moment = fc
  .tuple(
    day,
    two,
    two,
    two,
    fc.constantFrom("", ".5", ".50", ".123456", ".1234567"),
    fc.constantFrom("", "+00", "+02", "Z"),
  )
  .map(([date, h, m, s, fraction, zone]) => `${date} ${h}:${m}:${s}${fraction}${zone}`);
const words = fc.oneof(fc.string({ maxLength: 8 }), fc.string({ unit: "binary", maxLength: 8 }));
const values: Record<string, fc.Arbitrary<string | number>> = {
  smallint: fc.oneof(fc.integer({ min: -40_000, max: 40_000 }), fc.double()),
  integer: fc.oneof(fc.integer(), fc.integer({ min: 2 ** 31 - 2, max: 2 ** 31 + 2 })),
  bigint: fc.oneof(fc.maxSafeInteger(), fc.double()),
  "double precision": fc.double(),
  real: fc.double(),
  numeric: number,
  "numeric(5,2)": number,
  "numeric(2,4)": number,
  date: day,
  "timestamp without time zone": moment,
  "timestamp(3) without time zone": moment,
  "timestamp with time zone": moment,
  uuid: fc.oneof(
    fc.uuid(),
    fc.uuid().map((text) => text.toUpperCase()),
  ),
  text: words,
  "character varying(5)": words,
  "character(5)": words,
};

test("what is taken for normal the server takes and gives back as it is", async () => {
  let sure = 0;
  for (const [name, value] of Object.entries(values)) {
    const type = valueType(name);
    const found = fc.sample(value, { numRuns: 3000, seed: 7 }).filter((one) => isNormal(type, one, true));
    sure += found.length > 0 ? 1 : 0;
    const { rows } = await client.query(
      `SELECT x.v::text FROM json_to_recordset($1::json) AS x(i integer, v ${name}) ORDER BY x.i`,
      [JSON.stringify(found.map((v, i) => ({ i, v: String(v) })))],
    );
    const same = (text: string, i: number) =>
      typeof found[i] === "number" ? Object.is(Number(text), found[i]) : text === found[i];
    expect(
      rows.filter(({ v }, i) => !same(v, i)),
      name,
    ).toEqual([]);
  }
  // All but real, char(n), the timestamp that rounds, and the numeric that holds next to nothing.
  expect(sure).toBe(Object.keys(values).length - 4);
});

test("ordinary values are normal; whatever types of the user's may refuse is not", () => {
  const normal = (type: string, value: string | number | boolean | null) => isNormal(valueType(type), value, true);
  expect(normal("timestamp with time zone", "2024-02-29 12:00:00.5+00")).toBe(true);
  expect(normal("numeric(10,2)", "12345678.90")).toBe(true);
  expect(normal("text", "größer 😀")).toBe(true);
  expect(isNormal(valueType("text"), "größer", false)).toBe(false);
  expect(normal("public.price", null)).toBe(false);
  expect(normal("jsonb", "x")).toBe(false);
});
