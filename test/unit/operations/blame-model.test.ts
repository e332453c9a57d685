import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { expect, test } from "vitest";
import { blame } from "../../../src/operations/blame.js";
import { log } from "../../../src/operations/log.js";
import { makePast } from "../../support/past.js";

/** One commit of a random history: its parents, when it says that it was made, and the entry, if it has one. */
interface Node {
  parents: number[];
  time: number;
  entry: Record<string, number> | undefined;
}

const names = ["a", "b", "c"] as const;

/** What a random commit is made of: parents by distance, fields of one of them or new ones. */
interface Choice {
  back: number[];
  skew: number;
  isGone: boolean;
  fields: { from: number; value: number }[];
}

const choice: fc.Arbitrary<Choice> = fc.record({
  back: fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 2 }),
  skew: fc.integer({ min: -5, max: 5 }),
  isGone: fc.nat(9).map((n) => n === 0),
  fields: fc.array(fc.record({ from: fc.nat(2), value: fc.nat(2) }), { minLength: 3, maxLength: 3 }),
});

function historyOf(choices: readonly Choice[]): Node[] {
  const nodes: Node[] = [{ parents: [], time: 0, entry: { a: 0, b: 0, c: 0 } }];
  for (const { back, skew, isGone, fields } of choices) {
    const number = nodes.length;
    const parents = [...new Set(back.map((distance) => Math.max(0, number - distance)))];
    const values = fields.map(({ from, value }, i) => {
      const parent = parents[from];
      return (parent !== undefined && nodes[parent]!.entry?.[names[i]!]) || value;
    });
    const entry = Object.fromEntries(names.map((name, i) => [name, values[i]!]));
    nodes.push({ parents, time: number + skew, entry: isGone ? undefined : entry });
  }
  return nodes;
}

/** Who set a field, straight from the definition: where a parent has the same entry it is asked, else the first that has the same value. */
function setter(nodes: readonly Node[], at: number, name: string): number {
  const { parents, entry } = nodes[at]!;
  const same = parents.find((parent) => JSON.stringify(nodes[parent]!.entry) === JSON.stringify(entry));
  const older = same ?? parents.find((parent) => nodes[parent]!.entry?.[name] === entry?.[name]);
  return older === undefined ? at : setter(nodes, older, name);
}

function importHistory(
  directory: string,
  environment: Record<string, string>,
  dataset: string,
  nodes: readonly Node[],
) {
  const blob = (path: string, text: string) => [`M 100644 inline ${path}`, `data ${Buffer.byteLength(text)}`, text];
  const lines = nodes.flatMap(({ parents, time, entry }, i) => [
    "commit refs/heads/main",
    `mark :${i + 1}`,
    `committer Ada <ada@example.com> ${1_700_000_000 + 60 * time} +0000`,
    `data ${String(i).length}`,
    String(i),
    ...parents.map((parent, n) => `${n === 0 ? "from" : "merge"} :${parent + 1}`),
    "deleteall",
    ...blob("data/shop/things/_dataset.json", dataset),
    ...(entry ? blob("data/shop/things/1.json", `${JSON.stringify({ _id: 1, ...entry }, null, 2)}\n`) : []),
  ]);
  const options = { cwd: directory, env: environment, input: `${lines.join("\n")}\n` };
  execFileSync("git", ["fast-import", "--quiet", "--force"], options);
}

/** A commit that says it was made before its own parent: git's default order gives it after that. */
const value = (value: number) => ({ from: 0, value });
const clockWentBack: Choice[] = [
  { back: [1], skew: -2, isGone: false, fields: [value(0), value(1), value(0)] },
  { back: [1], skew: 0, isGone: true, fields: [value(0), value(0), value(0)] },
  { back: [2], skew: 0, isGone: false, fields: [value(1), value(0), value(0)] },
];

test("blame and log agree with their definition over random histories with merges, deletes and clocks that go wrong", async () => {
  using past = makePast();
  past.dataset("shop", "things");
  const dataset = past.git("hash-object", "-w", "data/shop/things/_dataset.json");
  const text = `${past.git("cat-file", "blob", dataset)}\n`;
  const { directory } = past;
  await fc.assert(
    fc.asyncProperty(fc.array(choice, { minLength: 1, maxLength: 14 }), async (choices) => {
      const nodes = historyOf(choices);
      importHistory(directory, past.environment, text, nodes);
      const tip = nodes.length - 1;
      if (!nodes[tip]!.entry) {
        await expect(blame({ directory, entry: "things/1" })).rejects.toMatchObject({ code: "HDL402" });
        return;
      }
      const lines = await blame({ directory, entry: "things/1" });
      const found = lines.map(({ path, subject }) => [path, Number(subject)]);
      expect(found).toEqual(
        ["_id", ...names].map((name) => [`/${name}`, name === "_id" ? found[0]![1] : setter(nodes, tip, name)]),
      );
      // Whoever set a field that is there now stands in the log.
      const { commits } = await log({ directory, of: "things/1", limit: 100 });
      const told = commits.map(({ subject }) => Number(subject));
      expect(told).toEqual(expect.arrayContaining(found.map(([, setter]) => setter)));
      expect(new Set(told).size).toBe(told.length);
    }),
    { numRuns: 25, examples: [[clockWentBack]] },
  );
}, 60_000);
