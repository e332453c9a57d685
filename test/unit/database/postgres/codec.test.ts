import fc from "fast-check";
import { expect, test } from "vitest";
import { codecFor } from "../../../../src/database/open.js";
import { postgresCodec as codec } from "../../../../src/database/postgres/codec.js";
import { embedJson, jsonbText } from "../../../../src/database/postgres/json-text.js";
import type { Dataset } from "../../../../src/model/dataset.js";
import type { Fields, Json } from "../../../../src/model/json.js";
import { postgresFixture } from "./server.js";

const datasetOf = (types: Record<string, string | undefined>): Dataset => ({
  engine: "postgresql",
  name: "t",
  key: ["id"],
  fields: [
    { name: "id", type: "integer" },
    ...Object.entries(types).map(([name, type]) => ({ name, ...(type && { type }) })),
  ],
  selection: "",
  oneWay: false,
  layout: { kind: "files", fanout: 0 },
});
const check = (type: string | undefined, value: Json) => {
  const { fields, problems } = codec.canonical(
    datasetOf({ v: type }),
    new Map<string, Json>([
      ["id", 1],
      ["v", value],
    ]),
  );
  return problems.length > 0 ? problems.map(({ path }) => path) : { is: fields.get("v") };
};

test("canonical: all problems of a manifest at once, in the order of the columns", () => {
  const dataset = datasetOf({ a: "integer", b: "text", c: "boolean" });
  const fields: Fields = new Map<string, Json>([
    ["x/y", 1],
    ["b", 5],
    ["a", "1"],
    ["id", null],
  ]);
  const { problems } = codec.canonical(dataset, fields);
  expect(problems.map(({ path }) => path)).toEqual(["/id", "/a", "/b", "/c", "/x~1y"]);
  const shuffled: Fields = new Map<string, Json>([
    ["c", true],
    ["b", "x"],
    ["a", 1],
    ["id", 1],
  ]);
  expect([...codec.canonical(dataset, shuffled).fields.keys()]).toEqual(["id", "a", "b", "c"]);
});

test.each<[string | undefined, Json, Json]>([
  ["integer", null, null],
  ["bigint", "5", 5],
  ["bigint", "9007199254740993", "9007199254740993"],
  ["real", 0.1, 0.1],
  ["real", "-0", "-0"],
  ["double precision", 1e300, 1e300],
  ["jsonb", { bb: 1, a: [{ d: 1, c: 2 }] }, { a: [{ c: 2, d: 1 }], bb: 1 }],
  ["jsonb", { $json: '{"a":1}' }, { a: 1 }],
  ["jsonb", { $json: '{"b":1.0,"a":1e3,"a":2E-2}' }, { $json: '{"a": 0.02, "b": 1.0}' }],
  ["jsonb", { $json: "null" }, { $json: "null" }],
  ["jsonb", 1e-7, { $json: "0.0000001" }],
  ["json", { $json: '{"a":1}' }, { a: 1 }],
  ["json", { $json: '{"a" :1.0}' }, { $json: '{"a" :1.0}' }],
  ["integer[]", "{1,2}", [1, 2]],
  ["integer[]", "[2:3]={1,2}", "[2:3]={1,2}"],
  ["integer[]", [[1], [null]], [[1], [null]]],
  ["jsonb[]", [[1, 2], { $json: "null" }, null], [[1, 2], { $json: "null" }, null]],
  ["public.positive", "5", "5"],
  ["numeric(10,2)", "1.5", "1.5"],
  [undefined, { a: [1, "x", null] }, { a: [1, "x", null] }],
  [undefined, { $json: "1.0" }, { $json: "1.0" }],
])("canonical: %s takes %j as %j", (type, value, canonical) => {
  expect(check(type, value)).toEqual({ is: canonical });
  expect(JSON.stringify(check(type, value))).toBe(JSON.stringify({ is: canonical }));
});

test.each<[string | undefined, Json, string]>([
  ["integer", "1", "/v"],
  ["integer", 1.5, "/v"],
  ["integer", 2147483648, "/v"],
  ["smallint", 32768, "/v"],
  ["integer", true, "/v"],
  ["integer", { $numberInt: "1" }, "/v"],
  ["bigint", "9223372036854775808", "/v"],
  ["bigint", "05", "/v"],
  ["bigint", 9007199254740992, "/v"],
  ["real", 0.123456789012, "/v"],
  ["real", 1e300, "/v"],
  ["real", 1e-60, "/v"],
  ["double precision", "1.5", "/v"],
  ["double precision", "nan", "/v"],
  ["boolean", "t", "/v"],
  ["boolean", 1, "/v"],
  ["numeric", 1.5, "/v"],
  ["numeric", "abc", "/v"],
  ["text", 1, "/v"],
  ["text", { a: 1 }, "/v"],
  ["text", "a\0b", "/v"],
  ["public.mood", ["a"], "/v"],
  ["jsonb", { $json: "{" }, "/v"],
  ["jsonb", { $json: 1 }, "/v"],
  ["jsonb", { $json: "1", more: 1 }, "/v"],
  ["jsonb", { $oid: "x" }, "/v"],
  ["jsonb", { a: [{ $x: 1 }] }, "/v"],
  ["jsonb", "a\0b", "/v"],
  ["integer[]", [1, "x"], "/v/1"],
  ["integer[]", [[1], [1, 2]], "/v"],
  ["integer[]", [1, [2]], "/v"],
  ["integer[]", [[]], "/v"],
  ["integer[]", "{1,", "/v"],
  ["integer[]", "1", "/v"],
  ["text[]", [1], "/v/0"],
  [undefined, { $oid: "x" }, "/v"],
])("canonical: %s refuses %j", (type, value, path) => {
  expect(check(type, value)).toEqual([path]);
});

test("toPlain: numbers where a double holds them exactly, ISO dates, JSON without wrappers", () => {
  const plain = (type: string | undefined, value: Json) => codec.toPlain(value, { name: "v", ...(type && { type }) });
  expect(plain("numeric(10,2)", "10.50")).toBe(10.5);
  expect(plain("numeric", "0.1234567890123456789")).toBe("0.1234567890123456789");
  expect(plain("numeric", "NaN")).toBe("NaN");
  expect(plain("bigint", "9007199254740993")).toBe("9007199254740993");
  expect(plain("bigint", "9007199254740992")).toBe(9007199254740992);
  expect(plain("timestamp with time zone", "2026-11-01 12:00:00.5+00")).toBe("2026-11-01T12:00:00.5Z");
  expect(plain("timestamp(3) with time zone", "2026-11-01 12:00:00+00")).toBe("2026-11-01T12:00:00Z");
  expect(plain("timestamp without time zone", "2026-11-01 12:00:00")).toBe("2026-11-01T12:00:00");
  expect(plain("timestamp with time zone", "0044-03-15 00:00:00+00 BC")).toBe("0044-03-15 00:00:00+00 BC");
  expect(plain("date", "infinity")).toBe("infinity");
  expect(
    plain("jsonb", { $json: '{"a": 1.0, "b": 12345678901234567890, "c": "1.0 \\" 12345678901234567890"}' }),
  ).toEqual({
    a: 1,
    b: "12345678901234567890",
    c: '1.0 " 12345678901234567890',
  });
  expect(plain("jsonb", { $json: "null" })).toBeNull();
  expect(plain("numeric(5,1)[]", ["1.5", null])).toEqual([1.5, null]);
  expect(plain(undefined, { a: [1] })).toEqual({ a: [1] });
});

test("fromPlain: the type that the field has, the value that was there where nothing changed, HDL500 where it does not fit", () => {
  const from = (type: string | undefined, value: unknown, previous?: Json) =>
    codec.fromPlain(value, previous, { name: "v", ...(type && { type }) });
  expect(from("numeric(10,2)", 10.5, "10.50")).toBe("10.50");
  expect(from("numeric(10,2)", 1e21)).toBe("1000000000000000000000");
  expect(from("integer", 5)).toBe(5);
  expect(from("integer", undefined)).toBeNull();
  expect(from("bigint", "9007199254740993")).toBe("9007199254740993");
  expect(from("bigint", 1e18)).toBe("1000000000000000000");
  expect(from("text", "x")).toBe("x");
  expect(from("timestamp with time zone", "2026-11-01T12:00:00Z")).toBe("2026-11-01 12:00:00+00");
  expect(from("timestamp with time zone", "2026-11-01T12:00:00Z", "2026-11-01 12:00:00+00")).toBe(
    "2026-11-01 12:00:00+00",
  );
  expect(from("jsonb", { $x: 1 })).toEqual({ $json: '{"$x": 1}' });
  expect(from("jsonb", [1.5])).toEqual([1.5]);
  expect(from("numeric[]", [[1], [null]])).toEqual([["1"], [null]]);
  expect(from("public.positive", 5)).toBe("5");
  expect(from(undefined, { a: 1.5 })).toEqual({ a: 1.5 });
  for (const [type, value] of [
    ["integer", 1.5],
    ["integer", "x"],
    ["boolean", 1],
    ["text", 1],
    ["text", { a: 1 }],
    ["integer", Number.NaN],
    ["jsonb", () => 1],
    ["real", 0.123456789012],
  ] as const) {
    expect(() => from(type, value), `${type} ${String(value)}`).toThrow(expect.objectContaining({ code: "HDL500" }));
  }
});

test("keyName, typeName, codecFor", async () => {
  expect(codec.keyName(5)).toEqual({ text: "5", plain: true });
  expect(codec.keyName("a b")).toEqual({ text: "a b", plain: true });
  expect(codec.typeName("1.5", { name: "v", type: "numeric(10,2)" })).toBe("numeric(10,2)");
  expect(codec.typeName([1])).toBe("array");
  expect(await codecFor("postgresql")).toBe(codec);
  await expect(codecFor("constructor")).rejects.toMatchObject({ code: "HDL400" });
});

// JSON texts with all the freedom that JSON has: spaces, escapes, exponents, duplicates.
const jsonText = fc.letrec<{ value: string; list: string; object: string; leaf: string }>((tie) => ({
  leaf: fc.oneof(
    fc.constantFrom(
      "null",
      "true",
      "false",
      '""',
      '"$"',
      '"\\u00e9\\n"',
      "1.0",
      "1e3",
      "-0",
      "0.10",
      "1E-2",
      "-12.50e+1",
    ),
    fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e30, max: 1e30 }).map((n) => JSON.stringify(n)),
    fc
      .string({ unit: "grapheme" })
      .filter((s) => !s.includes("\0") && !/\p{Surrogate}/u.test(s))
      .map((s) => JSON.stringify(s)),
  ),
  list: fc.array(tie("value"), { maxLength: 4 }).map((items) => `[ ${items.join(" ,\n")}]`),
  object: fc
    .array(fc.tuple(fc.constantFrom("a", "b", "bb", "$x", "10", "9", "é", "__proto__", 'q"'), tie("value")), {
      maxLength: 4,
    })
    .map((members) => `{${members.map(([name, value]) => `${JSON.stringify(name)} : ${value}`).join(", ")} }`),
  value: fc.oneof({ maxDepth: 4 }, tie("leaf"), tie("list"), tie("object")),
})).value;

test("jsonbText is what the server's jsonb prints, and embedding it loses nothing", async () => {
  const { client } = await postgresFixture();
  await fc.assert(
    fc.asyncProperty(fc.array(jsonText, { minLength: 1, maxLength: 50 }), async (texts) => {
      const { rows } = await client.query(
        "SELECT t::jsonb::text AS printed FROM unnest($1::text[]) WITH ORDINALITY AS u(t, i) ORDER BY i",
        [texts],
      );
      const printed: string[] = rows.map((row) => row.printed);
      expect(texts.map(jsonbText)).toEqual(printed);
      // Back again: what is embedded goes to the server as JSON.stringify writes it.
      const written = printed.map((text) => {
        const value = embedJson(text);
        return (value as { $json?: string } | null)?.$json ?? JSON.stringify(value);
      });
      const again = await client.query(
        "SELECT t::jsonb::text AS printed FROM unnest($1::text[]) WITH ORDINALITY AS u(t, i) ORDER BY i",
        [written],
      );
      expect(again.rows.map((row) => row.printed)).toEqual(printed);
    }),
    { numRuns: 60 },
  );
});

test("json: what is embedded is the same text but for white space", () => {
  fc.assert(
    fc.property(jsonText, (text) => {
      const value = embedJson(text);
      const wrapped = (value as { $json?: string } | null)?.$json;
      if (wrapped !== undefined) return wrapped === text;
      const tokens = (json: string) => json.match(/"[^"\\]*(?:\\.[^"\\]*)*"|[^\s"]/g)!.join("");
      return tokens(text) === JSON.stringify(value);
    }),
    { numRuns: 2000 },
  );
});
