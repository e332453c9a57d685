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

  it("A4: names with / and ~ are escaped in paths", () => {
    expect(merge({ "a/b~c": 1 }, { "a/b~c": 2 }, { "a/b~c": 1 }).changes).toEqual([{ path: "/a~1b~0c", label: "git" }]);
  });

  it("A3: constructor and toString are plain names", () => {
    const merged = merge({ d: {} }, { d: { constructor: 1 } }, { d: {} });
    expect(merged.changes).toEqual([{ path: "/d/constructor", label: "git" }]);
  });
});
