import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { mongodbCodec } from "../../../src/database/mongodb/codec.js";
import { postgresCodec } from "../../../src/database/postgres/codec.js";
import type { Json } from "../../../src/model/json.js";
import { keyParts } from "../../../src/model/key.js";
import {
  chooseFanout,
  datasetDirectory,
  entryName,
  entryPath,
  isEntryPath,
  places,
} from "../../../src/repository/layout.js";

/** As PostgreSQL names keys: every value by its text. */
const byText = (part: Json) => ({ text: typeof part === "string" ? part : JSON.stringify(part), plain: true });
const pathOf = (...parts: Json[]) => entryPath(JSON.stringify(parts), { kind: "files", fanout: 0 }, byText);

describe("names that must never change: they are in people's repositories", () => {
  test.each<[Json[], string]>([
    [["sku-1"], "sku-1.json"],
    [[42], "42.json"],
    [["a.b_c-d"], "a.b_c-d.json"],
    [["a", 7], "a,7.json"],
    [["65f0c0ffee65f0c0ffee65f0"], "65f0c0ffee65f0c0ffee65f0.json"],
    [["0b5a8a5e-7d55-4a6c-8f2e-0f3a9a1f6f11"], "0b5a8a5e-7d55-4a6c-8f2e-0f3a9a1f6f11.json"],
    [["SKU-9"], "SKU-9~57d25f132a0aecee.json"],
    [[""], "x~055539df4a0b804c.json"],
    [["."], "x~"],
    [[".."], "x~"],
    [[".git"], "git~"],
    [["git~1"], "git-1~"],
    [["-rf"], "rf~"],
    [["_dataset"], "dataset~"],
    [["a."], "a~"],
    [["a "], "a~"],
    [["con"], "con~"],
    [["CON"], "CON~"],
    [["nul.txt"], "nul-txt~"],
    [["com1"], "com1~"],
    [["a/b"], "a-b~"],
    [["a\\b"], "a-b~"],
    [["a:b"], "a-b~"],
    [["a,b"], "a-b~"],
    [["a\nb"], "a-b~"],
    [["Ünï"], "n~"],
    [["😀a"], "a~"],
    [["A", "b c"], "A,b-c~"],
    [["", ""], "x,x~"],
  ])("E36: %j → %s", (parts, expected) => {
    const path = pathOf(...parts);
    if (expected.endsWith(".json")) expect(path).toBe(expected);
    else expect(path).toMatch(new RegExp(`^${expected}[\\da-f]{16}\\.json$`));
  });

  test("a 4 KB key is cut, its hash is of the whole (E36)", () => {
    expect(pathOf("k".repeat(4096))).toMatch(/^k{60}~[\da-f]{16}\.json$/);
    expect(pathOf("k".repeat(4096))).not.toBe(pathOf("k".repeat(4095)));
    expect(pathOf("k".repeat(60))).toBe(`${"k".repeat(60)}.json`);
  });

  test("a part whose text does not tell its type is never plain", () => {
    const typed = (part: Json) => ({ text: String(part), plain: typeof part === "number" });
    const name = (part: Json) => entryName(JSON.stringify([part]), typed);
    expect(name(1)).toBe("1.json");
    expect(name("1")).toMatch(/^1~[\da-f]{16}\.json$/);
  });

  test.each([postgresCodec, mongodbCodec])("a short whole number is a plain name for $engine", ({ keyName }) => {
    for (const key of ["[0]", "[7]", "[999999999]"]) {
      expect(keyName(keyParts(key)[0]!)).toEqual({ text: key.slice(1, -1), plain: true });
      expect(entryName(key, keyName)).toBe(`${key.slice(1, -1)}.json`);
    }
  });

  test("fan-out is by the hash that names carry", () => {
    expect(places('["SKU-9"]', "x.json", { kind: "lines", shards: 256 })).toEqual(
      ["57.jsonl/", "", "57/", "57/d2/", "5.jsonl/", "57d.jsonl/"].map((directories) => `${directories}x.json`),
    );
    expect(entryPath('["SKU-9"]', { kind: "files", fanout: 2 }, byText)).toBe("57/d2/SKU-9~57d25f132a0aecee.json");
    expect([0, 1_999, 2_000, 199_999, 200_000].map(chooseFanout)).toEqual([0, 0, 1, 1, 2]);
  });

  test.each([
    ["products", "products"],
    ["sales.orders", "sales.orders"],
    ["sales.Orders", /^sales\.Orders~[\da-f]{16}$/],
    ["Sales.orders", /^Sales~[\da-f]{16}\.orders$/],
    ['"a.b"', /^a-b~[\da-f]{16}$/],
    ['a."b.c"', /^a\.b-c~[\da-f]{16}$/],
    ["a.b.c", "a.b.c"],
    ['"a"', /^a~[\da-f]{16}$/],
    ["con.x", /^con~[\da-f]{16}\.x$/],
    ["con.x.y", /^con-x-y~[\da-f]{16}$/],
    ["_x", /^x~[\da-f]{16}$/],
    ["T", /^T~[\da-f]{16}$/],
  ])("D26: dataset %s → %s", (name, expected) => {
    const directory = datasetDirectory(name);
    if (typeof expected === "string") expect(directory).toBe(expected);
    else expect(directory).toMatch(expected);
  });
});

const nasty = fc.oneof(
  fc.string({ unit: "binary", maxLength: 8 }),
  fc.string({
    unit: fc.constantFrom("a", "A", "b", ".", "-", "_", ",", "~", " ", "/", "é", "e\u0301", "ﬁ", "\u200b", "K", "ſ"),
  }),
  fc.constantFrom(
    "",
    ".",
    "..",
    ".git",
    "git~1",
    "CON",
    "con",
    "NUL",
    "aux.b",
    "a:b",
    "a\\b",
    "a/b",
    "-a",
    "a\nb",
    "A",
    "a",
  ),
  fc.string({ minLength: 55, maxLength: 70, unit: fc.constantFrom("a", "A", "-") }),
);
const keys = fc.oneof(fc.tuple(fc.oneof(nasty, fc.integer())), fc.tuple(nasty, nasty), fc.tuple(fc.integer(), nasty));

/** What file systems take for the same name: case, normalization, trailing dots and spaces. */
const folded = (name: string) =>
  name
    .normalize("NFKC")
    .toLowerCase()
    .normalize("NFKC")
    .replace(/[. ]+$/, "");

/** What Windows, macOS and Linux all take, and git with core.protectNTFS and core.protectHFS. */
function expectPortable(name: string): void {
  expect(name).toMatch(/^[A-Za-z\d][A-Za-z\d._,~-]*$/);
  expect(name).not.toMatch(/[. ]$/);
  expect(name.split(".")[0]).not.toMatch(/^(?:con|prn|aux|nul|com\d|lpt\d|git|git~1)$/i);
  expect(name.length).toBeLessThanOrEqual(160);
}

describe("E35, E36: any keys whatever", () => {
  test("have distinct names on every file system", () => {
    fc.assert(
      fc.property(fc.uniqueArray(keys, { selector: JSON.stringify, maxLength: 30 }), (list) => {
        // Of one dataset: as many parts in each key, and numbers and their texts are one value to PostgreSQL.
        for (const length of [1, 2]) {
          const texts = new Set(
            list.filter((key) => key.length === length).map((key) => JSON.stringify(key.map(String))),
          );
          const names = [...texts].map((text) => folded(pathOf(...(JSON.parse(text) as Json[]))));
          expect(new Set(names).size).toBe(texts.size);
        }
      }),
      { numRuns: 500 },
    );
  });

  test("have portable names, which are taken for entries", () => {
    fc.assert(
      fc.property(keys, fc.constantFrom(0 as const, 1 as const, 2 as const), (key, levels) => {
        const path = entryPath(JSON.stringify(key), { kind: "files", fanout: levels }, byText);
        for (const part of path.split("/")) expectPortable(part);
        expect(isEntryPath(path)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  test("datasets have distinct, portable directories", () => {
    const quoted = (part: string) => (/[."]/.test(part) ? `"${part.replaceAll('"', '""')}"` : part);
    const name = fc.oneof(
      nasty,
      nasty.map(quoted),
      fc.tuple(nasty, nasty).map(([schema, table]) => `${quoted(schema)}.${quoted(table)}`),
    );
    fc.assert(
      fc.property(fc.uniqueArray(name, { maxLength: 30 }), (list) => {
        for (const one of list) expectPortable(datasetDirectory(one));
        expect(new Set(list.map((one) => folded(datasetDirectory(one)))).size).toBe(list.length);
      }),
      { numRuns: 500 },
    );
  });
});

test("what cannot be an entry's path", () => {
  const paths = [
    "_dataset.json",
    "a.txt",
    "a/b.json",
    "3f/a0/11/b.json",
    "3F/a.json",
    ".a.json",
    "README.md",
    "a",
    "_x.json",
  ];
  for (const path of paths) expect(isEntryPath(path), path).toBe(false);
});
