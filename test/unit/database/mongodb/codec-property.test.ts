import fc from "fast-check";
import { expect, test } from "vitest";
import { mongodbCodec } from "../../../../src/database/mongodb/codec.js";
import { entryReader } from "../../../../src/database/mongodb/decode.js";
import { encodeDocument } from "../../../../src/database/mongodb/encode.js";
import type { Dataset } from "../../../../src/model/dataset.js";
import { renderFields } from "../../../../src/model/json.js";
import { parseManifest } from "../../../../src/model/parse.js";
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

const { value } = fc.letrec<{ value: b.Element }>((tie) => ({
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

const documents = fc
  .uniqueArray(named(value), { selector: ([name]) => name, maxLength: 6 })
  .map((elements) => b.documentBytes(...elements));

const read = entryReader({ key: [] });
const dataset: Dataset = {
  engine: "mongodb",
  name: "things",
  key: [],
  selection: "",
  oneWay: false,
  layout: { kind: "files", fanout: 0 },
};

/** `_id` is put first in canonical form, as the server does. */
const idFirst = (names: string[]) => !names.includes("_id") || names[0] === "_id";

test("A1 to A9: any document comes back as the same bytes, and its text is canonical", () => {
  fc.assert(
    fc.property(documents, (bytes) => {
      const { text } = read(bytes);
      const { fields, problems } = parseManifest(text);
      expect(problems).toEqual([]);
      expect(renderFields(fields)).toBe(text);
      expect(encodeDocument(fields).toString("hex")).toBe(bytes.toString("hex"));
      const canonical = mongodbCodec.canonical(dataset, fields);
      expect(canonical.problems).toEqual([]);
      if (idFirst([...fields.keys()])) expect(renderFields(canonical.fields)).toBe(text);
    }),
    { numRuns: 3000 },
  );
});

test("a damaged document is refused, or carried as the bytes it is", () => {
  fc.assert(
    fc.property(documents, fc.nat(), fc.integer({ min: 0, max: 255 }), (bytes, where, byte) => {
      const damaged = Buffer.from(bytes);
      damaged[where % damaged.length] = byte;
      let text: string;
      try {
        ({ text } = read(damaged));
      } catch (error) {
        expect((error as Error).constructor.name).toBe("NotCarried");
        return;
      }
      expect(encodeDocument(parseManifest(text).fields).toString("hex")).toBe(damaged.toString("hex"));
    }),
    { numRuns: 3000 },
  );
});

test("an unselected damage does not matter to what is selected; a computed value that is what was seen changes nothing", () => {
  fc.assert(
    fc.property(value, (element) => {
      const { fields } = parseManifest(read(b.documentBytes(["v", element[1], element[2]])).text);
      const json = fields.get("v")!;
      const back = mongodbCodec.fromPlain(mongodbCodec.toPlain(json), json);
      expect(JSON.stringify(back)).toBe(JSON.stringify(json));
    }),
    { numRuns: 1000 },
  );
});
