import { describe, expect, test } from "vitest";
import type { Json } from "../../../src/model/json.js";
import type { Step } from "../../../src/transform/rules.js";
import { through } from "./through.js";

/** The fields after one step, in order. */
async function after(step: Step, fields: Record<string, Json>): Promise<[string, Json][]> {
  const { fields: result, problems } = await through([step], fields);
  expect(problems).toEqual([]);
  return [...result!];
}

async function message(step: Step, fields: Record<string, Json>): Promise<string> {
  const { problems } = await through([step], fields);
  expect(problems).toHaveLength(1);
  return problems[0]!.message;
}

describe("merge (RFC 7396)", () => {
  // The examples of the RFC's appendix A, as far as they are objects.
  test.each<[Record<string, Json>, Record<string, Json>, Record<string, Json>]>([
    [{ a: "b" }, { a: "c" }, { a: "c" }],
    [{ a: "b" }, { b: "c" }, { a: "b", b: "c" }],
    [{ a: "b" }, { a: null }, {}],
    [{ a: "b", b: "c" }, { a: null }, { b: "c" }],
    [{ a: ["b"] }, { a: "c" }, { a: "c" }],
    [{ a: "c" }, { a: ["b"] }, { a: ["b"] }],
    [{ a: { b: "c" } }, { a: { b: "d", c: null } }, { a: { b: "d" } }],
    [{ a: [{ b: "c" }] }, { a: [1] }, { a: [1] }],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [{ a: "foo" }, { a: { b: 1 } }, { a: { b: 1 } }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ])("G52: %j with %j", async (fields, merge, expected) => {
    expect(await after({ merge }, fields)).toEqual(Object.entries(expected));
  });

  test("A5: a wrapper replaces whole and is not merged into", async () => {
    expect(await after({ merge: { a: { $long: "5" } } }, { a: { x: 1 } })).toEqual([["a", { $long: "5" }]]);
    expect(await message({ merge: { a: { x: 1 } } }, { a: { $long: "5" } })).toMatch("typed value");
  });

  test("A5: and none is made by accident", async () => {
    expect(await message({ merge: { a: { x: null } } }, { a: { x: 1, $y: 2 } })).toMatch("typed wrapper");
  });

  test("A3: __proto__ is a field, and no member", async () => {
    expect(await after({ merge: JSON.parse('{"__proto__": 1}') }, {})).toEqual([["__proto__", 1]]);
    expect(await message({ merge: { a: JSON.parse('{"__proto__": {"x": 1}}') } }, {})).toMatch("__proto__");
    expect(({} as { x?: number }).x).toBeUndefined();
  });
});

describe("rename", () => {
  test("keeps the place, in the entry and in a sub-document", async () => {
    const rename = { "/qty": "/quantity", "/a/x": "/a/y" };
    expect(await after({ rename }, { qty: 1, a: { w: 1, x: 2, z: 3 }, b: 2 })).toEqual([
      ["quantity", 1],
      ["a", { w: 1, y: 2, z: 3 }],
      ["b", 2],
    ]);
    expect(Object.keys((await after({ rename }, { a: { w: 1, x: 2, z: 3 } }))[0]![1] as object)).toEqual([
      "w",
      "y",
      "z",
    ]);
  });

  test("moves to another parent that is there", async () => {
    expect(await after({ rename: { "/a/x": "/x", "/b": "/a/b" } }, { a: { x: 1 }, b: 2 })).toEqual([
      ["a", { b: 2 }],
      ["x", 1],
    ]);
    expect(await message({ rename: { "/a": "/b/c" } }, { a: 1 })).toMatch("parent is not there");
  });

  test("A3: inherited names are not there", async () => {
    expect(await after({ rename: { "/a/constructor": "/x" } }, { a: {} })).toEqual([["a", {}]]);
  });

  test("passes over what is not there, and refuses a name that is taken", async () => {
    expect(await after({ rename: { "/x": "/y", "/a/x": "/z" } }, { a: 1 })).toEqual([["a", 1]]);
    expect(await message({ rename: { "/a": "/b" } }, { a: 1, b: null })).toMatch("/b already");
  });

  test("A5: does not enter a typed value", async () => {
    expect(await message({ rename: { "/a/$long": "/b" } }, { a: { $long: "5" } })).toMatch("typed value");
  });
});

describe("remove", () => {
  test("takes out fields, members and elements that are there", async () => {
    const remove = ["/tmp", "/a/x", "/list/0", "/none", "/none/deep", "/text/0", "/list/00"];
    expect(await after({ remove }, { tmp: 1, a: { x: 1, y: 2 }, list: [1, 2], text: "ab" })).toEqual([
      ["a", { y: 2 }],
      ["list", [2]],
      ["text", "ab"],
    ]);
  });

  test("A3: inherited names are not there", async () => {
    expect(await after({ remove: ["/toString", "/a/constructor"] }, { a: {} })).toEqual([["a", {}]]);
  });
});

describe("compute", () => {
  test("each expression sees what those before it set", async () => {
    const compute = { "/slug": "$lowercase(name)", "/path": "'/' & slug", "/a/n": "n * 2" };
    expect(await after({ compute }, { name: "Tea", n: 2, a: {} })).toEqual([
      ["name", "Tea"],
      ["n", 2],
      ["a", { n: 4 }],
      ["slug", "tea"],
      ["path", "/tea"],
    ]);
  });

  test("the value takes the type that the field has, and sees a typed one as a number", async () => {
    expect(await after({ compute: { "/n": "n + 1", "/m": "n" } }, { n: { $long: "5" } })).toEqual([
      ["n", { $long: "6" }],
      ["m", 6],
    ]);
  });

  test("nothing is an error, null is a value", async () => {
    expect(await message({ compute: { "/slug": "$lowercase(name)" } }, {})).toMatch("gives nothing");
    expect(await after({ compute: { "/slug": "name ? name : null" } }, {})).toEqual([["slug", null]]);
  });

  test("a missing parent is an error", async () => {
    expect(await message({ compute: { "/a/b": "1" } }, {})).toMatch("parent is not there");
    expect(await message({ compute: { "/a/5": "1" } }, { a: [1] })).toMatch("parent is not there");
  });

  test("H55: what fails says no values", async () => {
    expect(await message({ compute: { "/a": "name - 1" } }, { name: "canary" })).not.toMatch("canary");
  });
});

describe("mask", () => {
  const masks = (kind: "email" | "digits" | "name" | "hash" | "remove") => ({ mask: { "/a": kind } });

  test("equal values of a kind stay equal in all fields and entries", async () => {
    const mask = { "/a": "email", "/b/c": "email" } as const;
    const [[, a], [, b]] = (await after({ mask }, { a: "jo@x.org", b: { c: "jo@x.org" } })) as [
      [string, Json],
      [string, Json],
    ];
    expect(a).toMatch(/^x.*@example\.com$/);
    expect(b).toEqual({ c: a });
    expect(await after(masks("email"), { a: "jo@x.org" })).toEqual([["a", a]]);
  });

  test("null, the empty text and what is not there stay", async () => {
    for (const kind of ["email", "digits", "name", "hash"] as const) {
      expect(await after(masks(kind), { a: null })).toEqual([["a", null]]);
      expect(await after(masks(kind), { a: "" })).toEqual([["a", ""]]);
      expect(await after(masks(kind), { b: 1 })).toEqual([["b", 1]]);
    }
  });

  test("every value inside an array or sub-document is masked", async () => {
    const [[, a]] = (await after(masks("digits"), { a: ["12", { n: 34, deep: [null, "56"] }] })) as [[string, Json]];
    expect(JSON.stringify(a).replace(/\d/g, "#")).toBe('["##",{"n":##,"deep":[null,"##"]}]');
    expect(JSON.stringify(a)).not.toMatch(/12|34|56/);
  });

  test("a typed value keeps its type", async () => {
    const [[, a]] = (await after(masks("digits"), { a: { $long: "123456" } })) as [[string, Json]];
    expect(a).toEqual({ $long: expect.stringMatching(/^[1-9]\d{5}$/) });
    expect(a).not.toEqual({ $long: "123456" });
  });

  test("what a kind cannot mask does not pass", async () => {
    expect(await message(masks("email"), { a: 5 })).toMatch("cannot be masked by email");
    expect(await message(masks("hash"), { a: { $long: "5" } })).toMatch("cannot be masked by hash");
    expect(await message(masks("digits"), { a: [true] })).toMatch("cannot be masked by digits");
    expect(await message(masks("name"), { a: { $long: "5" } })).toMatch("cannot be masked by name");
    expect(await message(masks("digits"), { a: 1e21 })).toMatch("cannot be masked by digits");
  });

  test("remove", async () => expect(await after(masks("remove"), { a: 1, b: 2 })).toEqual([["b", 2]]));
});

test("steps see the effect of earlier ones; when is judged once, before them", async () => {
  const steps: Step[] = [{ merge: { status: "b" } }, { compute: { "/seen": "status" } }];
  const rule = { when: 'status = "a"' };
  expect((await through(steps, { status: "a" }, rule)).fields).toEqual(
    new Map([
      ["status", "b"],
      ["seen", "b"],
    ]),
  );
  expect((await through(steps, { status: "c" }, rule)).fields).toEqual(new Map([["status", "c"]]));
});

describe("when", () => {
  const steps: Step[] = [{ merge: { hit: true } }];
  test("nothing is false; anything but true and false is an error", async () => {
    expect((await through(steps, {}, { when: "missing > 5" })).fields).toEqual(new Map());
    const { problems } = await through(steps, { a: "x" }, { when: "a" });
    expect(problems).toMatchObject([{ step: "transform[0].when", hint: expect.stringContaining("$boolean") }]);
  });
});

test("drop leaves the entry out", async () => {
  const { fields, text, problems } = await through(
    [{ drop: true }, { patch: [{ op: "test", path: "/x", value: 1 }] }],
    {},
  );
  expect({ fields, text, problems }).toEqual({ fields: undefined, text: undefined, problems: [] });
});
