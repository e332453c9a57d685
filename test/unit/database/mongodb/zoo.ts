import type { Json } from "../../../../src/model/json.js";
import * as b from "./bytes.js";

/** A BSON type by the name that plans give it: values that are carried, bytes that are refused, and texts that are malformed. */
export interface BsonSpecimen {
  type: string;
  values: b.Element[];
  refused?: b.Element[];
  malformed?: Json[];
}

const oid = "65f0a1b2c3d4e5f60718293a";
const bytes = (...values: number[]) => Buffer.from(values);
const badText = Buffer.concat([b.int32Bytes(2), bytes(0x80, 0)]);

export const bsonZoo: BsonSpecimen[] = [
  {
    type: "double",
    values: [b.double("v", 70.5), b.double("v", 1), b.double("v", -0), b.double("v", 1e300), b.double("v", Number.NaN)],
    malformed: [{ $numberDouble: "one" }, { $numberDouble: 1 }, { $numberDouble: "0.12345678901234567890" }],
  },
  { type: "string", values: [b.string("v", "Größe 😀"), b.string("v", "a\0\u2028")], refused: [["v", 0x02, badText]] },
  {
    type: "document",
    values: [
      b.document("v", b.int32("b", 1), b.int32("a", 2)),
      b.document("v", b.string("$oid", "x")),
      b.document("v", b.int32("b", 1), b.int32("1", 2)),
      b.document("v", b.int32("a", 1), b.int32("a", 2)),
    ],
    malformed: [{ $gt: 1 }, { $document: [["a"]] }],
  },
  {
    type: "array",
    values: [b.array("v", b.int32("", 1), b.nil("")), b.array("v")],
    refused: [["v", 0x04, b.documentBytes(b.int32("1", 1))]],
  },
  {
    type: "binary",
    values: [
      b.binary("v", 0, bytes(255, 0)),
      b.binary("v", 4, Buffer.alloc(16, 1)),
      b.binary("v", 2, bytes(1, 0, 0, 0, 7)),
      b.binary("v", 0x80, bytes()),
    ],
    refused: [b.binary("v", 2, bytes(9, 0, 0, 0, 7))],
    malformed: [{ $binary: { base64: "/wA", subType: "00" } }, { $binary: "/wA=" }, { $uuid: "1" }],
  },
  { type: "undefined", values: [b.nothing("v", 0x06)], malformed: [{ $undefined: 1 }] },
  { type: "objectId", values: [b.objectId("v", oid)], malformed: [{ $oid: "1" }, { $oid: oid, more: 1 }] },
  { type: "boolean", values: [b.boolean("v", true)], refused: [["v", 0x08, bytes(2)]] },
  {
    type: "date",
    values: [b.date("v", 1767603600000n), b.date("v", -1n), b.date("v", 2n ** 63n - 1n)],
    malformed: [{ $date: 1767603600000 }, { $date: "2026-02-30T00:00:00Z" }],
  },
  { type: "null", values: [b.nil("v")] },
  {
    type: "regex",
    values: [b.regularExpression("v", "(?<=(", "xziu")],
    malformed: [{ $regularExpression: { pattern: "a" } }, { $regex: "a", $options: "i" }],
  },
  { type: "dbPointer", values: [b.dbPointer("v", "a.b", oid)], malformed: [{ $dbPointer: { $ref: "a.b" } }] },
  { type: "javascript", values: [b.code("v", "f()")], malformed: [{ $code: 1 }] },
  { type: "symbol", values: [b.symbol("v", "s")], malformed: [{ $symbol: 1 }] },
  {
    type: "javascriptWithScope",
    values: [b.codeWithScope("v", "f()", b.int32("x", 1))],
    malformed: [{ $code: "f()", $scope: 1 }],
  },
  { type: "int32", values: [b.int32("v", 42), b.int32("v", -2147483648)], malformed: [{ $numberInt: "x" }, 2 ** 60] },
  { type: "timestamp", values: [b.timestamp("v", 1767603600, 1)], malformed: [{ $timestamp: { t: -1, i: 0 } }] },
  {
    type: "int64",
    values: [b.int64("v", 12n), b.int64("v", 9007199254740993n)],
    malformed: [{ $numberLong: "9223372036854775808" }, { $numberLong: 12 }],
  },
  {
    type: "decimal128",
    values: [
      b.decimal128("v", 0x303c000000000000n, 34900n),
      b.decimal128("v", 0xb046000000000000n, 0n),
      b.decimal128("v", 0x7c00000000000000n, 0n),
    ],
    refused: [b.decimal128("v", 0x7c00000000000000n, 18n)],
    malformed: [{ $numberDecimal: "1,5" }, { $numberDecimal: "1e9999" }],
  },
  { type: "minKey", values: [b.nothing("v", 0xff)], malformed: [{ $minKey: true }] },
  { type: "maxKey", values: [b.nothing("v", 0x7f)], malformed: [{ $maxKey: 2 }] },
];
