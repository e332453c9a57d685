import fc from "fast-check";
import { expect, test } from "vitest";
import { formatArray } from "../../../../src/database/postgres/array-text.js";
import { copyBlocks, copyLine, copyRows, isPlain } from "../../../../src/database/postgres/copy-text.js";
import { type Cells, rowRenderer } from "../../../../src/database/postgres/row.js";
import { blockPrinter } from "../../../../src/database/postgres/row-bytes.js";
import { valueType } from "../../../../src/database/postgres/value-type.js";
import { digestOf } from "../../../../src/model/entry.js";

const text = fc.oneof(
  fc.string({ maxLength: 20 }),
  fc.string({ unit: "binary", maxLength: 20 }).map((value) => value.replaceAll("\0", "").toWellFormed()),
  fc.string({
    unit: fc.constantFrom(..."aN\\\"'\t\n\r\b\f\v\u0001\u001f\u007f\u0080\u2028\u2029\ufeffé😀"),
    maxLength: 20,
  }),
  fc.constantFrom("", "\\N", "\\.", "\\", '"', "null", "NULL", "t", "\\\\N"),
);

/** Cells as the server prints them, by type. */
const printed: Record<string, fc.Arbitrary<string>> = {
  integer: fc.integer().map(String),
  bigint: fc.oneof(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), fc.maxSafeInteger()).map(String),
  "double precision": fc.oneof(fc.double().map(String), fc.constantFrom("-0", "1e+15", "1e-05", "NaN", "-Infinity")),
  boolean: fc.constantFrom("t", "f"),
  "numeric(30,4)": fc.stringMatching(/^-?\d{1,25}\.\d{4}$/),
  "timestamp with time zone": fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
  text,
  '"Odd schema"."integer"': text,
  jsonb: fc.oneof(fc.json(), fc.constantFrom('{"$json": "1"}', '{"b": 1, "1": 2}', "null", '"é\\u2028"')),
  "text[]": fc.array(fc.oneof(text, fc.constant(null)), { maxLength: 4 }).map((items) => formatArray(items, ",")),
};
const types = Object.keys(printed);
const inKeys = types.filter((type) => type !== "jsonb" && !type.endsWith("[]"));

const table = fc
  .record({
    types: fc.array(fc.constantFrom(...types), { maxLength: 6 }),
    keys: fc.array(fc.constantFrom(...inKeys), { minLength: 1, maxLength: 3 }),
    names: fc.uniqueArray(text, { minLength: 9, maxLength: 9 }),
    keysFirst: fc.boolean(),
  })
  .chain(({ types, keys, names, keysFirst }) => {
    const all = keysFirst ? [...keys, ...types] : [...types, ...keys];
    const columns = all.map((type, i) => ({ name: names[i]!, type: valueType(type) }));
    const key = keys.map((_, i) => (keysFirst ? i : types.length + i)).reverse();
    const row = fc.tuple(...all.map((type) => fc.option(printed[type]!, { freq: 6 })));
    return fc.record({ columns: fc.constant(columns), key: fc.constant(key), rows: fc.array(row, { maxLength: 8 }) });
  });

const refuse = (cells: Cells): never => {
  throw new Error(`no UTF-8: ${cells}`);
};

function expectSame(columns: Parameters<typeof rowRenderer>[0], key: number[], block: Buffer): void {
  const wanted = copyRows(block, refuse).map(rowRenderer(columns, key));
  const entries = blockPrinter(columns, key)!(block, isPlain(block, refuse));
  expect(entries.map(({ key, text }) => ({ key, text }))).toEqual(wanted);
  expect(entries.map(({ bytes }) => Buffer.from(bytes!).toString())).toEqual(wanted.map(({ text }) => text));
  expect(entries.map(({ digest }) => digest)).toEqual(wanted.map(({ text }) => digestOf(text)));
}

test("entries printed as bytes are those made of strings, for cells of any characters and types", () => {
  fc.assert(
    fc.property(table, ({ columns, key, rows }) => {
      expectSame(columns, key, Buffer.from(rows.map(copyLine).join("")));
    }),
    { numRuns: 1000 },
  );
});

test("entries printed as bytes: values much longer than their COPY text, and many rows", () => {
  const columns = ["integer", "text", "text"].map((type, i) => ({ name: `c${i}`, type: valueType(type) }));
  const rows = Array.from({ length: 300 }, (_, i) => [
    `${i}`,
    i % 7 === 3 ? "\u0001".repeat(20 * i) : '"'.repeat(i),
    i % 50 === 0 ? "é\n".repeat(10 * i) : null,
  ]);
  for (const key of [[0], [1, 0]]) expectSame(columns, key, Buffer.from(rows.map(copyLine).join("")));
  const wide = [{ name: "n".repeat(400), type: valueType("text") }];
  const narrow = [...Array.from({ length: 1000 }, (_, i) => [`${i}`]), ['"'.repeat(200_000)], ["\u0001".repeat(99)]];
  expectSame(wide, [0], Buffer.from(narrow.map(copyLine).join("")));
});

test("an entry keeps its text after others were printed", () => {
  const columns = [{ name: "id", type: valueType("integer") }];
  const print = blockPrinter(columns, [0])!;
  const [first] = print(Buffer.from("1\n"), true);
  print(Buffer.from("2\n"), true);
  expect(first!.text).toBe('{\n  "id": 1\n}\n');
});

test("a stream of COPY text is cut into blocks of whole lines, and one that breaks off in a line is an error", async () => {
  const lines = Array.from({ length: 60_000 }, (_, i) => `${i}\té${"x".repeat(i % 5)}\n`).join("");
  const bytes = Buffer.from(lines);
  const blocksOf = async (size: number, end = bytes.length) => {
    async function* chunks() {
      for (let at = 0; at < end; at += size) yield bytes.subarray(at, Math.min(at + size, end));
    }
    const blocks: string[] = [];
    for await (const block of copyBlocks(chunks())) blocks.push(block.toString());
    return blocks;
  };
  for (const size of [997, 65_536, 1_000_000]) {
    const blocks = await blocksOf(size);
    expect(blocks.join("")).toBe(lines);
    expect(blocks.every((block) => block.endsWith("\n"))).toBe(true);
  }
  expect((await blocksOf(997)).length).toBeGreaterThan(3);
  await expect(blocksOf(997, bytes.length - 2)).rejects.toMatchObject({ code: "HDL999" });
});
