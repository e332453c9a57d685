import { describe, expect, it } from "vitest";
import type { Change } from "../../../src/plan/plan.js";
import { renderText } from "../../../src/plan/render-text.js";
import type { ChangeValues, RenderContext } from "../../../src/plan/show.js";
import { context, entry, missing, plan, products } from "./sample-plan.js";

async function text(): Promise<string> {
  let all = "";
  for await (const line of renderText(plan, missing, context)) all += `${line.text}\n`;
  return all;
}

describe("renderText", () => {
  it("is what a reviewer reads", async () => {
    expect(await text()).toBe(`! the record is a copy's\\u001b[31m
products
  ~ loom (drift)
      price: 10 → {"$numberDouble":"10.0"} (int32 → double) (git)
      size/w: 1 → 2
      email: (redacted) → (redacted) (git)
      supplier: {"name":"B","iban":"(redacted)"} → {"name":"A","iban":"(redacted)"} (git)
      gone: "${"x".repeat(116)}... → absent (git)
  + shuttle
      sku: "shuttle"
      note: "a\\u202eb\\u0007"
  - old
  ~ REFUSED reed (changed on both sides)
      price: 3 → 1
  = heddle (drifted, left as it is by onDrift: keep)
  = 2 entries released: no longer owned, not deleted

! needs --confirm staging: staging is protected
! needs --allow-deletes 1: products: 1 deletes of 4 owned entries, at most 0 allowed
1 to create, 1 to update, 1 to delete, 1 adopted, 1 kept, 2 released, 1 refused.
`);
  });

  it("hides the whole value where what is secret cannot be told apart, and leaves out of creates what is local", async () => {
    const made: RenderContext = {
      ...context,
      redact: () => ["/doc/iban", "/list/0/iban", "/deep/doc/iban"],
      local: () => ["/stock", "/size/w"],
      readValues: async () => {
        const doc = { $json: '{"iban": "DE00"}' };
        const git = { doc, list: [{ iban: "DE00" }], deep: { doc, open: 1 }, stock: 5, size: { w: 1, h: 2 } };
        const old = { git: entry({ a: 1, b: 2 }), live: entry({ b: 2, a: 1 }) };
        return new Map<string, ChangeValues>([
          ["shuttle.json", { git: entry(git), live: undefined }],
          ["old.json", old],
        ]);
      },
    };
    const turned: Change = { ...products.changes[2]!, kind: "update", fields: [{ path: "", label: "git" }] };
    const only = { ...products, changes: [products.changes[1]!, turned], blocked: [], kept: [], released: 0 };
    const lines: string[] = [];
    for await (const line of renderText({ ...plan, notes: [], datasets: [only] }, [], made)) lines.push(line.text);
    expect(lines.slice(2, -2)).toEqual([
      '      doc: "(redacted)"',
      '      list: "(redacted)"',
      '      deep: {"doc":"(redacted)","open":1}',
      '      size: {"h":2}',
      "  ~ old",
      '      order of fields: ["b","a"] → ["a","b"]',
    ]);
  });

  it("shows no more changes of a dataset than anybody reads, and says how many more there are", async () => {
    const changes = Array.from({ length: 1500 }, (_, i) => ({ ...products.changes[2]!, name: `${i}.json` }));
    const lines: string[] = [];
    const many = { ...plan, datasets: [{ ...products, changes, blocked: [], kept: [], released: 0 }] };
    for await (const line of renderText(many, [], context)) lines.push(line.text);
    expect(lines.filter((line) => line.startsWith("  - "))).toHaveLength(1000);
    expect(lines).toContain("  … and 500 more changes (--json lists them all)");
    expect(lines.at(-1)).toContain("1500 to delete");
  });
});
