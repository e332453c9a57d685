import { parseHTML } from "linkedom";
import { marked } from "marked";
import { describe, expect, it } from "vitest";
import { code, prose } from "../../../src/plan/markdown-text.js";
import type { Plan } from "../../../src/plan/plan.js";
import { renderMarkdown } from "../../../src/plan/render-markdown.js";
import type { RenderContext } from "../../../src/plan/show.js";
import { hostileStrings } from "../../fixtures/hostile-strings.js";
import { context, entry, manyChanges, missing, plan, products } from "./sample-plan.js";

/** What a browser would have of the text, as GitHub renders it before it sanitizes. */
const page = (text: string) =>
  parseHTML(`<html><body>${marked.parse(text, { gfm: true, async: false })}</body></html>`).document;

/** Text that is neither in code nor in a block of it: where mentions, references and links are looked for. */
function looseText(text: string): string {
  const { document } = parseHTML(`<html><body>${marked.parse(text, { gfm: true, async: false })}</body></html>`);
  for (const quoted of document.querySelectorAll("code, pre")) quoted.remove();
  return document.body.textContent ?? "";
}

/** Tries of data to be more than text. */
const attacks = [
  "```\n</details><img src=x onerror=alert(1)>",
  "`@everyone` @octocat",
  "a|b|c\n|-|-|",
  "<script>alert(1)</script>",
  "</code></summary></details><h1>",
  "[link](https://evil.example) https://evil.example www.evil.example",
  "<!-- heddle:comment x -->",
  "#1 GH-1 owner/repo#1",
  "````` `` ` \\` \\",
  "\u202e\u0007\r\n# title",
  "&lt;b&gt; &#64;octocat",
  "ends with \\",
];
/** All that a plan's Markdown may become. */
const allowed = new Set("H2 H3 P STRONG CODE PRE TABLE THEAD TBODY TR TH TD UL LI DETAILS SUMMARY".split(" "));

function expectHarmless(text: string): void {
  const { body } = page(text);
  const strange = [...body.querySelectorAll("*")].map(({ tagName }) => tagName).filter((name) => !allowed.has(name));
  expect(strange).toEqual([]);
  expect(looseText(text)).not.toMatch(/@\w|#\d|GH-\d|:\/\/|www\./i);
}

describe("renderMarkdown", () => {
  it("is what a reviewer reads", async () => {
    expect(await renderMarkdown(plan, missing, context)).toBe(`## Plan for \`staging\`

**1 to create, 1 to update, 1 to delete, 1 adopted, 1 kept, 2 released, 1 refused\\.** Revision \`1a2b3c\`.

| dataset | create | update | delete | refused | adopted | kept | released |
| :-- | --: | --: | --: | --: | --: | --: | --: |
| \`products\` | 1 | 1 | 1 | 1 | 1 | 1 | 2 |

### Not applied without

- \`--confirm staging\`: staging is protected
- \`--allow-deletes 1\`: products: 1 deletes of 4 owned entries, at most 0 allowed

To consent: \`--confirm staging\` \`--allow-deletes 1\`, on a pull request the labels \`heddle:confirm=staging\` \`heddle:allow-deletes=1\`.

### To know

- the record is a copy\\'s\\\\u001b\\[31m

### Left as they are

- \`products\` \`heddle\`: drifted, left as it is by onDrift: keep

### Refused (1)

<details open><summary><code>products</code>: 1 entry</summary>

\`\`\`diff
@@ ~ reed (changed on both sides) @@
- price: 3
+ price: 1
\`\`\`

</details>

### Deletes (1)

- \`products\` (1): \`old\`

### Changes (2)

<details open><summary><code>products</code>: 2 entries</summary>

\`\`\`diff
@@ ~ loom (drift) @@
- price: 10  (int32 → double)  (git)
+ price: {"$numberDouble":"10.0"}  (int32 → double)  (git)
- size/w: 1
+ size/w: 2
- email: (redacted)  (git)
+ email: (redacted)  (git)
- supplier: {"name":"B","iban":"(redacted)"}  (git)
+ supplier: {"name":"A","iban":"(redacted)"}  (git)
- gone: "${"x".repeat(196)}...  (git)
@@ + shuttle @@
+ sku: "shuttle"
+ note: "a\\u202eb\\u0007"
\`\`\`

</details>
`);
    expectHarmless(await renderMarkdown(plan, missing, context));
  });

  it.each([...attacks, ...hostileStrings.filter((text) => /[`|<@#\\[*_~&\n]/.test(text)).slice(0, 60)])(
    "F43: data, names and subjects cannot be markup, mentions or links: %j",
    async (attack) => {
      const made: RenderContext = {
        ...context,
        readValues: async (_, changes) =>
          new Map(
            changes.map(({ name }) => [
              name,
              { git: entry({ [attack]: attack, x: [attack] }), live: entry({ [attack]: 1 }) },
            ]),
          ),
      };
      const hostile: Plan = {
        ...manyChanges(9, () => attack),
        environment: attack,
        notes: [attack, `said ${attack}`],
        dependents: [{ dataset: attack, constraint: attack, action: "cascade" }],
        obstacles: [{ dataset: attack, message: attack }],
      };
      const consent = {
        kind: "rollback",
        count: 2,
        reason: attack,
        list: [attack, attack],
        flag: `--confirm ${attack}`,
      } as const;
      const [part] = hostile.datasets;
      const all = { ...hostile, datasets: [{ ...part!, blocked: part!.changes.slice(0, 3), kept: products.kept }] };
      expectHarmless(await renderMarkdown(all, [{ ...consent, list: [...consent.list] }], made));
      expectHarmless(code(attack));
      expectHarmless(`| a |\n|--|\n| ${code(attack)} |\n\n- ${prose(attack)}`);
      expect(page(`| a |\n|--|\n| ${code(attack)} |`).querySelectorAll("td")).toHaveLength(1);
    },
  );

  it("stays under the limit at 20,000 changes, counts all, and reads little more than it shows", async () => {
    let read = 0;
    const large: RenderContext = {
      ...context,
      readValues: async (_, changes) => {
        read += changes.length;
        const value = "\u{1f9f5}".repeat(500);
        return new Map(changes.map(({ name }) => [name, { git: entry({ a: value }), live: entry({ a: 1 }) }]));
      },
    };
    const many = manyChanges(20_000, () => "a");
    const [first] = many.datasets;
    const datasets = Array.from({ length: 7 }, (_, i) => ({
      ...first!,
      dataset: { ...first!.dataset, name: `d${i}` },
    }));
    const blocked = { ...first!, blocked: first!.changes };
    for (const plan of [many, { ...many, datasets: [blocked, ...datasets] }]) {
      read = 0;
      const text = await renderMarkdown(plan, missing, large);
      expect(Buffer.byteLength(text)).toBeLessThan(60_000);
      expect(Buffer.byteLength(text)).toBeGreaterThan(40_000);
      const parts = plan.datasets.length;
      expect(text).toContain(`${6667 * parts} to create, ${6667 * parts} to update, ${6666 * parts} to delete`);
      expect(text).toContain(`### Deletes (${6666 * parts})`);
      expect(text).toMatch(/… and \d+ more/);
      expect(text).toContain("What is left out here stands in the full report");
      expect(read).toBeLessThan(500 * (parts + 1) + 1);
      // What is listed and what is left out come to all of them.
      const deletes = /### Deletes \(\d+\)\n\n([\s\S]*?)\n\n/.exec(text)![1]!;
      const listed = [...deletes.matchAll(/`\d+`/g)].length;
      const left = [...deletes.matchAll(/and (\d+) more/g)].reduce((sum, [, n]) => sum + Number(n), 0);
      expect(listed + left).toBe(6666 * parts);
      expectHarmless(text);
    }
  });

  it("stays under the limit with thousands of datasets, notes and consents", async () => {
    const datasets = Array.from({ length: 3000 }, (_, i) => ({
      ...products,
      dataset: { ...products.dataset, name: `${"\u4e16".repeat(60)}${i}` },
    }));
    const notes = Array.from({ length: 3000 }, () => "\u{1f9f5}*".repeat(400));
    const consents = notes.map((reason) => ({ kind: "deletes" as const, count: 1, reason, flag: "--allow-deletes 1" }));
    const text = await renderMarkdown({ ...plan, datasets, notes }, consents, context);
    expect(Buffer.byteLength(text)).toBeLessThan(60_000);
    expect(text).toContain("3000 to create, 3000 to update, 3000 to delete");
    expect(text).toContain("### Deletes (3000)");
  });
});
