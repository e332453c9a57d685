import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect, onTestFinished, test } from "vitest";
import { weave } from "../../../src/operations/weave.js";
import { onDatabase } from "../../support/postgres-client.js";
import { makeTwin } from "../../support/twin.js";

/** Rows by id; none where they are not there. */
type Rows = Map<number, Record<string, number>>;
const columns = ["a", "b", "c"];
const ids = [1, 2, 3, 4, 5, 6];
const path = (id: number) => `data/all/items/${id}.json`;

/** One change: of a field, or of the whole row where there is no column. */
const change = fc.record({
  id: fc.constantFrom(...ids),
  column: fc.option(fc.constantFrom(...columns), { freq: 6 }),
  value: fc.integer({ min: 0, max: 2 }),
});
const round = fc.record({
  git: fc.array(change, { maxLength: 5 }),
  source: fc.array(change, { maxLength: 5 }),
  prefer: fc.constantFrom("git" as const, "source" as const),
});

function alter(rows: Rows, changes: readonly { id: number; column: string | null; value: number }[]): Rows {
  const next = new Map([...rows].map(([id, row]) => [id, { ...row }]));
  for (const { id, column, value } of changes) {
    const row = next.get(id);
    if (row && column) row[column] = value;
    else if (row) next.delete(id);
    else next.set(id, { a: value, b: 0, c: 0 });
  }
  return next;
}

/** What a weave must make of it: a field is whose side changed it; rows that one side deleted go by the same rule as a whole. */
function merged(base: Rows, git: Rows, source: Rows, prefer: "git" | "source"): { rows: Rows; conflicts: Set<string> } {
  const rows: Rows = new Map();
  const conflicts = new Set<string>();
  const pick = <T>(was: T, ours: T, theirs: T, name: string): T => {
    const [b, o, t] = [was, ours, theirs].map((value) => JSON.stringify(value));
    if (o === t || t === b) return ours;
    if (o === b) return theirs;
    conflicts.add(name);
    return prefer === "git" ? ours : theirs;
  };
  for (const id of ids) {
    const [was, ours, theirs] = [base.get(id), git.get(id), source.get(id)];
    if (!ours || !theirs) {
      const row = pick(was, ours, theirs, path(id));
      if (row) rows.set(id, row);
    } else {
      const values = columns.map((c) => [c, pick(was?.[c], ours[c], theirs[c], `${path(id)} /${c}`)!] as const);
      rows.set(id, Object.fromEntries(values));
    }
  }
  return { rows, conflicts };
}

test("promise 8: any edits in git and in the source, weave after weave: by field what a model says, conflicts listed before", async () => {
  const { project, source } = await makeTwin("CREATE TABLE items (id int PRIMARY KEY, a int, b int, c int)");
  const { directory } = project;
  const start = project.git("rev-parse", "HEAD");
  const committed = (): Rows => {
    const files = project
      .git("ls-files", "data/all/items")
      .split("\n")
      .filter((name) => /\d\.json$/.test(name));
    return new Map(
      files.map((name) => {
        const { id, ...row } = JSON.parse(readFileSync(join(directory, name), "utf8")) as Record<string, number>;
        return [id!, row];
      }),
    );
  };
  // One that has a conflict, an edit that stays, and a row that one side deleted and the other changed.
  const set = (id: number, column: string | null, value: number) => ({ id, column, value });
  const first = [
    { git: [set(1, "a", 1), set(2, "b", 1)], source: [set(1, "a", 2), set(2, "c", 2)], prefer: "source" as const },
    { git: [set(3, null, 0), set(1, "b", 2)], source: [set(3, "a", 1), set(1, "a", 0)], prefer: "git" as const },
    { git: [set(5, null, 1)], source: [set(5, null, 2), set(2, null, 0)], prefer: "git" as const },
  ];
  let conflicting = 0;
  onTestFinished(() => expect(conflicting).toBeGreaterThan(0));
  const rounds = fc.array(round, { minLength: 3, maxLength: 5 });
  await fc.assert(
    fc.asyncProperty(rounds, async (steps) => {
      project.git("reset", "--quiet", "--hard", start);
      await onDatabase(source, "TRUNCATE items; INSERT INTO items SELECT id, 0, 0, 0 FROM generate_series(1, 4) id");
      await weave({ directory });
      let base: Rows = committed();
      let live = base;
      for (const { git, source: drift, prefer } of steps) {
        const ours = alter(committed(), git);
        for (const id of ids) {
          const row = ours.get(id);
          if (row) project.write(path(id), `${JSON.stringify({ id, ...row }, null, 2)}\n`);
          else project.git("rm", "--quiet", "--force", "--ignore-unmatch", path(id));
        }
        project.commitAll("edits");
        live = alter(live, drift);
        const values = [...live].map(([id, { a, b, c }]) => `(${id},${a},${b},${c})`);
        const insert = values.length > 0 ? `; INSERT INTO items VALUES ${values.join()}` : "";
        await onDatabase(source, `BEGIN; DELETE FROM items${insert}; COMMIT`);
        const expected = merged(base, ours, live, prefer);
        if (expected.conflicts.size > 0) {
          conflicting++;
          const tip = project.git("rev-parse", "HEAD");
          const error = await weave({ directory }).catch((thrown) => thrown);
          const told = (error.problems as { file: string; path?: string }[]).map(({ file, path = "" }) =>
            `${file} ${path}`.trim(),
          );
          expect([error.code, new Set(told)]).toEqual(["HDL603", expected.conflicts]);
          expect(project.git("rev-parse", "HEAD")).toBe(tip);
        }
        await weave({ directory, prefer, allowDeletes: 100 });
        expect(committed()).toEqual(expected.rows);
        base = live;
      }
      expect((await weave({ directory })).commits).toEqual([]);
    }),
    { numRuns: 3, examples: [[first]] },
  );
}, 180_000);
