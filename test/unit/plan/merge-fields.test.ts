import { describe, expect, it, test } from "vitest";
import { renderFields } from "../../../src/model/json.js";
import { parseManifest } from "../../../src/model/parse.js";
import { mergeFields, type Preference } from "../../../src/plan/merge-fields.js";

const fields = (text: string) => parseManifest(text).fields;
const compact = (text: string) => text.replaceAll(/\s+/g, " ").trim();

/** The merged entry, and the conflicting paths behind it. */
function merge(base: string | undefined, ours: string, theirs: string, prefer?: Preference): string {
  const sides = { base: base === undefined ? undefined : fields(base), ours: fields(ours), theirs: fields(theirs) };
  const { fields: merged, conflicts } = mergeFields(sides, prefer);
  return [compact(renderFields(merged)), ...conflicts.map(({ path }) => `conflict ${path}`)].join("; ");
}

describe("what does not conflict, the same from both sides", () => {
  it.each([
    ["different fields", '{"a":1,"b":1}', '{"a":2,"b":1}', '{"a":1,"b":2}', '{ "a": 2, "b": 2 }'],
    ["the same change", '{"a":1}', '{"a":2}', '{"a":2}', '{ "a": 2 }'],
    [
      "members of one document",
      '{"d":{"x":1,"y":1}}',
      '{"d":{"x":2,"y":1}}',
      '{"d":{"x":1,"y":2}}',
      '{ "d": { "x": 2, "y": 2 } }',
    ],
    [
      "a member removed, another changed",
      '{"d":{"x":1,"y":1}}',
      '{"d":{"y":1}}',
      '{"d":{"x":1,"y":2}}',
      '{ "d": { "y": 2 } }',
    ],
    [
      "a document becomes a number",
      '{"d":{"x":1},"e":1}',
      '{"d":5,"e":1}',
      '{"d":{"x":1},"e":2}',
      '{ "d": 5, "e": 2 }',
    ],
    ["a column that came", '{"a":1}', '{"a":2}', '{"a":1,"c":null}', '{ "a": 2, "c": null }'],
    ["a column that went", '{"a":1,"c":null}', '{"a":2,"c":null}', '{"a":1}', '{ "a": 2 }'],
    ["a column renamed", '{"a":1,"b":2}', '{"a":9,"b":2}', '{"a":1,"c":2}', '{ "a": 9, "c": 2 }'],
    ["A1: who moved a field decides", '{"a":1,"b":2}', '{"b":2,"a":1}', '{"a":1,"b":3}', '{ "b": 3, "a": 1 }'],
    [
      "A1: moved inside a document",
      '{"d":{"a":1,"b":2}}',
      '{"d":{"b":2,"a":1}}',
      '{"d":{"a":1,"b":3}}',
      '{ "d": { "b": 3, "a": 1 } }',
    ],
    [
      "new names at two places",
      '{"a":1,"b":1}',
      '{"x":1,"a":1,"b":1}',
      '{"a":1,"y":1,"b":1}',
      '{ "x": 1, "a": 1, "y": 1, "b": 1 }',
    ],
    [
      "new names at one place, shorter ones first, as in jsonb",
      '{"a":1}',
      '{"a":1,"xyz":1}',
      '{"a":1,"zz":1}',
      '{ "a": 1, "zz": 1, "xyz": 1 }',
    ],
    [
      "A1: names like integers",
      '{"d":{"a":1}}',
      '{"d":{"10":1,"a":1}}',
      '{"d":{"9":1,"a":1}}',
      '{ "d": { "9": 1, "10": 1, "a": 1 } }',
    ],
    [
      "A3: __proto__ and constructor are names",
      '{"a":1}',
      '{"a":1,"constructor":1}',
      '{"a":1,"toString":2}',
      '{ "a": 1, "toString": 2, "constructor": 1 }',
    ],
    [
      "an entry that both added, each with a field of its own",
      "{}",
      '{"_id":1,"a":1}',
      '{"_id":1,"b":1}',
      '{ "_id": 1, "a": 1, "b": 1 }',
    ],
  ])("%s", (_, base, one, other, expected) => {
    expect(merge(base, one, other)).toBe(expected);
    expect(merge(base, other, one)).toBe(expected);
  });
});

describe("what conflicts; `prefer` decides that alone", () => {
  it.each([
    [
      "the same field",
      '{"a":1,"b":1}',
      '{"a":2,"b":1}',
      '{"a":3,"b":2}',
      "/a",
      '{ "a": 2, "b": 2 }',
      '{ "a": 3, "b": 2 }',
    ],
    [
      "a deleted field against a changed one",
      '{"a":1,"b":1}',
      '{"b":1}',
      '{"a":3,"b":1}',
      "/a",
      '{ "b": 1 }',
      '{ "a": 3, "b": 1 }',
    ],
    [
      "arrays, whole",
      '{"l":[1,2]}',
      '{"l":[1,2,3]}',
      '{"l":[0,1,2]}',
      "/l",
      '{ "l": [ 1, 2, 3 ] }',
      '{ "l": [ 0, 1, 2 ] }',
    ],
    [
      "wrappers, whole",
      '{"t":{"$document":[["a",1]]}}',
      '{"t":{"$document":[["a",2]]}}',
      '{"t":{"$document":[["a",3]]}}',
      "/t",
      '{ "t": { "$document": [ [ "a", 2 ] ] } }',
      '{ "t": { "$document": [ [ "a", 3 ] ] } }',
    ],
    [
      "a member",
      '{"d":{"x/y":1,"z":1}}',
      '{"d":{"x/y":2,"z":1}}',
      '{"d":{"x/y":3,"z":2}}',
      "/d/x~1y",
      '{ "d": { "x/y": 2, "z": 2 } }',
      '{ "d": { "x/y": 3, "z": 2 } }',
    ],
    [
      "A1: two other orders",
      '{"a":1,"b":2,"c":3}',
      '{"b":2,"a":1,"c":3}',
      '{"c":3,"a":1,"b":2}',
      "",
      '{ "b": 2, "a": 1, "c": 3 }',
      '{ "c": 3, "a": 1, "b": 2 }',
    ],
  ])("%s", (_, base, ours, theirs, path, withOurs, withTheirs) => {
    const { conflicts } = mergeFields({ base: fields(base), ours: fields(ours), theirs: fields(theirs) });
    expect(conflicts.map((conflict) => conflict.path)).toEqual([path]);
    expect(merge(base, ours, theirs, "ours")).toBe(`${withOurs}; conflict ${path}`);
    expect(merge(base, ours, theirs, "theirs")).toBe(`${withTheirs}; conflict ${path}`);
  });
});

test("A5: where what is left of a document would be read as a wrapper, the document is one value", () => {
  const [base, theirs] = ['{"d":{"a":1,"$x":1,"b":1}}', '{"d":{"a":1,"$x":2,"b":1}}'];
  expect(merge(base, '{"d":{"a":1,"$x":1,"b":2}}', theirs)).toBe('{ "d": { "a": 1, "$x": 2, "b": 2 } }');
  expect(merge('{"d":{"a":1,"b":1,"$x":1}}', '{"d":{"a":1,"$x":1}}', '{"d":{"b":1,"$x":1}}')).toBe(
    '{ "d": { "a": 1, "$x": 1 } }; conflict /d',
  );
});

test("a lost base: whatever differs conflicts", () => {
  expect(merge(undefined, '{"a":1,"b":1,"c":1}', '{"a":1,"b":2}', "theirs")).toBe(
    '{ "a": 1, "b": 2 }; conflict /b; conflict /c',
  );
});
