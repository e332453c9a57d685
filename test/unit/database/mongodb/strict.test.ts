import { describe, expect, test } from "vitest";
import { mongodbCodec } from "../../../../src/database/mongodb/codec.js";
import type { Dataset } from "../../../../src/model/dataset.js";
import type { Json } from "../../../../src/model/json.js";

const dataset: Dataset = {
  engine: "mongodb",
  name: "things",
  key: ["_id"],
  selection: "",
  oneWay: false,
  layout: { kind: "files", fanout: 0 },
};
const canonical = (members: Record<string, Json>, changed: Partial<Dataset> = {}) =>
  mongodbCodec.canonical({ ...dataset, ...changed }, new Map(Object.entries({ _id: 1, ...members })));
const oid = "65f0c0ffee65f0c0ffee65f0";

describe("other spellings are brought to canonical form", () => {
  test.each<[Json, Json]>([
    [{ $numberInt: "5" }, 5],
    [{ $numberLong: "-05" }, { $numberLong: "-5" }],
    [3000000000, { $numberLong: "3000000000" }],
    [{ $numberDouble: "1" }, { $numberDouble: "1.0" }],
    [{ $numberDouble: "1.50" }, 1.5],
    [{ $numberDouble: "1E+300" }, { $numberDouble: "1e+300" }],
    [{ $numberDouble: "-0" }, { $numberDouble: "-0.0" }],
    [{ $numberDecimal: "1e3" }, { $numberDecimal: "1E+3" }],
    [{ $numberDecimal: "inf" }, { $numberDecimal: "Infinity" }],
    [{ $oid: oid.toUpperCase() }, { $oid: oid }],
    [{ $date: "2020-01-01T00:00:00Z" }, { $date: { $numberLong: "1577836800000" } }],
    [{ $date: "2020-01-01T01:00:00.5+01:00" }, { $date: { $numberLong: "1577836800500" } }],
    [{ $date: "1969-12-31T23:59:59.999+0000" }, { $date: { $numberLong: "-1" } }],
    [
      { $uuid: "00010203-0405-0607-0809-0A0B0C0D0E0F" },
      { $binary: { base64: "AAECAwQFBgcICQoLDA0ODw==", subType: "04" } },
    ],
    [{ $binary: { subType: "A", base64: "AQ==" } }, { $binary: { base64: "AQ==", subType: "0a" } }],
    [{ $regularExpression: { options: "xi", pattern: "a" } }, { $regularExpression: { pattern: "a", options: "xi" } }],
    [{ $timestamp: { i: 2, t: 1 } }, { $timestamp: { t: 1, i: 2 } }],
    [
      { $code: "f", $scope: { a: { $numberInt: "1" } } },
      { $code: "f", $scope: { a: 1 } },
    ],
    [{ $document: [["a", { $numberInt: "1" }]] }, { a: 1 }],
    [{ $document: [["$a", 1]] }, { $document: [["$a", 1]] }],
    [[{ a: { $numberInt: "1" } }], [{ a: 1 }]],
  ])("%j", (spelling, expected) => {
    const { fields, problems } = canonical({ v: spelling });
    expect(problems).toEqual([]);
    expect(JSON.stringify(fields.get("v"))).toBe(JSON.stringify(expected));
  });

  test("_id comes first, as the server puts it", () => {
    const { fields } = mongodbCodec.canonical(
      dataset,
      new Map([
        ["b", 1],
        ["_id", 2],
        ["a", 3],
      ]),
    );
    expect([...fields]).toEqual([
      ["_id", 2],
      ["b", 1],
      ["a", 3],
    ]);
  });
});

describe("A5: what is malformed is a problem with its path, never another value", () => {
  test.each<Json>([
    { $numberInt: "x" },
    { $numberInt: "1.0" },
    { $numberInt: "2147483648" },
    { $numberInt: 1 },
    { $numberInt: "1", extra: 1 },
    { $numberInt: "" },
    { $numberInt: "-0" },
    { $numberLong: "9223372036854775808" },
    { $numberLong: "1.0" },
    { $numberLong: 5 },
    { $numberDouble: "0x10" },
    { $numberDouble: "1e400" },
    { $numberDouble: "1e-400" },
    { $numberDouble: "0.1234567890123456789" },
    { $numberDouble: "NaN(0x7ff8000000000000)" },
    { $numberDouble: "" },
    { $numberDouble: " 1" },
    { $numberDecimal: "" },
    { $numberDecimal: "1e7000" },
    { $numberDecimal: "12345678901234567890123456789012345" },
    { $numberDecimal: 1 },
    { $oid: "65f0" },
    { $oid: `${oid}00` },
    { $date: "2020-01-01" },
    { $date: "2020-02-30T00:00:00Z" },
    { $date: "2020-01-01T00:00:00" },
    { $date: "2020-01-01T00:00:00.1234Z" },
    { $date: "2020-01-01T25:00:00Z" },
    { $date: 1577836800000 },
    { $date: { $numberLong: "1", x: 1 } },
    { $date: { $numberInt: "1" } },
    { $binary: "AQ==" },
    { $binary: "AQ==", $type: "00" },
    { $binary: { base64: "AQ=", subType: "00" } },
    { $binary: { base64: "A-==", subType: "00" } },
    { $binary: { base64: "AQ==", subType: "xyz" } },
    { $binary: { base64: "AQ==" } },
    { $uuid: "0001" },
    { $regularExpression: { pattern: "a" } },
    { $regularExpression: { pattern: "a\0", options: "" } },
    { $regex: "a", $options: "i" },
    { $timestamp: { t: -1, i: 0 } },
    { $timestamp: { t: 4294967296, i: 0 } },
    { $timestamp: { t: 1 } },
    { $undefined: false },
    { $minKey: 2 },
    { $maxKey: true },
    { $symbol: 1 },
    { $code: 1 },
    { $code: "f", $scope: 1 },
    { $code: "f", $scope: { $oid: oid } },
    { $scope: {} },
    { $dbPointer: { $ref: "a", $id: oid } },
    { $document: {} },
    { $document: [["a"]] },
    { $document: [[1, 2]] },
    { $document: [], x: 1 },
    { $ref: "c", $id: 1 },
    { $unknown: 1 },
    { $: 1 },
    1e17,
    1e300,
    { "a\0b": 1 },
    "\ud800",
  ])("%#: %j", (spelling) => {
    expect(canonical({ v: spelling }).problems.map(({ path }) => path?.split("/")[1])).toEqual(["v"]);
    expect(canonical({ v: [{ "a/b": spelling }] }).problems[0]?.path).toMatch(/^\/v\/0\/a~1b/);
    expect(canonical({ v: { $document: [["$x", spelling]] } }).problems[0]?.path).toMatch(/^\/v\/\$document\/0\/1/);
  });

  test("all problems at once", () => {
    const { problems } = canonical({ a: { $oid: "x" }, b: [{ $date: 1 }, { c: { $numberLong: 1 } }], "d\0": 1 });
    expect(problems.map(({ path }) => path)).toEqual(["/a", "/b/0", "/b/1/c", "/d\0"]);
  });
});

test("key fields and the selection", () => {
  const paths = (...args: Parameters<typeof canonical>) => canonical(...args).problems.map(({ path }) => path);
  expect(paths({ a: 1 }, { key: ["sku"] })).toEqual(["/sku"]);
  expect(paths({ sku: null }, { key: ["sku"] })).toEqual(["/sku"]);
  expect(paths({ a: 1, b: 2 }, { pick: ["_id", "a"] })).toEqual(["/b"]);
  expect(paths({ a: 1, b: 2 }, { omit: ["a"] })).toEqual(["/a"]);
  expect(mongodbCodec.canonical(dataset, new Map([["_id", null]])).problems).toEqual([]);
});
