import { describe, expect, it } from "vitest";
import type { Fields, Json } from "../../../src/model/json.js";
import { mergeEntry } from "../../../src/plan/merge-entry.js";
import type { Rules } from "../../../src/plan/plan.js";

const rules: Rules = { prune: "owned", onDrift: "overwrite", onConflict: "fail", ignore: [], local: [] };
const entry = (fields: Record<string, Json>): Fields => new Map(Object.entries(fields));

function merge(
  base: Record<string, Json>,
  git: Record<string, Json>,
  live: Record<string, Json>,
  more: Partial<Rules> = {},
) {
  const merged = mergeEntry({ base: entry(base), git: entry(git), live: entry(live) }, { ...rules, ...more });
  return { ...merged, fields: Object.fromEntries(merged.fields) };
}

describe("mergeEntry", () => {
  it("goes into sub-documents member by member", () => {
    const merged = merge({ a: { x: 1, y: 1 } }, { a: { x: 2, y: 1 } }, { a: { x: 1, y: 9 } }, { onDrift: "keep" });
    expect(merged.fields).toEqual({ a: { x: 2, y: 9 } });
    expect(merged.changes).toEqual([{ path: "/a/x", label: "git" }]);
    expect(merged.kept).toEqual([{ path: "/a/y", label: "drift" }]);
  });

  it("takes arrays and wrappers whole", () => {
    const merged = merge(
      { list: [1, 2], n: { $numberLong: "1" } },
      { list: [1, 2, 3], n: { $numberLong: "2" } },
      { list: [1, 2], n: { $numberLong: "1" } },
    );
    expect(merged.changes.map(({ path }) => path)).toEqual(["/list", "/n"]);
  });

  it("sees a document whose members only changed places as one value", () => {
    const merged = merge({ a: { x: 1, y: 2 } }, { a: { y: 2, x: 1 } }, { a: { x: 1, y: 2 } });
    expect(merged.changes).toEqual([{ path: "/a", label: "git" }]);
    expect(Object.keys(merged.fields.a as object)).toEqual(["y", "x"]);
  });

  it("keeps ignored members of a document that is written", () => {
    const merged = merge(
      { a: { x: 1, seen: 1 } },
      { a: { x: 2, seen: 1 } },
      { a: { x: 1, seen: 7 } },
      { ignore: ["/a/seen"] },
    );
    expect(merged.fields).toEqual({ a: { x: 2, seen: 7 } });
    expect(merged.changes).toEqual([{ path: "/a/x", label: "git" }]);
  });

  it("A1: untouched members keep their place, in front too, and are no other order", () => {
    const local = { local: ["/theme", "/a/theme"] };
    const before = { a: { x: 1, y: 2 }, n: 1 };
    const live = { theme: "mine", a: { theme: "mine", x: 1, y: 2 }, n: 1 };
    expect(merge(before, before, live, local)).toMatchObject({ changes: [], kept: [], blocked: [] });
    const merged = merge(before, { a: { y: 2, x: 1 }, n: 2 }, live, local);
    expect(merged.changes.map(({ path }) => path)).toEqual(["/a", "/n"]);
    expect(JSON.stringify(merged.fields)).toBe('{"theme":"mine","a":{"theme":"mine","y":2,"x":1},"n":2}');
    const turned = merge(before, { n: 1, a: { x: 1, y: 2 } }, live, local);
    expect(turned.changes).toEqual([{ path: "", label: "git" }]);
    expect(Object.keys(turned.fields)).toEqual(["theme", "n", "a"]);
  });

  it("untouched members stay where one side holds no document", () => {
    const local = { local: ["/a/theme"] };
    const live = { a: { theme: "mine", x: 1 } };
    expect(merge({ a: { x: 1 } }, {}, live, local)).toMatchObject({
      fields: { a: { theme: "mine" } },
      changes: [{ path: "/a", label: "git" }],
    });
    expect(merge({}, {}, { a: { theme: "mine" } }, local)).toMatchObject({
      changes: [],
      fields: { a: { theme: "mine" } },
    });
    expect(merge({}, { a: { theme: "git's", x: 1 } }, {}, local).fields).toEqual({ a: { x: 1 } });
    expect(merge({ a: { x: 1 } }, { a: 5 }, live, local)).toMatchObject({
      fields: live,
      changes: [],
      blocked: [{ path: "/a" }],
    });
  });

  it("a column that came later was NULL before", () => {
    const merged = merge({ id: 1 }, { id: 1, color: "red" }, { id: 1, color: null }, { rows: true });
    expect(merged).toMatchObject({ changes: [{ path: "/color", label: "git" }], blocked: [] });
    const filled = merge({ id: 1 }, { id: 1, color: null }, { id: 1, color: "blue" }, { rows: true });
    expect(filled.blocked).toEqual([{ path: "/color", label: "conflict" }]);
  });

  it("A4: names with / and ~ are escaped in paths", () => {
    expect(merge({ "a/b~c": 1 }, { "a/b~c": 2 }, { "a/b~c": 1 }).changes).toEqual([{ path: "/a~1b~0c", label: "git" }]);
  });

  it("A3: constructor and toString are plain names", () => {
    const merged = merge({ d: {} }, { d: { constructor: 1 } }, { d: {} });
    expect(merged.changes).toEqual([{ path: "/d/constructor", label: "git" }]);
  });
});
