import { describe, expect, test } from "vitest";
import { mongodbCodec } from "../../../../src/database/mongodb/codec.js";
import type { Json } from "../../../../src/model/json.js";

const { toPlain, fromPlain, keyName, typeName } = mongodbCodec;
const oid = "65f0c0ffee65f0c0ffee65f0";
const date = (ms: string): Json => ({ $date: { $numberLong: ms } });

test.each<[Json, unknown]>([
  [1, 1],
  ["a", "a"],
  [null, null],
  [{ $numberDouble: "1.0" }, 1],
  [{ $numberDouble: "NaN" }, "NaN"],
  [{ $numberDouble: "-Infinity" }, "-Infinity"],
  [{ $numberLong: "9007199254740992" }, 9007199254740992],
  [{ $numberLong: "9007199254740993" }, "9007199254740993"],
  [{ $numberDecimal: "19.99" }, 19.99],
  [{ $numberDecimal: "1.50" }, 1.5],
  [{ $numberDecimal: "1E+3" }, 1000],
  [{ $numberDecimal: "0.1234567890123456789" }, "0.1234567890123456789"],
  [{ $numberDecimal: "NaN" }, "NaN"],
  [{ $numberDecimal: "1E-6000" }, "1E-6000"],
  [date("1577836800000"), "2020-01-01T00:00:00.000Z"],
  [date("9223372036854775807"), "9223372036854775807"],
  [{ $oid: oid }, oid],
  [{ $binary: { base64: "AQ==", subType: "00" } }, "AQ=="],
  [{ $symbol: "s" }, "s"],
  [{ $undefined: true }, null],
  [{ $document: [["$a", { $numberLong: "1" }]] }, { $a: 1 }],
  [{ a: [{ $numberLong: "1" }] }, { a: [1] }],
])("what an expression sees of %j", (json, expected) => {
  expect(toPlain(json)).toEqual(expected);
});

describe("a computed value", () => {
  test.each<[unknown, Json | undefined, Json]>([
    [1, undefined, 1],
    [3000000000, undefined, { $numberLong: "3000000000" }],
    [1e300, undefined, { $numberDouble: "1e+300" }],
    [-0, undefined, { $numberDouble: "-0.0" }],
    [1.5, undefined, 1.5],
    ["x", undefined, "x"],
    [2, { $numberDouble: "1.0" }, { $numberDouble: "2.0" }],
    [2, 1.5, { $numberDouble: "2.0" }],
    [2, { $numberLong: "1" }, { $numberLong: "2" }],
    ["9007199254740993", { $numberLong: "1" }, { $numberLong: "9007199254740993" }],
    [2.5, { $numberDecimal: "1.00" }, { $numberDecimal: "2.5" }],
    ["2020-01-01T00:00:00Z", date("0"), date("1577836800000")],
    [oid.toUpperCase(), { $oid: "0".repeat(24) }, { $oid: oid }],
    ["x", true, "x"],
    [1, "x", 1],
    [true, 1, true],
    [null, 1, null],
    [1.5, { $numberDecimal: "1.50" }, { $numberDecimal: "1.50" }],
    ["AQ==", { $binary: { base64: "AQ==", subType: "05" } }, { $binary: { base64: "AQ==", subType: "05" } }],
    [{ a: 2, b: 1 }, { a: { $numberLong: "1" } }, { a: { $numberLong: "2" }, b: 1 }],
    [{ $a: 2 }, { $document: [["$a", { $numberLong: "1" }]] }, { $document: [["$a", { $numberLong: "2" }]] }],
    [[2, 3], [{ $numberLong: "1" }], [{ $numberLong: "2" }, 3]],
    [{ $oid: oid }, undefined, { $document: [["$oid", oid]] }],
  ])("%j after %j is %j", (value, previous, expected) => {
    expect(JSON.stringify(fromPlain(value, previous))).toBe(JSON.stringify(expected));
  });

  test.each<[unknown, Json | undefined]>([
    [1.5, 1],
    ["x", 1],
    [3000000000, 1],
    [1.5, { $numberLong: "1" }],
    ["x", { $numberDecimal: "1" }],
    [1, date("0")],
    ["yesterday", date("0")],
    ["x", { $oid: oid }],
    [Number.NaN, undefined],
    [undefined, undefined],
    [() => 1, undefined],
  ])("%j does not fit after %j", (value, previous) => {
    expect(() => fromPlain(value, previous)).toThrow(expect.objectContaining({ code: "HDL500" }));
  });
});

test.each<[Json, string, boolean]>([
  [1, "1", true],
  [-5, "-5", true],
  [1.5, "1.5", false],
  [{ $oid: oid }, oid, true],
  ["sku-1", "sku-1", true],
  ["5", "5", false],
  ["-5", "-5", false],
  [oid, oid, false],
  [oid.toUpperCase(), oid.toUpperCase(), false],
  [{ $numberLong: "1" }, "1", false],
  [{ $numberDouble: "1.0" }, "1", false],
  [null, "null", false],
  [true, "true", false],
  [{ a: 1 }, '{"a":1}', false],
  [date("0"), "1970-01-01T00:00:00.000Z", false],
])("the name of key %j", (part, text, plain) => {
  expect(keyName(part)).toEqual({ text, plain });
});

test.each<[Json, string]>([
  [1, "int32"],
  [1.5, "double"],
  [{ $numberDouble: "1.0" }, "double"],
  [{ $numberLong: "1" }, "int64"],
  [{ $numberDecimal: "1" }, "decimal128"],
  [{ $oid: oid }, "objectId"],
  [{ $code: "f" }, "javascript"],
  [{ $code: "f", $scope: {} }, "javascriptWithScope"],
  [{ $document: [] }, "document"],
  [{}, "document"],
  [[], "array"],
  [null, "null"],
  ["", "string"],
  [false, "boolean"],
])("the type of %j is %s", (value, name) => {
  expect(typeName(value)).toBe(name);
});
