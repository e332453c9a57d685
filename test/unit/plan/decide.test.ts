import { describe, expect, it } from "vitest";
import type { Fields, Json } from "../../../src/model/json.js";
import { decide } from "../../../src/plan/decide.js";
import type { Rules } from "../../../src/plan/plan.js";

const rules: Rules = { prune: "owned", onDrift: "overwrite", onConflict: "fail", ignore: [], local: [] };
const entry = (fields: Record<string, Json> | undefined): Fields | undefined =>
  fields && new Map(Object.entries(fields));

/** base, git, live → what apply does, in short: `verb kind label`. */
function outcome(
  base: Record<string, Json> | undefined,
  git: Record<string, Json> | undefined,
  live: Record<string, Json> | undefined,
  more: Partial<Rules> = {},
): string {
  const decision = decide({ base: entry(base), git: entry(git), live: entry(live) }, { ...rules, ...more });
  if (decision.do === "keep") return `keep ${decision.why}`;
  if (decision.do === "write" || decision.do === "block") return `${decision.do} ${decision.kind} ${decision.label}`;
  return decision.do;
}

const a = { id: 1, price: 10, name: "Loom" };
const b = { id: 1, price: 12, name: "Loom" };
const c = { id: 1, price: 15, name: "Loom" };

describe("the entry table", () => {
  it.each([
    ["a row that neither git nor base has stays", undefined, undefined, a, {}, "nothing"],
    ["mirror deletes it", undefined, undefined, a, { prune: "mirror" }, "write delete mirror"],
    ["new in git", undefined, a, undefined, {}, "write create git"],
    ["already there and equal", undefined, a, a, {}, "adopt"],
    ["already there and different", undefined, a, b, {}, "write update adopt"],
    ["deleted live, unchanged in git", a, a, undefined, {}, "write create drift"],
    ["deleted live, unchanged in git, keep", a, a, undefined, { onDrift: "keep" }, "keep drift"],
    ["deleted live, unchanged in git, fail", a, a, undefined, { onDrift: "fail" }, "block create drift"],
    ["deleted live, changed in git", a, b, undefined, {}, "block create conflict"],
    ["deleted live, changed in git, git", a, b, undefined, { onConflict: "git" }, "write create conflict"],
    ["deleted live, changed in git, live", a, b, undefined, { onConflict: "live" }, "keep conflict"],
    ["deleted in git", a, undefined, a, {}, "write delete git"],
    ["deleted in git, changed live", a, undefined, b, {}, "block delete conflict"],
    ["deleted in git, changed live, git", a, undefined, b, { onConflict: "git" }, "write delete conflict"],
    ["deleted in git, changed live, live", a, undefined, b, { onConflict: "live" }, "keep released"],
    ["deleted in git, a column came", a, undefined, { ...a, color: null }, { rows: true }, "write delete git"],
    ["deleted in git, a column went", { ...a, color: "red" }, undefined, a, { rows: true }, "write delete git"],
    ["deleted in git, a member came", a, undefined, { ...a, color: null }, {}, "block delete conflict"],
    ["not there, the base lost", undefined, a, undefined, { baseLost: true }, "block create conflict"],
    [
      "not there, the base lost, live",
      undefined,
      a,
      undefined,
      { baseLost: true, onConflict: "live" },
      "keep conflict",
    ],
    ["deleted on both sides", a, undefined, undefined, {}, "nothing"],
    ["all the same", a, a, a, {}, "nothing"],
  ] as const)("%s", (_, base, git, live, more, expected) => {
    expect(outcome(base, git, live, more)).toBe(expected);
  });
});

describe("the field table", () => {
  it.each([
    ["live = base, git changed", a, b, a, {}, "write update git"],
    ["git = base, live changed", a, a, b, {}, "write update drift"],
    ["git = base, live changed, keep", a, a, b, { onDrift: "keep" }, "keep drift"],
    ["git = base, live changed, fail", a, a, b, { onDrift: "fail" }, "block update drift"],
    ["both changed to the same", a, b, b, {}, "nothing"],
    ["all three differ", a, b, c, {}, "block update conflict"],
    ["all three differ, git", a, b, c, { onConflict: "git" }, "write update conflict"],
    ["all three differ, live", a, b, c, { onConflict: "live" }, "keep conflict"],
    ["base lost", undefined, a, b, { baseLost: true }, "block update conflict"],
    ["promise 9: an ignored field is not compared", a, b, a, { ignore: ["/price"] }, "nothing"],
    ["promise 9: a local field is not compared", a, a, b, { local: ["/price"] }, "nothing"],
    [
      "promise 9: a delete does not mind a drifted local field",
      a,
      undefined,
      b,
      { local: ["/price"] },
      "write delete git",
    ],
    ["an absent field is a value", a, { ...a, extra: null }, a, {}, "write update git"],
    ["a field removed in git", { ...a, extra: 1 }, a, { ...a, extra: 1 }, {}, "write update git"],
    [
      "a change of type alone",
      { id: 1, n: 1 },
      { id: 1, n: { $numberDouble: "1.0" } },
      { id: 1, n: 1 },
      {},
      "write update git",
    ],
    [
      "A1: a change of order alone",
      { id: 1, x: 1, y: 2 },
      { id: 1, y: 2, x: 1 },
      { id: 1, x: 1, y: 2 },
      {},
      "write update git",
    ],
    [
      "A1: a drift of order, kept",
      { id: 1, x: 1, y: 2 },
      { id: 1, x: 1, y: 2 },
      { id: 1, y: 2, x: 1 },
      { onDrift: "keep" },
      "keep drift",
    ],
  ] as const)("%s", (_, base, git, live, more, expected) => {
    expect(outcome(base, git, live, more)).toBe(expected);
  });
});
