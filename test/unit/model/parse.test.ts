import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Json, renderFields } from "../../../src/model/json.js";
import { parseManifest } from "../../../src/model/parse.js";

/** `line:column path message` of every problem. */
const problems = (text: string) =>
  parseManifest(text).problems.map(
    ({ line, column, path = "", message }) => `${line}:${column} ${path}${path && " "}${message}`,
  );

const names = fc.oneof(fc.string({ unit: "grapheme" }), fc.constantFrom("1", "0", "10", "__proto__", "a", "$oid", "é"));
const json: fc.Arbitrary<Json> = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom(null, true, false),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0),
    fc.string({ unit: "grapheme" }),
    fc.array(tie("value"), { maxLength: 4 }),
    fc
      .dictionary(
        names.filter((name) => name !== "__proto__"),
        tie("value"),
        { maxKeys: 4 },
      )
      .map((value) => ({ ...value })),
  ),
})).value;
const manifest = fc.uniqueArray(fc.tuple(names, json), { selector: ([name]) => name }).map((pairs) => new Map(pairs));

describe("what can be read", () => {
  test("canonical text gives back its fields in order, top-level names of any kind included (A1, A3)", () => {
    fc.assert(
      fc.property(manifest, (fields) => {
        const read = parseManifest(renderFields(fields));
        expect(read.problems).toEqual([]);
        expect([...read.fields]).toEqual([...fields]);
        expect(renderFields(read.fields)).toBe(renderFields(fields));
      }),
      { numRuns: 300 },
    );
  });

  test("other spacing and spelling means the same", () => {
    fc.assert(
      fc.property(manifest, (fields) => {
        const compact = `{${[...fields].map(([k, v]) => `${JSON.stringify(k)}\t:${JSON.stringify(v)}`).join(" ,\n")}} `;
        const read = parseManifest(compact);
        expect(read.problems).toEqual([]);
        expect(renderFields(read.fields)).toBe(renderFields(fields));
      }),
      { numRuns: 300 },
    );
    expect(parseManifest('{"a":1.50,"b":1E2,"c":"\\u0041\\/","d":100e-2}').fields).toEqual(
      new Map<string, Json>([
        ["a", 1.5],
        ["b", 100],
        ["c", "A/"],
        ["d", 1],
      ]),
    );
  });

  test("NUL, U+2028, byte order marks and emoji inside strings are kept (A9)", () => {
    const text = '{"a":"\\u0000\u2028\uFEFF\u200F😀\\ud83d\\ude00"}';
    expect(problems(text)).toEqual([]);
    expect(parseManifest(text).fields.get("a")).toBe("\0\u2028\uFEFF\u200F😀😀");
  });

  test("a string of megabytes, and an array of a million elements (A10)", () => {
    const long = `{"a":${JSON.stringify('x\\"'.repeat(1_000_000))} }`;
    expect(problems(long)).toEqual([]);
    const many = `{"a":[${"1,".repeat(999_999)}1]}`;
    expect(problems(many)).toEqual([]);
  });
});

describe("E37: what is refused, each with its line, column and path", () => {
  test.each([
    ["", "1:1 the file is empty"],
    [" \n", "2:1 the file is empty"],
    ["[1]", "1:1 an entry is a JSON object, in braces"],
    ["null", "1:1 an entry is a JSON object, in braces"],
    ['{"a": 1', "1:8 the file ends too early"],
    ['{"a": 1}\n}', "2:1 text follows after the end of the object"],
    ['{"a": "x', "1:9 /a the file ends too early"],
    ['{"a": tru', '1:7 /a unexpected "t"'],
    ['{"a": 1 "b": 2}', "1:9 a comma or } is missing"],
    ["{a: 1}", '1:2 unexpected "a"'],
    ['{"a" 1}', "1:6 /a a colon is missing after the name"],
    ['{"a": NaN}', "1:7 /a not a number as JSON writes them"],
    ['{"a": 01}', "1:7 /a not a number as JSON writes them"],
    ['{"a": +1}', "1:7 /a not a number as JSON writes them"],
    ['{"a": .5}', "1:7 /a not a number as JSON writes them"],
    ['{"a": "\\x"}', "1:8 /a an escape that JSON does not have"],
    ['{"a": "b\tc"}', "1:9 /a a string does not end on its line, or holds a control character"],
    ["{'a': 1}", '1:2 unexpected "\'"'],
  ])("%j", (text, expected) => expect(problems(text)).toEqual([expected]));

  test("a name that stands twice is named at its second place, however it is spelled (A2)", () => {
    expect(problems('{"a": 1,\n "b": {"c": 1, "c": 2},\n "\\u0061": 2}')).toEqual([
      "2:16 /b/c the same name stands twice in one object",
      "3:2 /a the same name stands twice in one object",
    ]);
  });

  test("numbers that a double does not hold, by value and not by spelling (A6, A7)", () => {
    const exact = ["0.1", "1e21", "9007199254740992", "123.4500", "5e-324", "1.7976931348623157e308", "0e9999", "0.0"];
    for (const number of exact) expect(problems(`{"a":${number}}`), number).toEqual([]);
    const inexact = [
      "9007199254740993",
      "0.10000000000000001",
      "1e400",
      "-1e999999999999",
      "1e-400",
      "-0",
      "-0.0",
      "-0e5",
    ];
    for (const number of inexact) {
      expect(problems(`{"a":${number}}`), number).toEqual(["1:6 /a a number that would not be read exactly"]);
    }
  });

  test("byte order mark, CR LF, comments and trailing commas are all listed, and do not hide each other", () => {
    expect(problems('\uFEFF{ // one\r\n  "a": [1, 2,], /* two */\r\n  "b": 1, "b": 2,\r\n}\r\n')).toEqual([
      "1:1 begins with a byte order mark",
      "1:4 JSON has no comments",
      "2:13 /a a comma stands after the last element",
      "2:17 JSON has no comments",
      "2:26 lines end with CR LF",
      "3:11 /b the same name stands twice in one object",
      "3:17 a comma stands after the last element",
    ]);
    expect(problems('{\r\n  "a": 1\r\n}\r\n')).toEqual(["1:2 lines end with CR LF"]);
  });

  test("a merge conflict and a Git LFS pointer are called by their names", () => {
    const conflict = '{\n<<<<<<< HEAD\n  "a": 1\n=======\n  "a": 2\n>>>>>>> topic\n}\n';
    expect(problems(conflict)).toEqual(["2:1 an unresolved merge conflict"]);
    expect(problems(conflict.replaceAll("\n", "\r\n"))).toEqual(["2:1 an unresolved merge conflict"]);
    expect(problems("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 3\n")).toEqual([
      "1:1 a Git LFS pointer, not the file itself",
    ]);
    expect(problems('{"a": "<<<<<<< HEAD"}')).toEqual([]);
  });

  test("nested objects that JavaScript would reorder, or that name __proto__ (A1, A3)", () => {
    expect(problems('{\n  "a": {\n    "b": 1,\n    "0": 2\n  }\n}\n')).toEqual([
      "2:8 /a members with whole numbers as names stand in an order that a JSON object does not keep",
    ]);
    expect(problems('{\n  "a": [\n    {\n      "__proto__": 1\n    }\n  ]\n}\n')).toEqual([
      "3:5 /a/0 a member is named __proto__, which a JSON object cannot carry safely",
    ]);
    expect(problems('{\n  "a": {\n    "0": 1,\n    "10": 2,\n    "b": 3\n  }\n}\n')).toEqual([]);
  });

  test("a surrogate that stands alone, in a value or a name (A9)", () => {
    expect(problems('{\n  "a": "\\ud800"\n}\n')).toEqual(["2:8 /a a surrogate stands alone: no Unicode text"]);
    expect(problems('{"\\uDFFFx": 1}')).toEqual(["1:2 a surrogate stands alone: no Unicode text"]);
    expect(problems('{"a": "\ud800"}')).toEqual(["1:7 /a a surrogate stands alone: no Unicode text"]);
  });

  test("depth: a thousand levels are read, 20,000 brackets are an error and no crash (A10)", () => {
    const nested = (levels: number) => `{"a":${"[".repeat(levels)}1${"]".repeat(levels)}}`;
    expect(problems(nested(999))).toEqual([]);
    expect(problems(nested(1_000))[0]).toMatch(/nested deeper than 1000 levels$/);
    expect(problems(nested(20_000))).toHaveLength(1);
    const canonical = (levels: number) =>
      renderFields(new Map([["a", JSON.parse("[".repeat(levels) + 1 + "]".repeat(levels)) as Json]]));
    expect(problems(canonical(999))).toEqual([]);
    expect(problems(canonical(1_000))).toHaveLength(1);
  });

  test("problems have no values in them", () => {
    const secret = "hunter2";
    const texts = [`{"a": ${secret}}`, `{"a": "${secret}" "b"}`, `{"a": "${secret}\t"}`, `{"a": 1, "a": "${secret}"}`];
    for (const text of texts) expect(JSON.stringify(parseManifest(text).problems)).not.toContain(secret);
  });
});

test("every mutilation of a manifest is read as something else, or has a problem: nothing throws", () => {
  const mutation = fc.tuple(manifest.map(renderFields), fc.nat(), fc.nat(3), fc.string({ maxLength: 3 }));
  fc.assert(
    fc.property(mutation, ([text, at, remove, insert]) => {
      const start = at % text.length;
      const mutilated = text.slice(0, start) + insert + text.slice(start + remove);
      const { problems: found } = parseManifest(mutilated);
      let valid = true;
      try {
        JSON.parse(mutilated);
      } catch {
        valid = false;
      }
      if (!valid) expect(found.length).toBeGreaterThan(0);
    }),
    { numRuns: 1_000 },
  );
});

test("a JSON Pointer is found in the text, or its nearest parent", () => {
  const text = '{\n  "a": {"x/y": [1, 2]},\n  "": 3\n}\n';
  const { at } = parseManifest(text);
  expect(at("")).toEqual({ line: 1, column: 1 });
  expect(at("/a")).toEqual({ line: 2, column: 8 });
  expect(at("/a/x~1y/1")).toEqual({ line: 2, column: 20 });
  expect(at("/a/none/3")).toEqual({ line: 2, column: 8 });
  expect(at("/")).toEqual({ line: 3, column: 7 });
  expect(at("/b")).toEqual({ line: 1, column: 1 });
});
