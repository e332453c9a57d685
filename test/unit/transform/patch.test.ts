import { createRequire } from "node:module";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Json } from "../../../src/model/json.js";
import type { Operation } from "../../../src/transform/rules.js";
import { through } from "./through.js";

interface Case {
  comment?: string;
  doc: Json;
  patch: Operation[];
  expected?: Json;
  error?: string;
  disabled?: boolean;
}

const require = createRequire(import.meta.url);
const cases = (["tests.json", "spec_tests.json"] as const)
  .flatMap((file) => require(`json-patch-test-suite/${file}`) as Case[])
  .filter((item) => item.patch && !item.disabled);

/** The same patch on a document that stands under `root`, since a whole entry is no target of a patch. */
const nested = (patch: Operation[]): Operation[] =>
  patch.map((operation) => ({
    ...operation,
    ...(typeof operation.path === "string" && (operation.path === "" || operation.path.startsWith("/"))
      ? { path: `/root${operation.path}` }
      : {}),
    ...(typeof operation.from === "string" ? { from: `/root${operation.from}` } : {}),
  }));

const isObject = (value: unknown): value is Record<string, Json> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

async function outcome(patch: Operation[], doc: Record<string, Json>) {
  try {
    // Operations in the suite may have members that the configuration does not allow and a patch ignores.
    return await through([{ patch }], doc);
  } catch (error) {
    return { problems: [error] };
  }
}

describe("G52: every enabled case of json-patch-test-suite", () => {
  test("there are as many as we know", () => expect(cases.length).toBe(91));

  test.each(cases.map((item, i) => [`${i} ${item.comment ?? JSON.stringify(item.patch)}`, item] as const))(
    "inside a field: %s",
    async (_name, { doc, patch, expected, error }) => {
      const { fields, problems } = (await outcome(nested(patch), { root: doc })) as Awaited<ReturnType<typeof through>>;
      if (error) expect(problems).not.toEqual([]);
      else expect(problems).toEqual([]);
      if (!error && expected !== undefined) expect(fields?.get("root")).toEqual(expected);
    },
  );

  const onFields = cases.filter(
    ({ doc, expected, patch }) =>
      isObject(doc) && (expected === undefined || isObject(expected)) && patch.every(({ path }) => path !== ""),
  );
  test.each(onFields.map((item, i) => [`${i} ${item.comment ?? JSON.stringify(item.patch)}`, item] as const))(
    "on an entry's fields: %s",
    async (_name, { doc, patch, expected, error }) => {
      const { fields, problems } = (await outcome(patch, doc as Record<string, Json>)) as Awaited<
        ReturnType<typeof through>
      >;
      if (error) expect(problems).not.toEqual([]);
      else expect(problems).toEqual([]);
      if (!error && expected !== undefined) expect(fields).toEqual(new Map(Object.entries(expected as object)));
    },
  );
});

describe("G52: strict where libraries are not", () => {
  const refused: [Operation, Record<string, Json>][] = [
    [{ op: "add", path: "/a/01", value: 1 }, { a: [1] }],
    [{ op: "add", path: "/a/01", value: 1 }, { a: [1, 2, 3] }],
    [{ op: "replace", path: "/a/01", value: 1 }, { a: [1, 2] }],
    [{ op: "replace", path: "/a/-", value: 1 }, { a: [1] }],
    [{ op: "replace", path: "/a/-1", value: 1 }, { a: [1] }],
    [{ op: "remove", path: "/a/-" }, { a: [1] }],
    [{ op: "test", path: "/a/00", value: 1 }, { a: [1] }],
    [{ op: "test", path: "/a/length", value: 1 }, { a: [1] }],
    [{ op: "copy", from: "/a/length", path: "/b" }, { a: [1] }],
    [{ op: "copy", from: "/a/0", path: "/b" }, { a: "text" }],
    [{ op: "add", path: "/a/0/x", value: 1 }, { a: "text" }],
    [{ op: "test", path: "/toString", value: null }, {}],
    [{ op: "remove", path: "/a/toString" }, { a: {} }],
    [{ op: "replace", path: "/a/constructor", value: 1 }, { a: {} }],
    [{ op: "add", path: "/a/__proto__/x", value: 1 }, { a: {} }],
    [{ op: "add", path: "/a/__proto__", value: { x: 1 } }, { a: {} }],
    [{ op: "test", path: "/a/#b", value: "b" }, { a: { b: 1 } }],
    [{ op: "copy", from: "/a", path: "/b/c" }, { a: 1 }],
  ];
  test.each(refused)("refused: %j on %j", async (operation, doc) => {
    const { problems } = await through([{ patch: [operation] }], doc);
    expect(problems).toMatchObject([{ step: "transform[0].steps[0] patch", dataset: "t", key: "[1]" }]);
    expect(({} as Record<string, unknown>).x).toBeUndefined();
  });

  test("a move into an own child is refused when the configuration is read", async () => {
    const patch: Operation[] = [{ op: "move", from: "/a", path: "/a/b" }];
    await expect(through([{ patch }], { a: { b: 1 } })).rejects.toMatchObject({ code: "HDL102" });
  });

  test("~01 is ~1, ~1 is a slash", async () => {
    const patch: Operation[] = [
      { op: "replace", path: "/~01", value: 2 },
      { op: "replace", path: "/b~1c/~0", value: 3 },
    ];
    const { fields } = await through([{ patch }], { "~1": 1, "b/c": { "~": 1 } });
    expect(fields).toEqual(new Map<string, Json>(Object.entries({ "~1": 2, "b/c": { "~": 3 } })));
  });

  test("- appends; a copy is no alias of its original", async () => {
    const patch: Operation[] = [
      { op: "copy", from: "/a", path: "/b" },
      { op: "add", path: "/b/-", value: 2 },
      { op: "add", path: "/b/0/y", value: 3 },
    ];
    const { fields } = await through([{ patch }], { a: [{ x: 1 }] });
    expect(fields).toEqual(
      new Map<string, Json>([
        ["a", [{ x: 1 }]],
        ["b", [{ x: 1, y: 3 }, 2]],
      ]),
    );
  });

  test("a value of the configuration is not shared between entries", async () => {
    const patch: Operation[] = [
      { op: "add", path: "/a", value: [] },
      { op: "add", path: "/a/-", value: 1 },
    ];
    const { fields } = await through([{ patch }, { patch }], {});
    expect(fields).toEqual(new Map([["a", [1]]]));
  });
});

test("A3: __proto__, constructor, integers and dots are names like any other", async () => {
  const names = ["b", "1", "0", "__proto__", "constructor", "a.b", "$x", "", "#a"];
  const fields = new Map<string, Json>(names.map((name) => [name, { constructor: 1, prototype: { x: 1 } }]));
  const patch = names.flatMap((name): Operation[] => [
    { op: "replace", path: `/${name}/constructor`, value: name },
    { op: "add", path: `/${name}/prototype/toString`, value: 2 },
  ]);
  const { fields: after } = await through([{ patch }], fields);
  expect([...after!.keys()]).toEqual(names);
  for (const name of names) expect(after!.get(name)).toEqual({ constructor: name, prototype: { x: 1, toString: 2 } });
});

describe("typed wrappers are one value", () => {
  test.each<Operation>([
    { op: "replace", path: "/a/$long", value: "6" },
    { op: "add", path: "/a/b", value: 1 },
    { op: "test", path: "/a/wrapper", value: 1 },
    { op: "copy", from: "/a/$long", path: "/b" },
  ])("A5: %j does not enter one", async (operation) => {
    const { problems } = await through([{ patch: [operation] }], { a: { $long: "5" } });
    expect(problems[0]?.message).toMatch("typed value");
  });

  test("they are moved, tested and replaced whole", async () => {
    const patch: Operation[] = [
      { op: "test", path: "/a", value: { $long: "5" } },
      { op: "move", from: "/a", path: "/c" },
      { op: "add", path: "/d", value: { $long: "7" } },
    ];
    const { fields } = await through([{ patch }], { a: { $long: "5" } });
    expect([...fields!]).toEqual([
      ["c", { $long: "5" }],
      ["d", { $long: "7" }],
    ]);
  });

  test.each<[Operation, Json]>([
    [
      { op: "remove", path: "/a/x" },
      { x: 1, $y: 2 },
    ],
    [{ op: "add", path: "/a/$oid", value: "x" }, {}],
  ])("A5: %j does not make one by accident", async (operation, a) => {
    const { problems } = await through([{ patch: [operation] }], { a });
    expect(problems[0]?.message).toMatch("typed wrapper");
  });
});

test("G52: a patch that fails in the middle leaves no trace: random operations, then one that fails", async () => {
  const name = fc.constantFrom("a", "b", "0", "1");
  const path = fc.array(name, { minLength: 1, maxLength: 2 }).map((tokens) => tokens.map((t) => `/${t}`).join(""));
  const operation: fc.Arbitrary<Operation> = fc.oneof(
    fc.record({
      op: fc.constantFrom("add" as const, "replace" as const),
      path,
      value: fc.jsonValue() as fc.Arbitrary<Json>,
    }),
    fc.record({ op: fc.constant("remove" as const), path }),
    fc.record({ op: fc.constant("copy" as const), path, from: path }),
  );
  const doc = fc.dictionary(name, fc.oneof(fc.array(fc.integer()), fc.dictionary(name, fc.integer())), {
    noNullPrototype: true,
  });
  await fc.assert(
    fc.asyncProperty(fc.array(operation, { maxLength: 4 }), doc, async (operations, fields) => {
      const last: Operation = { op: "test", path: "/id", value: "never" };
      // `through` fails where the given fields were changed.
      const { problems, text } = await through([{ patch: [...operations, last] }], fields);
      expect(text).toBeUndefined();
      expect(problems).toHaveLength(1);
    }),
    { numRuns: 200 },
  );
});
