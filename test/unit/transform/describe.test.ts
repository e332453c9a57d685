import { describe, expect, test } from "vitest";
import type { Dataset } from "../../../src/model/dataset.js";
import { compilePipeline } from "../../../src/transform/pipeline.js";
import type { Step, TransformRule } from "../../../src/transform/rules.js";
import { datasetOf, plainCodec } from "./plain-codec.js";
import { maskKey } from "./through.js";

const columns = { id: "integer", name: "text", qty: "integer", email: "text" };

async function described(steps: Step[], dataset: Dataset, rule: Partial<TransformRule> = {}): Promise<Dataset> {
  const codec = plainCodec(dataset.fields !== undefined);
  const pipeline = await compilePipeline({ rules: [{ for: dataset.name, steps, ...rule }], codec, maskKey });
  return pipeline.describe(dataset);
}

const fieldsOf = ({ fields }: Dataset) => fields?.map(({ name, type }) => `${name} ${type ?? "-"}`);

describe("rows", () => {
  const rows = datasetOf("t", columns);

  test("renamed keeps place and type; added come last, untyped, in the configuration's order; removed are gone", async () => {
    const steps: Step[] = [
      { compute: { "/slug": "name", "/a": "1", "/name/deep": "1" } },
      { rename: { "/qty": "/quantity" } },
      { merge: { b: 1, name: "x", c: null } },
      {
        patch: [
          { op: "add", path: "/d", value: 1 },
          { op: "move", from: "/a", path: "/e" },
          { op: "copy", from: "/d", path: "/f/g" },
        ],
      },
      { remove: ["/email", "/name/x"] },
    ];
    await expect(described(steps, rows)).rejects.toMatchObject({ code: "HDL102" });
    const [first, second, , fourth, fifth] = steps as [Step, Step, Step, Step, Step];
    const after = await described([first, second, { merge: { b: 1, name: "x" } }, fourth, fifth], rows);
    expect(fieldsOf(after)).toEqual(["id integer", "name text", "quantity integer", "slug -", "b -", "d -", "e -"]);
    expect(after).toMatchObject({ oneWay: true, key: ["id"] });
    expect(after.omit).toBeUndefined();
  });

  test("under a when nothing is certain to be gone", async () => {
    const after = await described([{ remove: ["/email"] }, { rename: { "/qty": "/n" } }], rows, { when: "qty > 1" });
    expect(fieldsOf(after)).toEqual(["id integer", "name text", "qty integer", "email text", "n -"]);
  });

  test("the key follows its fields' names", async () => {
    const after = await described([{ rename: { "/id": "/code" } }], datasetOf("t", columns, { key: ["name", "id"] }));
    expect(after.key).toEqual(["name", "code"]);
  });

  test("references follow names on both sides, and go with their fields", async () => {
    const references = [
      { fields: ["qty"], dataset: "parents", to: ["id"] },
      { fields: ["email"], dataset: "parents", to: ["mail"] },
    ];
    const rules: TransformRule[] = [
      { for: "t", steps: [{ rename: { "/qty": "/parent" } }, { remove: ["/email"] }] },
      { for: "par*", steps: [{ rename: { "/id": "/code" } }] },
    ];
    const pipeline = await compilePipeline({ rules, codec: plainCodec(true) });
    const after = pipeline.describe(datasetOf("t", columns, { references }));
    expect(after.references).toEqual([{ fields: ["parent"], dataset: "parents", to: ["code"] }]);
  });

  test("definitions of types go with the last field of the type", async () => {
    const types = { mood: "CREATE TYPE …" };
    const dataset = datasetOf("t", { id: "integer", now: "mood" }, { types });
    expect((await described([{ remove: ["/now"] }], dataset)).types).toBeUndefined();
    expect((await described([{ rename: { "/now": "/then" } }], dataset)).types).toEqual(types);
  });

  test("H55: masked fields are named, also under their new names and as copies", async () => {
    const after = await described(
      [
        { mask: { "/email": "email", "/qty": "remove" } },
        { rename: { "/email": "/mail" } },
        { patch: [{ op: "copy", from: "/mail", path: "/other" }] },
      ],
      rows,
    );
    expect(after.masked).toEqual(["mail", "other"]);
    expect(fieldsOf(after)).toEqual(["id integer", "name text", "mail text", "other -"]);
  });

  test.each<[string, Step]>([
    ["mask", { mask: { "/emial": "email" } }],
    ["remove", { remove: ["/emial"] }],
    ["rename", { rename: { "/emial": "/mail" } }],
    ["rename onto another", { rename: { "/email": "/name" } }],
    ["remove the key", { remove: ["/id"] }],
    ["move the key away", { patch: [{ op: "move", from: "/id", path: "/code" }] }],
  ])("%s: a field that a rule by name gets wrong is an error", async (_name, step) => {
    await expect(described([step], rows)).rejects.toMatchObject({
      code: "HDL102",
      problems: [{ dataset: "t", step: expect.stringMatching(/^transform\[0\]\.steps\[0\] /) }],
    });
  });

  test("a rule by glob passes over what a dataset has not", async () => {
    const after = await described([{ mask: { "/phone": "digits" } }], rows, { for: "*" });
    expect(after).toEqual({ ...rows, oneWay: true });
  });

  test("G51: one-way where any step is, not otherwise", async () => {
    expect((await described([{ drop: true }], rows)).oneWay).toBe(true);
    const other = await compilePipeline({
      rules: [{ for: "other", steps: [{ drop: true }] }],
      codec: plainCodec(true),
    });
    expect(other.touches(rows)).toBe(false);
    expect(other.describe(rows)).toEqual(rows);
    const judged = await compilePipeline({
      rules: [],
      validate: [{ rule: { for: "t", schema: "s" }, schema: true }],
      codec: plainCodec(true),
    });
    expect(judged.touches(rows)).toBe(true);
    expect(judged.describe(rows)).toEqual(rows);
  });
});

describe("documents", () => {
  const steps: Step[] = [{ rename: { "/qty": "/quantity" } }, { merge: { extra: 1 } }, { remove: ["/tmp"] }];

  test("pick lists what there is to select", async () => {
    const after = await described(steps, datasetOf("t", undefined, { pick: ["id", "qty", "tmp"] }));
    expect(after).toMatchObject({ pick: ["extra", "id", "quantity"] });
    expect(after.omit).toBeUndefined();
  });

  test("omit lists what is not there any more, so that a destination's own is left alone", async () => {
    const after = await described(steps, datasetOf("t", undefined, { omit: ["extra", "secret"] }));
    expect(after).toMatchObject({ omit: ["qty", "secret", "tmp"] });
    expect((await described(steps, datasetOf("t"))).omit).toEqual(["qty", "tmp"]);
    expect((await described(steps, datasetOf("t"), { when: "qty" })).omit).toBeUndefined();
  });
});

test("G45: the selection holds drops with their when, and the mask key's id; nothing else", async () => {
  const rules: TransformRule[] = [
    { for: "t", when: "a = 1", steps: [{ merge: { x: 1 } }, { drop: true }] },
    { for: "*", steps: [{ drop: true }] },
    { for: "t", when: "b", steps: [{ merge: { x: 2 } }] },
  ];
  const pipeline = await compilePipeline({ rules, codec: plainCodec(false) });
  expect(pipeline.selection(datasetOf("t"))).toEqual({ drop: ["a = 1", null] });
  const masks = (key: string) =>
    compilePipeline({
      rules: [{ for: "t", steps: [{ mask: { "/a": "hash" } }] }],
      codec: plainCodec(false),
      maskKey: key,
    });
  const one = (await masks("0123456789abcdef")).selection(datasetOf("t"));
  const two = (await masks("0123456789abcdeg")).selection(datasetOf("t"));
  expect(one).toEqual({ drop: [], maskKey: expect.stringMatching(/^[\da-f]{16}$/) });
  expect(one).not.toEqual(two);
});
