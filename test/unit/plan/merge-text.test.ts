import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { isDocument, type Json, renderFields } from "../../../src/model/json.js";
import { parseManifest } from "../../../src/model/parse.js";
import { fieldLines } from "../../../src/plan/field-lines.js";
import { mergeText } from "../../../src/plan/merge-text.js";

type Document = { [name: string]: Json };
const text = (document: Document) => renderFields(new Map(Object.entries(document)));
const merge = (base: Document, ours: Document, theirs: Document, name = "1.json") =>
  mergeText(name, { base: text(base), ours: text(ours), theirs: text(theirs) })!;

describe("the driver's merge of random documents", () => {
  const name = fc.constantFrom("a", "b", "cc", "ddd", "1", "10", "é", "x/y", "constructor");
  const leaf = fc.oneof(
    fc.integer({ min: 0, max: 2 }),
    fc.constantFrom(null, "s", true, { $oid: "1" }, { $oid: "2" }),
    fc.array(fc.integer({ min: 0, max: 1 }), { maxLength: 2 }),
  );
  const { document } = fc.letrec<{ value: Json; document: Document }>((tie) => ({
    value: fc.oneof({ weight: 3, arbitrary: leaf }, { weight: 1, arbitrary: tie("document") }),
    document: fc.dictionary(name, tie("value"), { maxKeys: 4, noNullPrototype: true }) as fc.Arbitrary<Document>,
  }));
  /** A document and two that were made from it by a few changes. */
  const changes = fc.array(fc.tuple(name, fc.option(leaf, { nil: undefined })), { maxLength: 3 });
  const edited = (of: Document, by: [string, Json | undefined][]) => {
    const copy: Document = structuredClone(of);
    for (const [at, value] of by) {
      const target = Object.values(copy).find(isDocument);
      const place = target && at.length === 1 ? target : copy;
      if (value === undefined) delete place[at];
      else place[at] = value;
    }
    return copy;
  };
  const threesome = fc
    .tuple(document, changes, changes)
    .map(([base, one, other]) => [base, edited(base, one), edited(base, other)] as const);

  /** What the merge must hold, whatever the order of members: by sets of leaves, and not by walking the three together. */
  const leaves = (value: Document, at = ""): [string, string][] =>
    Object.entries(value).flatMap(([key, inner]): [string, string][] =>
      isDocument(inner) && Object.keys(inner).length > 0
        ? leaves(inner, `${at}/${key.replaceAll("/", "~1")}`)
        : [[`${at}/${key.replaceAll("/", "~1")}`, JSON.stringify(inner)]],
    );

  test("agrees with a model of leaves, is the same from both sides, and canonical", () => {
    let merged = 0;
    let conflicts = 0;
    fc.assert(
      fc.property(threesome, ([base, ours, theirs]) => {
        const result = merge(base, ours, theirs);
        const mirrored = merge(base, theirs, ours);
        expect(mirrored.conflicts.toSorted()).toEqual(result.conflicts.toSorted());
        if (result.conflicts.length > 0) {
          conflicts++;
          expect(() => JSON.parse(result.text)).toThrow();
          expect(parseManifest(result.text).problems).not.toEqual([]);
          return;
        }
        merged++;
        expect(mirrored.text).toBe(result.text);
        const value = JSON.parse(result.text) as Document;
        expect(renderFields(parseManifest(result.text).fields)).toBe(result.text);
        const [was, our, their] = [base, ours, theirs].map((side) => new Map(leaves(side)));
        const got = new Map(leaves(value));
        for (const path of new Set([...was!.keys(), ...our!.keys(), ...their!.keys()])) {
          const [before, mine, yours] = [was!.get(path), our!.get(path), their!.get(path)];
          // A document that became empty, or stopped being so, is a leaf on one side alone.
          if ([before, mine, yours].includes("{}")) continue;
          expect(got.get(path), path).toBe(mine === before ? yours : mine);
        }
      }),
      { numRuns: 1000 },
    );
    // Both happen often enough to mean something.
    expect(Math.min(merged, conflicts)).toBeGreaterThan(100);
  });
});

it("confines markers to the fields that conflict, members too", () => {
  const base = { id: 1, price: 10, at: { city: "Ulm", zip: "1" }, name: "x" };
  const { text: merged, conflicts } = merge(
    base,
    { ...base, price: 11, at: { city: "Bern", zip: "2" } },
    { id: 1, at: { city: "Rome", zip: "1" }, name: "y" },
  );
  expect(conflicts).toEqual(["/price", "/at/city"]);
  expect(merged).toBe(`{
  "id": 1,
<<<<<<< ours
  "price": 11,
||||||| base
  "price": 10,
=======
>>>>>>> theirs
  "at": {
<<<<<<< ours
    "city": "Bern",
||||||| base
    "city": "Ulm",
=======
    "city": "Rome",
>>>>>>> theirs
    "zip": "2"
  },
  "name": "y"
}
`);
});

test("what only other orders tell apart is shown whole; a file that both added has no base", () => {
  expect(merge({}, { a: 1, b: 2 }, { b: 2, a: 1 }).text).toBe(
    '<<<<<<< ours\n{\n  "a": 1,\n  "b": 2\n}\n=======\n{\n  "b": 2,\n  "a": 1\n}\n>>>>>>> theirs\n',
  );
  expect(
    mergeText("1.json", { base: "", ours: text({ a: 1, b: 1 }), theirs: text({ a: 1, b: 2 }) })!.conflicts,
  ).toEqual(["/b"]);
});

test("a base with markers of an inner merge counts as lost; sides that are no data are not merged", () => {
  const sides = { ours: text({ a: 1, b: 1 }), theirs: text({ a: 1, b: 2 }) };
  expect(mergeText("1.json", { base: "<<<<<<< ours\n", ...sides })!.conflicts).toEqual(["/b"]);
  expect(mergeText("1.json", { base: "", ours: "{", theirs: "{}\n" })).toBeUndefined();
});

test("_dataset.json: columns that both sides added come together in the order that the rows' fields get", () => {
  const dataset = (...columns: string[]) => ({
    engine: "postgres",
    fields: columns.map((name) => ({ name, type: name === "id" ? "integer" : "text" })),
    references: [] as Json[],
  });
  const row = (...columns: string[]) => Object.fromEntries(columns.map((name) => [name, null]));
  const described = merge(dataset("id", "7"), dataset("id", "7", "zz"), dataset("id", "7", "abc"), "_dataset.json");
  const order = (JSON.parse(described.text) as ReturnType<typeof dataset>).fields.map(({ name }) => name);
  expect(order).toEqual(["id", "7", "zz", "abc"]);
  expect(Object.keys(JSON.parse(merge(row("id"), row("id", "zz"), row("id", "abc")).text))).toEqual([
    "id",
    "zz",
    "abc",
  ]);

  const retyped = (type: string) => ({ engine: "postgres", fields: [{ name: "id", type }] });
  const clash = merge(retyped("integer"), retyped("bigint"), retyped("text"), "_dataset.json");
  expect(clash.conflicts).toEqual(["/fields"]);
  expect(clash.text).toContain('<<<<<<< ours\n  "fields": [\n    {\n      "name": "id",\n      "type": "bigint"');
});

test("a line for each field, as git diff shows it; what is no data as it is", () => {
  const shown = fieldLines(
    text({ id: 1, "a b": { c: "x\ny", "d.e": null, f: {} }, list: [1, { $oid: "2" }], one: [1] }),
  );
  expect(shown).toBe('id: 1\na b.c: "x\\ny"\na b."d.e": null\na b.f: {}\nlist:\n  - 1\n  - {"$oid":"2"}\none: [1]\n');
  expect(fieldLines("<<<<<<< ours\n")).toBe("<<<<<<< ours\n");
});
