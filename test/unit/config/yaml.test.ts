import fc from "fast-check";
import { expect, test } from "vitest";
import { readYaml } from "../../../src/config/yaml.js";
import { problemLines } from "../../support/problems.js";

const read = (text: string) => {
  const { documents, problems } = readYaml({ path: "a.yaml", text });
  return { values: documents.map(({ value }) => value), problems: problemLines(problems) };
};

test("several documents, comments, CRLF and a BOM", () => {
  expect(read("\ufeff# first\r\na: 1\r\n---\r\nb: [x, {y: z}]\r\n...\r\n")).toEqual({
    values: [{ a: 1 }, { b: ["x", { y: "z" }] }],
    problems: [],
  });
});

test("H53: `no`, `010` and their kind mean what YAML 1.2 says", () => {
  expect(
    read("a: [no, yes, on, off, y, 010, 0o10, 0x1F, 1_000, 12:30:45, 2026-11-22, ~, NULL, True, =, '1', 1]").values,
  ).toEqual([
    { a: ["no", "yes", "on", "off", "y", 10, 8, 31, "1_000", "12:30:45", "2026-11-22", null, null, true, "=", "1", 1] },
  ]);
});

test.each([
  ["%YAML 1.1", "%YAML 1.1\n---\na: no", "a.yaml:1:1: a directive"],
  ["%TAG", "%TAG ! tag:x,2026:\n---\na: 1", "a.yaml:1:1: a directive"],
  ["a duplicate key", "a: 1\nb: 2\na: 3", "a.yaml:3:1: a key that this mapping has already"],
  ['1 beside "1"', 'a:\n  1: x\n  "1": y', "a.yaml:3:3: a key that this mapping has already"],
  ["a duplicate key in a flow mapping", "a: {b: 1, b: 2}", "a.yaml:1:11: a key that this mapping has already"],
  ["a 20-digit integer", "a: 12345678901234567890", "a.yaml:1:4: a number that would be altered"],
  ["an integer past 2^53", "a: [1, 9007199254740993]", "a.yaml:1:8: a number that would be altered"],
  ["a long fraction", "a: 0.1234567890123456789", "a.yaml:1:4: a number that would be altered"],
  ["a number past the largest double", "a: 1e999", "a.yaml:1:4: a number that would be altered"],
  ["infinity", "a: -.inf", "a.yaml:1:4: a number that would be altered"],
  ["not a number", "a: .nan", "a.yaml:1:4: a number that would be altered"],
  ["minus zero", "a: -0.0", "a.yaml:1:4: a number that would be altered"],
  ["a tab as indentation", "a:\n\tb: 1", "a.yaml:2:1: a tab used for indentation"],
  ["an unknown tag", "a: !vault x", "a.yaml:1:4: an unknown tag"],
  ["a tag of YAML 1.1", "a: !!binary aGk=", "a.yaml:1:4: an unknown tag"],
  ["a JavaScript tag", 'a: !!js/function "x"', "a.yaml:1:4: an unknown tag"],
  ["a merge key", "a: &x {b: 1}\nc: {<<: *x}", "a.yaml:2:5: a merge key"],
  ["an empty file", "", "a.yaml:1:1: the file holds no configuration"],
  ["only comments", "# nothing\n\n# here\n", "a.yaml:1:1: the file holds no configuration"],
  ["a key that is a list", "[a, b]: 1", "a.yaml:1:1: a key that is not plain text"],
  ["an alias to nothing", "a: *x", "a.yaml:1:4: an alias"],
  ["an alias to itself", "a: &x [*x]", "a.yaml:1:1: "],
  ["an unknown escape", 'a: "\\q"', "a.yaml:1:5: an unknown escape"],
  ["an unclosed quote", 'a: "b', "a.yaml:1:6: a quote"],
  ["a control character", "a: 1\nb: \u0007", "a.yaml:2:4: a control character"],
  ["a NUL", "a: 1\n\nb\0", "a.yaml:3:2: a control character"],
])("H53: %s is an error with its place", (_, text, expected) => {
  expect(read(text).problems).toEqual([expect.stringContaining(expected)]);
});

test("numbers that a double holds are read, however they are written", () => {
  const text =
    "[0.1, 1e3, 1.50, -2.5e-7, 9007199254740991, -9007199254740991, 123456789012345680000.0, 0.30000000000000004, 1E+2, 00012]";
  expect(read(text)).toEqual({
    values: [
      [
        0.1, 1000, 1.5, -2.5e-7, 9007199254740991, -9007199254740991, 123456789012345680000, 0.30000000000000004, 100,
        12,
      ],
    ],
    problems: [],
  });
});

test("a double survives being written by JSON.stringify", () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (number) => {
      if (Object.is(number, -0) || (Number.isInteger(number) && !Number.isSafeInteger(number))) return;
      expect(read(JSON.stringify([number]))).toEqual({ values: [[number]], problems: [] });
    }),
  );
});

const deep = 20_000;
test.each([
  ["opening brackets", `a: ${"[".repeat(deep)}`],
  ["balanced brackets", `a: ${"[".repeat(deep)}${"]".repeat(deep)}`],
  ["braces", "{a: ".repeat(deep)],
  ["brackets over lines", "[\n".repeat(deep)],
  ["dashes", `${"- ".repeat(deep)}x`],
  ["question marks", `${"? ".repeat(deep)}x`],
  ["indentation", Array.from({ length: 500 }, (_, depth) => `${" ".repeat(depth)}a:`).join("\n")],
  ["brackets after strings that close some", `a: ["]]]]", ${'{b: [")", '.repeat(deep / 2)}`],
  ["a late document", `a: 1\n---\nb: ${"[".repeat(deep)}`],
])("H53: 20,000 nested %s are an error, quickly", (_, text) => {
  const start = performance.now();
  expect(read(text).problems).toEqual([expect.stringContaining("nested deeper than 64 levels")]);
  expect(performance.now() - start).toBeLessThan(10_000);
});

test("H53: brackets inside strings, comments and blocks are not nesting", () => {
  const many = "[{(".repeat(deep / 4);
  const text = `a: "${many}"\nb: '${many}'\n# ${many}\nc: |\n  ${many}\nd: x${many}\ne: >-\n  - - - -\n`;
  expect(read(text)).toEqual({
    values: [{ a: many, b: many, c: `${many}\n`, d: `x${many}`, e: "- - - -" }],
    problems: [],
  });
});

test("64 levels are read", () => {
  expect(read(`${"[".repeat(60)}${"]".repeat(60)}`).problems).toEqual([]);
});

test("H53: alias bombs are an error, quickly", () => {
  const names = "abcdefghijklmnop";
  const bomb = [...names].map((name, index) => {
    const item = index === 0 ? "x" : `*${names[index - 1]}`;
    return `${name}: &${name} [${Array(9).fill(item).join(", ")}]`;
  });
  const nest = (inner: string) => "[".repeat(20) + inner + "]".repeat(20);
  const chain = Array.from({ length: 4 }, (_, i) => `k${i}: &k${i} ${nest(i === 0 ? "x" : `*k${i - 1}`)}`);
  const start = performance.now();
  expect(read(bomb.join("\n")).problems.join()).toContain("aliases");
  expect(read(chain.join("\n")).problems.join()).toContain("nested deeper than 64 levels");
  expect(read(`a: &a 1\nb: [${"*a, ".repeat(101)}]`).problems.join()).toContain("more than 100 aliases");
  expect(performance.now() - start).toBeLessThan(10_000);
});

test("a few aliases are read, and places lead through them", () => {
  const { documents, problems } = readYaml({ path: "a.yaml", text: "a: &x\n  - b: 1\n    c: 2\nd: *x\n" });
  expect(problems).toEqual([]);
  expect(documents[0]!.value).toEqual({ a: [{ b: 1, c: 2 }], d: [{ b: 1, c: 2 }] });
  expect(documents[0]!.at("/d/0/c", "key")).toMatchObject({ line: 3, column: 5 });
});

test("H53: a file of more than 256 KiB is refused before it is read", () => {
  expect(read(`a: ${"x".repeat(256 * 1024)}`).problems).toEqual([expect.stringContaining("larger than 256 KiB")]);
});

test("a file with a problem in every line is not listed in full, and says so", () => {
  const { problems } = read("a: 1\n".repeat(5000));
  expect(problems).toHaveLength(101);
  expect(problems.at(-1)).toBe("a.yaml:102:1: more problems from here on");
});

test("names such as __proto__ are data", () => {
  const [value] = read("a: { __proto__: { polluted: true }, constructor: 1, toString: 2 }").values as [{ a: object }];
  expect(Object.keys(value.a)).toEqual(["__proto__", "constructor", "toString"]);
  expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
});

test("a document that cannot be read leaves the others", () => {
  expect(read("a: 1\n---\nb: [\n---\nc: 3\n").values).toContainEqual({ a: 1 });
});

test("places: of values, of keys, and of the nearest part around what is not there", () => {
  const text = 'a:\n  "b/c~d": [1, {e: f}]\n  empty:\nlast: x\n';
  const { documents } = readYaml({ path: "a.yaml", text });
  const at = (pointer: string, what?: "key") => {
    const { line, column, path } = documents[0]!.at(pointer, what);
    expect(path).toBe(pointer);
    return `${line}:${column}`;
  };
  expect(at("")).toBe("1:1");
  expect(at("/a")).toBe("2:3");
  expect(at("/a", "key")).toBe("1:1");
  expect(at("/a/b~1c~0d/1/e")).toBe("2:20");
  expect(at("/a/b~1c~0d/1/e", "key")).toBe("2:17");
  expect(at("/a/empty")).toBe("3:3");
  expect(at("/a/nothing/here")).toBe("2:3");
  expect(at("/last/0")).toBe("4:7");
});

test("no text makes the reader throw", () => {
  const pieces = fc.constantFrom(
    "- ",
    "? ",
    ": ",
    "a",
    "\n",
    "  ",
    "[",
    "]",
    "{",
    "}",
    ",",
    "|",
    ">",
    "#",
    "&a ",
    "*a",
    "!",
    "'",
    '"',
    "%",
    "---\n",
    "...\n",
    "<<",
    "\t",
    "\\",
    "0x",
    "~",
    "1e9",
    "\r",
  );
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 40 }), (parts) => {
      const { documents, problems } = read(parts.join("")) && readYaml({ path: "a.yaml", text: parts.join("") });
      for (const { at } of documents) expect(at("/a/0/b").line).toBeGreaterThan(0);
      for (const { line, column } of problems) expect(Math.min(line!, column!)).toBeGreaterThan(0);
      expect(documents.length + problems.length).toBeGreaterThan(0);
    }),
    { numRuns: 2000 },
  );
});
