import { describe, expect, test } from "vitest";
import type { Database, ReadSession } from "../../../src/database/database.js";
import { makePlan, plan as planFor } from "../../../src/operations/plan.js";
import { spread } from "../../../src/operations/spread.js";
import { desiredState, withDestination } from "../../../src/operations/target.js";
import { weave } from "../../../src/operations/weave.js";
import { onDatabase } from "../../support/postgres-client.js";
import { makeTwin } from "../../support/twin.js";

const names = Array.from({ length: 7 }, (_, i) => `table_${i}`);
const schema = names.map((name) => `CREATE TABLE ${name} (id int PRIMARY KEY, name text, n int)`).join("; ");
const rows = (name: string, i: number) =>
  `INSERT INTO ${name} SELECT i, '${name} ' || i, i FROM generate_series(1, ${100 * i + 50}) i`;
const grants = { allowDeletes: 1000, allowChanges: 1000 };

/** How many datasets are read at one time. */
function watched(database: Database) {
  let now = 0;
  const seen = { most: 0 };
  const watch = (session: ReadSession): ReadSession => ({
    ...session,
    async *entries(...what) {
      seen.most = Math.max(seen.most, ++now);
      // Others get their turn.
      await new Promise((resolve) => setTimeout(resolve, 20));
      yield* session.entries(...what);
      now--;
    },
  });
  const readTogether: Database["readTogether"] = (count, work) =>
    database.readTogether!(count, ([first, ...others]) => work([watch(first), ...others.map(watch)]));
  const read: Database["read"] = (work) => database.read((session) => work(watch(session)));
  return { database: { ...database, read, readTogether } as Database, seen };
}

describe("several datasets at a time", () => {
  test("weave: the same trees as one after the other, with transforms; what fails in one of them commits nothing", async () => {
    const transform = `transform: [{ for: "*", when: "n % 2 = 0", steps: [{ compute: { /name: "name & ' of ' & $$.n" } }] }]`;
    const twin = await makeTwin(schema);
    const { directory, git } = twin.project;
    twin.project.write(
      "weave-configs/heddle.yaml",
      `apiVersion: heddle/v1\nkind: Weave\nmetadata: { name: all }\nspec:\n  source: { url: "\${TWIN_SOURCE}" }\n  select: [{ dataset: "*" }]\n  ${transform}\n`,
    );
    twin.project.commitAll("transform");
    await onDatabase(twin.source, names.map(rows).join("; "));
    for (const [i, concurrency] of [1, 2, 4, 50].entries()) await weave({ directory, branch: `b${i}`, concurrency });
    const trees = [0, 1, 2, 3].map((i) => git("rev-parse", `b${i}:data`));
    expect(new Set(trees).size).toBe(1);
    await onDatabase(twin.source, "UPDATE table_2 SET n = NULL WHERE id = 5");
    await expect(weave({ directory, branch: "b1", concurrency: 3 })).rejects.toMatchObject({ code: "HDL500" });
    expect(git("rev-parse", "b1:data")).toBe(trees[0]);
    const signal = AbortSignal.abort();
    await expect(weave({ directory, branch: "b2", concurrency: 3, signal })).rejects.toMatchObject({ code: "HDL900" });
  });

  test("plan: the same as one after the other, over as many sessions as asked for", async () => {
    const twin = await makeTwin(schema);
    const { directory } = twin.project;
    await twin.want(names.map(rows).join("; "));
    await twin.apply({ grants });
    await twin.rows(names.map((name, i) => `UPDATE ${name} SET n = -1 WHERE id = ${i + 1}`).join("; "));
    await twin.want(names.map((name, i) => `DELETE FROM ${name} WHERE id = ${i + 10}`).join("; "));
    const options = { directory, environment: "copy", full: true, exact: true, grants };
    const show = async (concurrency: number) => ({ ...(await planFor({ ...options, concurrency })).plan, id: "" });
    const one = await show(1);
    expect(one.datasets.flatMap(({ changes }) => changes)).toHaveLength(14);
    expect(await show(3)).toEqual(one);

    const most = (concurrency: number) =>
      withDestination(options, async (destination) => {
        const { database, seen } = watched(destination.database);
        await makePlan({ ...(await desiredState(destination, { ...options, concurrency })), database }, {});
        return seen.most;
      });
    expect([await most(1), await most(3)]).toEqual([1, 3]);
    const applied = await twin.apply({ grants, exact: true, concurrency: 3 });
    expect(applied.written).toBe(true);
    expect(await twin.same(...names)).toBe(true);
  });
});

describe("work that is spread over workers", () => {
  const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

  test("gives results in the order of the items, each worker one item at a time", async () => {
    const busy = new Set<string>();
    const results = await spread(["a", "b", "c"], [50, 5, 30, 1, 2, 20], async (worker, ms) => {
      expect(busy.has(worker)).toBe(false);
      busy.add(worker);
      await wait(ms);
      busy.delete(worker);
      return ms;
    });
    expect(results).toEqual([50, 5, 30, 1, 2, 20]);
  });

  test("a failure stops what is going on, begins nothing more, and is thrown when all has ended", async () => {
    const ended: number[] = [];
    const failed = spread(["a", "b"], [0, 1, 2, 3], async (_, item, stop) => {
      if (item === 1) throw new Error("the first");
      while (!stop.aborted) await wait(1);
      ended.push(item);
      throw new Error("stopped");
    });
    await expect(failed).rejects.toThrow("the first");
    expect(ended).toEqual([0]);
  });
});
