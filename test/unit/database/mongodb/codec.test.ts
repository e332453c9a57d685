import { describe, expect, test } from "vitest";
import { mongodbCodec } from "../../../../src/database/mongodb/codec.js";
import { entryReader } from "../../../../src/database/mongodb/decode.js";
import { encodeDocument } from "../../../../src/database/mongodb/encode.js";
import type { Dataset } from "../../../../src/model/dataset.js";
import { type Fields, renderFields } from "../../../../src/model/json.js";
import { parseManifest } from "../../../../src/model/parse.js";
import * as b from "./bytes.js";

const dataset: Dataset = {
  engine: "mongodb",
  name: "things",
  key: ["_id"],
  selection: "",
  oneWay: false,
  layout: { kind: "files", fanout: 0 },
};
const read = entryReader({ key: [] });
const oid = "65f0c0ffee65f0c0ffee65f0";

/** Bytes → text → fields → text, canonical form and bytes again; gives the value of field `v` as compact JSON. */
function roundTrip(bytes: Buffer): string {
  const { text } = read(bytes);
  const { fields, problems } = parseManifest(text);
  expect(problems).toEqual([]);
  expect(renderFields(fields)).toBe(text);
  const canonical = mongodbCodec.canonical({ ...dataset, key: [] }, fields);
  expect(canonical.problems).toEqual([]);
  expect(renderFields(canonical.fields)).toBe(text);
  expect(encodeDocument(fields).toString("hex")).toBe(bytes.toString("hex"));
  return JSON.stringify(fields.get("v"));
}

const value = (element: b.Element): string => roundTrip(b.documentBytes(element));
const refused = (bytes: Uint8Array): string => {
  try {
    read(bytes);
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error("was not refused");
};

describe("A1, A3, A5: documents", () => {
  const v = (...elements: b.Element[]) => value(b.document("v", ...elements));

  test.each<[string, b.Element[], string]>([
    ["plain", [b.int32("b", 1), b.int32("a", 2)], '{"b":1,"a":2}'],
    ["empty", [], "{}"],
    ["integer-like names in order", [b.int32("1", 1), b.int32("10", 2), b.int32("x", 3)], '{"1":1,"10":2,"x":3}'],
    ["leading zeros are no numbers", [b.int32("x", 1), b.int32("01", 2)], '{"x":1,"01":2}'],
    ["A1: integer-like after a name", [b.int32("b", 1), b.int32("1", 2)], '{"$document":[["b",1],["1",2]]}'],
    ["A1: integer-like descending", [b.int32("1", 1), b.int32("0", 2)], '{"$document":[["1",1],["0",2]]}'],
    [
      "A1: the largest array index",
      [b.int32("x", 1), b.int32("4294967294", 2)],
      '{"$document":[["x",1],["4294967294",2]]}',
    ],
    ["one more is a name", [b.int32("x", 1), b.int32("4294967295", 2)], '{"x":1,"4294967295":2}'],
    ["A2: duplicates", [b.int32("a", 1), b.int32("a", 2)], '{"$document":[["a",1],["a",2]]}'],
    ["A3: __proto__", [b.int32("__proto__", 1)], '{"$document":[["__proto__",1]]}'],
    [
      "A3: other names of Object.prototype",
      [b.int32("constructor", 1), b.int32("toString", 2)],
      '{"constructor":1,"toString":2}',
    ],
    [
      "A3: toJSON and _bsontype",
      [b.int32("toJSON", 1), b.string("_bsontype", "Long")],
      '{"toJSON":1,"_bsontype":"Long"}',
    ],
    ["A4: $ alone, . alone, empty", [b.int32("", 0), b.int32("$", 1), b.int32(".", 2)], '{"":0,"$":1,".":2}'],
    ["A4: $ first", [b.int32("$", 1), b.int32("a", 1)], '{"$document":[["$",1],["a",1]]}'],
    ["A5: $oid", [b.string("$oid", oid)], `{"$document":[["$oid","${oid}"]]}`],
    ["A5: $numberLong", [b.string("$numberLong", "1")], '{"$document":[["$numberLong","1"]]}'],
    ["A5: $ref, $id", [b.string("$ref", "c"), b.int32("$id", 1)], '{"$document":[["$ref","c"],["$id",1]]}'],
    [
      "A5: $regex, $options",
      [b.string("$regex", "a"), b.string("$options", "i")],
      '{"$document":[["$regex","a"],["$options","i"]]}',
    ],
    ["A5: $document", [b.array("$document")], '{"$document":[["$document",[]]]}'],
    ["A5: a wrapper's name later", [b.int32("a", 1), b.string("$oid", oid)], `{"a":1,"$oid":"${oid}"}`],
    [
      "escaped inside escaped",
      [b.document("$a", b.document("$b"))],
      '{"$document":[["$a",{"$document":[["$b",{}]]}]]}',
    ],
  ])("%s", (_, elements, expected) => {
    expect(v(...elements)).toBe(expected);
  });

  test("A1, A4: at the top level all of that is plain, in its order", () => {
    const names = ["b", "1", "0", "$a", "__proto__", "", ".", "a.b", "$oid", "constructor"];
    const bytes = b.documentBytes(...names.map((name) => b.int32(name, 1)));
    roundTrip(bytes);
    expect([...parseManifest(read(bytes).text).fields.keys()]).toEqual(names);
  });

  test("A2: duplicates at the top level are refused, names with equal hashes are not", () => {
    expect(refused(b.documentBytes(b.int32("a", 1), b.int32("b", 1), b.int32("a", 1)))).toContain(
      "two top-level fields",
    );
    // FNV-1a, 32 bits: a known pair.
    roundTrip(b.documentBytes(b.int32("costarring", 1), b.int32("liquid", 2)));
    expect(v(b.int32("costarring", 1), b.int32("liquid", 2))).toBe('{"costarring":1,"liquid":2}');
  });
});

describe("A6, A7: numbers", () => {
  test.each<[b.Element, string]>([
    [b.int32("v", 1), "1"],
    [b.int32("v", -2147483648), "-2147483648"],
    [b.int64("v", 1n), '{"$numberLong":"1"}'],
    [b.int64("v", -1n), '{"$numberLong":"-1"}'],
    [b.int64("v", 4294967296n), '{"$numberLong":"4294967296"}'],
    [b.int64("v", -4294967297n), '{"$numberLong":"-4294967297"}'],
    [b.int64("v", 9007199254740993n), '{"$numberLong":"9007199254740993"}'],
    [b.int64("v", -(2n ** 63n)), '{"$numberLong":"-9223372036854775808"}'],
    [b.int64("v", 2n ** 63n - 1n), '{"$numberLong":"9223372036854775807"}'],
    [b.double("v", 1), '{"$numberDouble":"1.0"}'],
    [b.double("v", 0), '{"$numberDouble":"0.0"}'],
    [b.double("v", -0), '{"$numberDouble":"-0.0"}'],
    [b.double("v", 0.1), "0.1"],
    [b.double("v", 5e-324), "5e-324"],
    [b.double("v", Number.MAX_VALUE), '{"$numberDouble":"1.7976931348623157e+308"}'],
    [b.double("v", 123456789012345680000), '{"$numberDouble":"123456789012345680000.0"}'],
    [b.double("v", 1e21), '{"$numberDouble":"1e+21"}'],
    [b.double("v", Number.POSITIVE_INFINITY), '{"$numberDouble":"Infinity"}'],
    [b.double("v", Number.NEGATIVE_INFINITY), '{"$numberDouble":"-Infinity"}'],
    [["v", 0x01, b.int64Bytes(0x7ff8000000000000n)], '{"$numberDouble":"NaN"}'],
    [["v", 0x01, b.int64Bytes(BigInt.asIntN(64, 0xfff8000000000000n))], '{"$numberDouble":"NaN(0xfff8000000000000)"}'],
    [["v", 0x01, b.int64Bytes(0x7ff0000000000001n)], '{"$numberDouble":"NaN(0x7ff0000000000001)"}'],
    [b.decimal128("v", 0x3040000000000000n, 1n), '{"$numberDecimal":"1"}'],
    [b.decimal128("v", 0x303e000000000000n, 10n), '{"$numberDecimal":"1.0"}'],
    [b.decimal128("v", 0x303c000000000000n, 100n), '{"$numberDecimal":"1.00"}'],
    [b.decimal128("v", 0xb046000000000000n, 0n), '{"$numberDecimal":"-0E+3"}'],
    [b.decimal128("v", 0x7c00000000000000n, 0n), '{"$numberDecimal":"NaN"}'],
    [b.decimal128("v", 0xf800000000000000n, 0n), '{"$numberDecimal":"-Infinity"}'],
    [
      b.decimal128("v", 0x5ffe314dc6448d93n, 0x38c15b0a00000000n),
      '{"$numberDecimal":"1.000000000000000000000000000000000E+6144"}',
    ],
    [
      b.decimal128("v", 0x3041ed09bead87c0n, 0x378d8e63ffffffffn),
      '{"$numberDecimal":"9999999999999999999999999999999999"}',
    ],
  ])("%#", (element, expected) => {
    expect(value(element)).toBe(expected);
  });

  test("A7: Decimal128 in other encodings of the same text is refused", () => {
    expect(refused(b.documentBytes(b.decimal128("v", 0xfc00000000000000n, 0n)))).toContain("Decimal128");
    expect(refused(b.documentBytes(b.decimal128("v", 0x7c00000000000000n, 18n)))).toContain("Decimal128");
    expect(refused(b.documentBytes(b.decimal128("v", 0x6c10000000000000n, 0n)))).toContain("Decimal128");
  });
});

describe("A8: the other types", () => {
  const bytes = (...values: number[]) => Buffer.from(values);

  test.each<[string, b.Element, string]>([
    ["date", b.date("v", 1700000000000n), '{"$date":{"$numberLong":"1700000000000"}}'],
    ["date before 1970", b.date("v", -1n), '{"$date":{"$numberLong":"-1"}}'],
    ["date beyond JavaScript's", b.date("v", 8640000000000001n), '{"$date":{"$numberLong":"8640000000000001"}}'],
    ["the last date", b.date("v", 2n ** 63n - 1n), '{"$date":{"$numberLong":"9223372036854775807"}}'],
    ["objectId", b.objectId("v", oid), `{"$oid":"${oid}"}`],
    [
      "regex",
      b.regularExpression("v", 'a/b"\\d', "ix"),
      '{"$regularExpression":{"pattern":"a/b\\"\\\\d","options":"ix"}}',
    ],
    [
      "regex, JavaScript-invalid, options out of order",
      b.regularExpression("v", "(?<=(", "xziu"),
      '{"$regularExpression":{"pattern":"(?<=(","options":"xziu"}}',
    ],
    ["undefined", b.nothing("v", 0x06), '{"$undefined":true}'],
    ["minKey", b.nothing("v", 0xff), '{"$minKey":1}'],
    ["maxKey", b.nothing("v", 0x7f), '{"$maxKey":1}'],
    ["null", b.nil("v"), "null"],
    ["true", b.boolean("v", true), "true"],
    ["false", b.boolean("v", false), "false"],
    ["symbol", b.symbol("v", "s"), '{"$symbol":"s"}'],
    ["dbPointer", b.dbPointer("v", "a.b", oid), `{"$dbPointer":{"$ref":"a.b","$id":{"$oid":"${oid}"}}}`],
    ["code", b.code("v", "f()"), '{"$code":"f()"}'],
    ["code with scope", b.codeWithScope("v", "f()", b.int32("x", 1)), '{"$code":"f()","$scope":{"x":1}}'],
    [
      "code with a scope that JSON cannot carry",
      b.codeWithScope("v", "", b.int32("$x", 1)),
      '{"$code":"","$scope":{"$document":[["$x",1]]}}',
    ],
    ["timestamp", b.timestamp("v", 4294967295, 4294967294), '{"$timestamp":{"t":4294967295,"i":4294967294}}'],
    ["empty timestamp", b.timestamp("v", 0, 0), '{"$timestamp":{"t":0,"i":0}}'],
    ["binary", b.binary("v", 0, bytes(255, 0)), '{"$binary":{"base64":"/wA=","subType":"00"}}'],
    ["old binary", b.binary("v", 2, bytes(1, 0, 0, 0, 7)), '{"$binary":{"base64":"Bw==","subType":"02"}}'],
    ["vector", b.binary("v", 9, bytes(3, 0, 1)), '{"$binary":{"base64":"AwAB","subType":"09"}}'],
    ["user-defined binary", b.binary("v", 0x80, bytes()), '{"$binary":{"base64":"","subType":"80"}}'],
    ["array", b.array("v", b.int32("", 1), b.array("", b.nil("")), b.array("")), "[1,[null],[]]"],
  ])("%s", (_, element, expected) => {
    expect(value(element)).toBe(expected);
  });

  test("every subtype of binaries", () => {
    for (let subType = 0; subType < 256; subType++)
      if (subType !== 2) expect(value(b.binary("v", subType, bytes(1)))).toContain('"base64":"AQ=="');
  });

  test("refused: what the text would alter", () => {
    expect(refused(b.documentBytes(b.binary("v", 2, bytes(9, 0, 0, 0, 7))))).toContain("subtype 2");
    expect(refused(b.documentBytes(["v", 0x08, bytes(2)]))).toContain("boolean");
    expect(refused(b.documentBytes(["v", 0x04, b.documentBytes(b.int32("1", 1))]))).toContain("numbered");
    expect(refused(b.documentBytes(["v", 0x04, b.documentBytes(b.int32("00", 1))]))).toContain("numbered");
    expect(refused(b.documentBytes(["v", 0x20, bytes()]))).toContain("0x20");
  });
});

describe("A9: text", () => {
  test.each([
    "\0",
    "a\0b",
    "\u2028\u2029",
    "\ufeff",
    "\u200f\u202e",
    "\u007f\u0001\b\t\n\f\r\u001f",
    '"\\/',
    "😀 größer",
    "x".repeat(5000),
  ])("kept: %#", (text) => {
    expect(value(b.string("v", text))).toBe(JSON.stringify(text));
    roundTrip(b.documentBytes(b.document("v", b.int32(text.replaceAll("\0", ""), 1))));
  });

  test.each<[string, Buffer]>([
    ["lone continuation", Buffer.from([0x80])],
    ["overlong", Buffer.from([0xc0, 0xaf])],
    ["surrogate", Buffer.from([0xed, 0xa0, 0x80])],
    ["cut off", Buffer.from([0xf0, 0x9f, 0x98])],
  ])("invalid UTF-8 is refused: %s", (_, bytes) => {
    const counted = Buffer.concat([b.int32Bytes(bytes.length + 1), bytes, Buffer.alloc(1)]);
    expect(refused(b.documentBytes(["v", 0x02, counted], ["w", 0x02, counted]))).toContain("UTF-8");
    const element = Buffer.concat([Buffer.from([0x0a]), bytes, Buffer.alloc(2)]);
    expect(refused(Buffer.concat([b.int32Bytes(element.length + 4), element]))).toContain("UTF-8");
  });

  test("a lone surrogate is not written", () => {
    for (const fields of [new Map([["v", "\ud800"]]), new Map([["\udc00", 1]])] as Fields[]) {
      expect(mongodbCodec.canonical({ ...dataset, key: [] }, fields).problems).toHaveLength(1);
      expect(() => encodeDocument(fields)).toThrow("surrogate");
    }
  });
});

describe("A10: large and deep", () => {
  test("a million elements", () => {
    const count = 1_000_000;
    const names = Array.from({ length: count }, (_, i) => i);
    const size = names.reduce((sum, i) => sum + 6 + String(i).length, 5);
    const body = Buffer.alloc(size);
    let at = 4;
    for (const i of names) {
      body[at++] = 0x10;
      at += body.write(`${i}\0`, at);
      at = body.writeInt32LE(i, at);
    }
    body.writeInt32LE(size);
    const bytes = b.documentBytes(["v", 0x04, body]);
    const { text } = read(bytes);
    expect(encodeDocument(parseManifest(text).fields).equals(bytes)).toBe(true);
  });

  test("10,000 fields, one of them twice", () => {
    const fields = Array.from({ length: 10_000 }, (_, i) => b.int32(`field ${i}`, i));
    roundTrip(b.documentBytes(b.document("v", ...fields)));
    const twice = value(b.document("v", ...fields, b.int32("field 7", 1)));
    expect(twice.startsWith('{"$document":[["field 0",0],')).toBe(true);
  });

  test("200 levels of documents and arrays, 180 of escaped documents", () => {
    let nested = b.int32("x", 1);
    for (let i = 0; i < 100; i++) nested = b.array("x", b.document("x", nested));
    roundTrip(b.documentBytes(nested));
    let escaped = b.int32("$x", 1);
    for (let i = 0; i < 180; i++) escaped = b.document("$x", escaped);
    roundTrip(b.documentBytes(escaped));
    for (let i = 0; i < 1000; i++) escaped = b.document("x", escaped);
    expect(refused(b.documentBytes(escaped))).toContain("deep");
  });

  test("16 MB", () => {
    roundTrip(b.documentBytes(b.string("v", "0123456789abcdeä".repeat(1 << 20).slice(0, 15_700_000))));
  });
});

describe("damaged BSON is refused", () => {
  const good = b.documentBytes(
    b.string("s", "text"),
    b.document("d", b.int32("a", 1)),
    b.array("l", b.nil("")),
    b.codeWithScope("c", "x"),
  );

  test("cut off anywhere, or a length changed", () => {
    roundTrip(good);
    for (let length = 0; length < good.length; length++) refused(good.subarray(0, length));
    for (const delta of [-5, -1, 1, 5, 0x7fffffff - good.length]) {
      const bytes = Buffer.from(good);
      bytes.writeInt32LE(good.length + delta);
      refused(bytes);
    }
  });

  test("any byte changed: refused, or carried as it is", () => {
    for (let at = 0; at < good.length; at++) {
      for (const flipped of [0x00, 0x01, 0x10, 0x7f, 0x80, 0xff]) {
        const bytes = Buffer.from(good);
        bytes[at] = flipped;
        let text: string;
        try {
          ({ text } = read(bytes));
        } catch (error) {
          expect((error as Error).message).not.toBe("");
          continue;
        }
        expect(encodeDocument(parseManifest(text).fields).toString("hex")).toBe(bytes.toString("hex"));
      }
    }
  });

  test("the field is named", () => {
    try {
      read(b.documentBytes(b.int32("ok", 1), ["bad", 0x08, Buffer.from([7])]));
      expect.unreachable();
    } catch (error) {
      expect(error).toMatchObject({ field: "bad" });
    }
  });
});

describe("selection and keys", () => {
  const bytes = b.documentBytes(
    b.int32("_id", 1),
    b.string("a", "x"),
    b.document("k", b.double("y", 1)),
    b.int32("z", 3),
  );

  test("pick and omit", () => {
    const compact = (shape: Parameters<typeof entryReader>[0]) =>
      JSON.stringify(JSON.parse(entryReader(shape)(bytes).text));
    expect(compact({ key: ["_id"], pick: ["_id", "z"] })).toBe('{"_id":1,"z":3}');
    expect(compact({ key: ["_id"], omit: ["a", "k"] })).toBe('{"_id":1,"z":3}');
    expect(compact({ key: ["_id"], pick: [] })).toBe("{}");
  });

  test("a field outside the selection is not read", () => {
    const hidden = b.documentBytes(b.int32("_id", 1), ["a", 0x08, Buffer.from([7])], b.int32("a", 1));
    expect(entryReader({ key: ["_id"], omit: ["a"] })(hidden).key).toBe("[1]");
  });

  test("keys are compact canonical JSON", () => {
    const key = (...names: string[]) => entryReader({ key: names })(bytes).key;
    expect(key("_id")).toBe("[1]");
    expect(key("k", "a")).toBe('[{"y":{"$numberDouble":"1.0"}},"x"]');
    expect(() => key("missing")).toThrow('no field "missing"');
    expect(() => entryReader({ key: ["n"] })(b.documentBytes(b.nil("n")))).toThrow("null");
  });

  test("A11: _id of every type", () => {
    const ids = [
      b.nil("_id"),
      b.double("_id", Number.NaN),
      b.int64("_id", 1n),
      b.document("_id", b.int32("b", 1), b.int32("a", 2)),
    ];
    const keys = ids.map((id) => entryReader({ key: ["_id"] })(b.documentBytes(id)).key);
    expect(keys).toEqual(["[null]", '[{"$numberDouble":"NaN"}]', '[{"$numberLong":"1"}]', '[{"b":1,"a":2}]']);
  });
});
