import fc from "fast-check";
import * as b from "./bytes.js";

const text = fc.oneof(
  fc.string({ unit: "grapheme", maxLength: 20 }),
  fc.string({ unit: "binary", maxLength: 12 }),
  fc.constantFrom(
    "",
    "$",
    ".",
    "a.b",
    "$oid",
    "$document",
    "$numberLong",
    "__proto__",
    "toJSON",
    "_bsontype",
    "\u2028",
    "\ufeff",
  ),
);
const name = fc
  .oneof(text, fc.constantFrom("a", "b", "1", "0", "10", "01", "4294967294", "4294967295"))
  .map((value) => value.replaceAll("\0", ""));
const bits = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const hex = fc.uint8Array({ minLength: 12, maxLength: 12 }).map((value) => Buffer.from(value).toString("hex"));
const uint32 = fc.integer({ min: 0, max: 0xffffffff });

const scalar: fc.Arbitrary<b.Element> = fc.oneof(
  fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }).map((value) => b.int32("", value)),
  fc.double().map((value) => b.double("", value)),
  bits.map((value): b.Element => ["", 0x01, b.int64Bytes(value)]),
  bits.map((value) => b.int64("", value)),
  fc.maxSafeInteger().map((value) => b.int64("", BigInt(value))),
  bits.map((value) => b.date("", value)),
  fc
    .tuple(fc.bigInt({ min: 0n, max: 2n ** 112n }), fc.integer({ min: 0, max: 12287 }), fc.boolean())
    .map(([digits, exponent, negative]) => {
      const canonical = digits < 10n ** 34n ? digits : digits % 10n ** 34n;
      const high = (negative ? 1n << 63n : 0n) | (BigInt(exponent) << 49n) | (canonical >> 64n);
      return b.decimal128("", high, canonical & 0xffffffffffffffffn);
    }),
  text.map((value) => b.string("", value)),
  hex.map((value) => b.objectId("", value)),
  fc.boolean().map((value) => b.boolean("", value)),
  fc.constantFrom(0x06, 0x0a, 0x7f, 0xff).map((type) => b.nothing("", type)),
  fc.tuple(name, name).map(([pattern, options]) => b.regularExpression("", pattern, options)),
  fc.tuple(text, hex).map(([collection, id]) => b.dbPointer("", collection, id)),
  text.map((value) => b.code("", value)),
  text.map((value) => b.symbol("", value)),
  fc.tuple(uint32, uint32).map(([seconds, counter]) => b.timestamp("", seconds, counter)),
  fc
    .tuple(fc.integer({ min: 0, max: 255 }), fc.uint8Array({ maxLength: 20 }))
    .map(([subType, data]) =>
      b.binary("", subType, subType === 2 ? Buffer.concat([b.int32Bytes(data.length), data]) : data),
    ),
);

const named = (value: fc.Arbitrary<b.Element>) =>
  fc.tuple(name, value).map(([name, [, type, bytes]]): b.Element => [name, type, bytes]);

export const { value } = fc.letrec<{ value: b.Element }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    scalar,
    fc.array(named(tie("value")), { maxLength: 5 }).map((elements) => b.document("", ...elements)),
    fc.array(tie("value"), { maxLength: 5 }).map((elements) => b.array("", ...elements)),
    fc
      .tuple(text, fc.array(named(tie("value")), { maxLength: 3 }))
      .map(([code, scope]) => b.codeWithScope("", code, ...scope)),
  ),
}));

/** Random documents of every BSON type, without `_id`; their top-level names are all different. */
export const elements = fc.uniqueArray(named(value), { selector: ([name]) => name, maxLength: 6 });

export const documents = elements.map((list) => b.documentBytes(...list));
