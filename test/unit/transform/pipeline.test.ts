import { describe, expect, test } from "vitest";
import type { Codec } from "../../../src/model/codec.js";
import type { Dataset } from "../../../src/model/dataset.js";
import type { Entry } from "../../../src/model/entry.js";
import { type Fields, type Json, renderFields } from "../../../src/model/json.js";
import { keyOf } from "../../../src/model/key.js";
import { leaks } from "../../../src/transform/leaks.js";
import { compilePipeline, type PipelineInput } from "../../../src/transform/pipeline.js";
import type { TransformRule } from "../../../src/transform/rules.js";
import { datasetOf, plainCodec } from "./plain-codec.js";
import { maskKey } from "./through.js";

const columns = { id: "integer", name: "text", qty: "integer" };

function entriesOf(dataset: Dataset, rows: Record<string, Json>[]): Entry[] {
  return rows.map((row) => {
    const fields: Fields = new Map(Object.entries(row));
    return { key: keyOf(dataset, fields)!, text: renderFields(fields) };
  });
}

const compile = (rules: TransformRule[], codec: Codec = plainCodec(true), more: Partial<PipelineInput> = {}) =>
  compilePipeline({ rules, codec, maskKey, ...more });

describe("run", () => {
  const rows = datasetOf("t", columns);

  test("failing entries are listed by dataset, key and step, the others go on", async () => {
    const pipeline = await compile([{ for: "t", steps: [{ merge: { x: 1 } }, { compute: { "/qty": "qty / 2" } }] }]);
    const { entries, problems, dropped } = await pipeline.run(
      rows,
      entriesOf(rows, [
        { id: 1, name: "a", qty: 3 },
        { id: 2, name: "b", qty: 4 },
        { id: 3, name: "c", qty: 5 },
      ]),
    );
    const step = "transform[0].steps[1] compute";
    expect(problems).toEqual([
      { dataset: "t", key: "[1]", step, message: "/qty: no integer" },
      { dataset: "t", key: "[3]", step, message: "/qty: no integer" },
    ]);
    expect(entries).toEqual(entriesOf(rows, [{ id: 2, name: "b", qty: 2, x: 1 }]));
    expect(dropped).toBe(0);
  });

  test("keys are taken after transforms, dropped entries counted", async () => {
    const pipeline = await compile([
      { for: "t", when: "qty = 0", steps: [{ drop: true }] },
      { for: "t", steps: [{ compute: { "/id": "id + 100" } }, { rename: { "/id": "/code" } }] },
    ]);
    const input = entriesOf(rows, [
      { id: 1, name: "a", qty: 0 },
      { id: 2, name: "b", qty: 1 },
    ]);
    expect(await pipeline.run(rows, input)).toEqual({
      entries: [{ key: "[102]", text: '{\n  "code": 102,\n  "name": "b",\n  "qty": 1\n}\n' }],
      dropped: 1,
      problems: [],
    });
  });

  test("rows all have the same columns: what a when removes or adds is refused, naming the step", async () => {
    const pipeline = await compile([
      { for: "t", when: "qty > 1", steps: [{ remove: ["/name"] }, { merge: { extra: 1 } }] },
    ]);
    const { problems } = await pipeline.run(
      rows,
      entriesOf(rows, [
        { id: 1, name: "a", qty: 1 },
        { id: 2, name: "b", qty: 2 },
      ]),
    );
    expect(problems).toMatchObject([
      { key: "[1]", step: "transform[0].steps[1] merge", message: expect.stringContaining('"extra"') },
      { key: "[2]", step: "transform[0].steps[0] remove", message: expect.stringContaining('"name"') },
    ]);
  });

  test("a literal that does not fit is found by the codec and traced to its step", async () => {
    const pipeline = await compile([{ for: "t", steps: [{ merge: { name: "x" } }, { merge: { qty: "many" } }] }]);
    const { problems } = await pipeline.run(rows, entriesOf(rows, [{ id: 1, name: "a", qty: 1 }]));
    expect(problems).toEqual([
      { dataset: "t", key: "[1]", step: "transform[0].steps[1] merge", path: "/qty", message: "no integer" },
    ]);
  });

  test("A3: names that objects reorder keep their order", async () => {
    const documents = datasetOf("t");
    const names = ["z", "10", "2", "__proto__", "id"];
    const text = renderFields(new Map<string, Json>(names.map((name) => [name, name === "id" ? 1 : name])));
    const pipeline = await compile(
      [{ for: "t", when: "`10` = '10' and `__proto__` = '__proto__'", steps: [{ merge: { y: 1 } }] }],
      plainCodec(false),
    );
    const { entries, problems } = await pipeline.run(documents, [{ key: "[1]", text }]);
    expect(problems).toEqual([]);
    expect(entries[0]!.text.match(/^ {2}"[^"]*"/gm)).toEqual([...names, "y"].map((name) => `  "${name}"`));
  });

  test("H55: a masked key is not told, neither is its original", async () => {
    const people = datasetOf("people", { email: "text", age: "integer" }, { key: ["email"] });
    const pipeline = await compile([
      { for: "people", steps: [{ mask: { "/email": "email" } }, { compute: { "/age": "age / 2" } }] },
    ]);
    const { entries, problems } = await pipeline.run(
      people,
      entriesOf(people, [
        { email: "canary@x.org", age: 3 },
        { email: "jo@x.org", age: 4 },
      ]),
    );
    expect(problems).toHaveLength(1);
    expect(JSON.stringify(problems)).not.toMatch("canary");
    expect(entries[0]!.key).toMatch(/^\["x[a-z2-7]{19}@example.com"\]$/);
  });

  test("a key that is gone is a problem", async () => {
    const documents = datasetOf("t");
    const pipeline = await compile([{ for: "t", when: "true", steps: [{ remove: ["/id"] }] }], plainCodec(false));
    const { problems } = await pipeline.run(documents, entriesOf(documents, [{ id: 1 }]));
    expect(problems).toEqual([{ dataset: "t", key: "[1]", message: "a key field is missing" }]);
  });
});

describe("shape", () => {
  const rows = datasetOf("t", columns);
  const fields: Fields = new Map<string, Json>([
    ["id", 1],
    ["name", "a"],
    ["qty", 1],
  ]);

  test("runs the same steps; what no rule is for is given back as it is", async () => {
    const overlay = await compile([{ for: "t", steps: [{ merge: { preview: true } }] }], plainCodec(true), {
      origin: "overlay",
    });
    expect([...(await overlay.shape(rows, fields))!]).toEqual([...fields, ["preview", true]]);
    expect(fields.has("preview")).toBe(false);
    expect(await overlay.shape(datasetOf("other", columns), fields)).toBe(fields);
  });

  test("drops, and fails with all that is known", async () => {
    const overlay = await compile(
      [
        { for: "t", when: "qty = 1", steps: [{ drop: true }] },
        { for: "t", steps: [{ patch: [{ op: "test", path: "/name", value: "b" }] }] },
      ],
      plainCodec(true),
      { origin: "overlay" },
    );
    expect(await overlay.shape(rows, fields)).toBeUndefined();
    await expect(overlay.shape(rows, new Map([...fields, ["qty", 2]]))).rejects.toMatchObject({
      code: "HDL500",
      problems: [{ dataset: "t", key: "[1]", step: "overlay[1].steps[0] patch" }],
    });
  });

  test("an overlay does not change keys, though it may rename their fields", async () => {
    const change = await compile([{ for: "t", steps: [{ compute: { "/id": "id + 1" } }] }], plainCodec(true), {
      origin: "overlay",
    });
    await expect(change.shape(rows, fields)).rejects.toMatchObject({ code: "HDL500" });
    const rename = await compile([{ for: "t", steps: [{ rename: { "/id": "/code" } }] }], plainCodec(true), {
      origin: "overlay",
    });
    expect((await rename.shape(rows, fields))!.get("code")).toBe(1);
  });
});

describe("validate", () => {
  const schema = {
    type: "object",
    required: ["id", "name", "toString"],
    properties: {
      id: true,
      toString: true,
      name: { type: "string", maxLength: 3 },
      qty: { enum: [1, 2] },
      at: { format: "date" },
    },
    additionalProperties: false,
  };

  test("judges the plain view after transforms; all misfits of all entries, without values", async () => {
    const documents = datasetOf("t");
    const pipeline = await compile([{ for: "t", steps: [{ compute: { "/qty": "qty + 1" } }] }], plainCodec(false), {
      validate: [{ rule: { for: "t", schema: "t.json" }, schema }],
    });
    const { entries, problems } = await pipeline.run(
      documents,
      entriesOf(documents, [
        { id: 1, name: "canary", qty: 5, more: 1, toString: 1 },
        { id: 2, name: "a", qty: { $long: "0" }, toString: 1, at: "no date: format is not checked" },
        { id: 3, name: "b", qty: 0 },
      ]),
    );
    expect(problems.map(({ key, path, message, step }) => [key, path, message, step])).toEqual([
      ["[1]", "", 'must NOT have additional properties: "more"', "validate[0]"],
      ["[1]", "/name", "must NOT have more than 3 characters", "validate[0]"],
      ["[1]", "/qty", "must be equal to one of the allowed values: 1, 2", "validate[0]"],
      ["[3]", "", "must have required property 'toString'", "validate[0]"],
    ]);
    expect(JSON.stringify(problems)).not.toMatch("canary");
    expect(entries.map(({ key }) => key)).toEqual(["[2]"]);
  });

  test("alone it changes no byte, whatever the layout of the text", async () => {
    const documents = datasetOf("t");
    const pipeline = await compile([], plainCodec(false), {
      validate: [{ rule: { for: "*", schema: "t.json" }, schema: true }],
    });
    const entry = { key: "[1]", text: '{"id": 1}' };
    expect((await pipeline.run(documents, [entry])).entries).toEqual([entry]);
  });

  test.each([
    [{ requried: ["id"] }, /unknown keyword/],
    [{ $schema: "http://json-schema.org/draft-07/schema#" }, /draft-07/],
    [{ type: "text" }, /type/],
    [{ $ref: "https://example.com/other.json" }, /resolve/],
    [{ pattern: "(" }, /regular expression|Invalid/],
    [5, /schema/],
  ])("what is no schema: %j", async (bad, message) => {
    const validate = [{ rule: { for: "t", schema: "bad.json" }, schema: bad }];
    await expect(compile([], plainCodec(false), { validate })).rejects.toMatchObject({
      code: "HDL102",
      problems: [{ file: "bad.json", message: expect.stringMatching(message) }],
    });
  });
});

describe("H53: bad rules", () => {
  test("all that is wrong is said at once, each with its path", async () => {
    const rules = [
      {
        for: "t",
        when: "a +",
        steps: [
          {
            patch: [
              { op: "add", path: "/a" },
              { op: "move", path: "/a/b", from: "/a" },
              { op: "remove", path: "a", value: 1 },
            ],
          },
        ],
      },
      {
        for: "t",
        steps: [
          { compute: { "/a": "$now()", "/~2": "1" } },
          { mask: { "/a~": "md5" } },
          { merge: {}, drop: true },
          { rename: { "/a": "/a/b" } },
        ],
      },
    ] as unknown as TransformRule[];
    const error = await compile(rules, plainCodec(false), { maskKey: "short" }).catch((e: unknown) => e);
    expect(error).toMatchObject({ code: "HDL102" });
    const { problems } = error as { problems: { path?: string }[] };
    expect(problems.map(({ path }) => path)).toEqual([
      "/transform/0/when",
      "/transform/0/steps/0/patch/0",
      "/transform/0/steps/0/patch/1",
      "/transform/0/steps/0/patch/2/path",
      "/transform/0/steps/0/patch/2/value",
      "/transform/1/steps/0/compute/~1a",
      "/transform/1/steps/0/compute/~1~02",
      "/transform/1/steps/1/mask/~1a~0",
      "/transform/1/steps/1/mask/~1a~0",
      "/transform/1/steps/2",
      "/transform/1/steps/3/rename/~1a",
      undefined,
    ]);
  });

  test.each(["", "short"])("a mask needs a key that cannot be guessed: %j", async (key) => {
    const rules: TransformRule[] = [{ for: "t", steps: [{ mask: { "/a": "hash" } }] }];
    await expect(compile(rules, plainCodec(false), { maskKey: key })).rejects.toMatchObject({ code: "HDL102" });
    const removes: TransformRule[] = [{ for: "t", steps: [{ mask: { "/a": "remove" } }] }];
    expect((await compile(removes, plainCodec(false), { maskKey: key })).masks(datasetOf("t"))).toBe(true);
  });
});

describe("new fields do not leak", () => {
  const listed = datasetOf("t", columns);
  test("what neither the last description nor the configuration names is refused", async () => {
    const pipeline = await compile(
      [{ for: "t", steps: [{ mask: { "/mail": "email" } }, { compute: { "/slug": "name" } }] }],
      plainCodec(false),
    );
    const found = ["id", "name", "mail", "slug", "ssn", "card", "ssn"];
    expect(leaks(listed, listed, found, pipeline.named(listed))).toMatchObject([
      { dataset: "t", message: expect.stringContaining('"card"') },
      { dataset: "t", message: expect.stringContaining('"ssn"') },
    ]);
  });

  test("a first weave has nothing to compare with", () => {
    expect(leaks(listed, undefined, ["ssn"], new Set())).toEqual([]);
    expect(leaks(listed, datasetOf("t"), ["ssn"], new Set())).toEqual([]);
  });
});
