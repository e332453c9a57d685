import { MongoClient } from "mongodb";
import { expect, it } from "vitest";
import type { TestProject } from "../support/command.js";
import { makeFaultProject, start } from "../support/faults.js";
import { onDatabase } from "../support/postgres-client.js";
import { createMongodbDatabase, createPostgresDatabase, describeMongodb } from "../support/servers.js";

/** HEDDLE_TEST_CHANGES=10000 HEDDLE_TEST_KILLS=20 runs it at full length. */
const changes = Number(process.env.HEDDLE_TEST_CHANGES ?? 1500);
const kills = Number(process.env.HEDDLE_TEST_KILLS ?? 3);
const patience = 60_000 + kills * 30_000 + changes * 20;

// Half of the changes are updates, the rest creates and deletes; what is the same in both stays.
const [quarter, half] = [changes >> 2, changes >> 1];
const range = (from: number, count: number, text: string): [number, string][] =>
  Array.from({ length: count }, (_, i) => [from + i, `${text} ${from + i}`]);
const same = range(1, 500, "same");
const revisions = {
  A: new Map([...same, ...range(1001, half, "a"), ...range(100_001, quarter, "a")]),
  B: new Map([...same, ...range(1001, half, "b"), ...range(200_001, quarter, "b")]),
};
const foreign = "theirs";

/** Kills applies at random moments, each followed by a resume (which may be killed as well), and looks at what is left. */
async function killAtRandom(project: TestProject, names: () => Promise<Map<number, string>>): Promise<void> {
  const apply = (name: "A" | "B", ...more: string[]) => ["apply", "copy", "--yes", "--rev", at[name], ...more];
  const at = { A: project.git("rev-parse", "HEAD~1"), B: project.git("rev-parse", "HEAD") };
  const began = Date.now();
  await project.succeed(...apply("B"));
  const duration = Date.now() - began;
  let to: "A" | "B" = "B";
  let runs = 0;
  for (let left = kills; left > 0; ) {
    to = to === "A" ? "B" : "A";
    for (let attempt = 0; left > 0; attempt++) {
      const running = start(project, apply(to, ...(attempt > 0 ? ["--resume"] : [])));
      const timer = setTimeout(() => process.kill(running.pid, "SIGKILL"), Math.random() * duration);
      const { code, signal, stderr } = await running.ended;
      clearTimeout(timer);
      runs++;
      if (signal === "SIGKILL") left--;
      // What a killed client was doing may last a moment longer.
      else if (!(code === 4 && stderr.includes("HDL207"))) expect([code, stderr]).toEqual([0, ""]);
      for (const [id, name] of await names()) {
        if (id !== 0 && name !== revisions.A.get(id) && name !== revisions.B.get(id))
          throw new Error(`${id} is ${name}`);
      }
      if (signal === null || Math.random() < 0.5) break;
    }
    for (;;) {
      const { code, stderr } = await project.heddle(...apply(to, "--resume"));
      if (code === 4 && stderr.includes("HDL207")) continue;
      expect([code, stderr]).toEqual([0, ""]);
      break;
    }
    expect(await names()).toEqual(
      new Map([[0, foreign], ...revisions[to]].sort(([a], [b]) => Number(a) - Number(b)) as never),
    );
  }
  console.log(`${kills} of ${runs} runs were killed, ${changes} changes each`);
}

it(
  "promise 6: killed at random moments on PostgreSQL, an apply always ends, after resume, equal to the revision",
  async () => {
    const [source, copy] = [await createPostgresDatabase(), await createPostgresDatabase()];
    for (const url of [source, copy]) await onDatabase(url, "CREATE TABLE items (id int PRIMARY KEY, name text)");
    const fill = (rows: Iterable<[number, string]>) =>
      `INSERT INTO items SELECT (r->>0)::int, r->>1 FROM json_array_elements('${JSON.stringify([...rows])}') AS r`;
    using project = await makeFaultProject(
      {
        ...{ key: "id", source, copy },
        fillSource: async (names) => void (await onDatabase(source, `DELETE FROM items; ${fill(names)}`)),
        finishCopy: async () => void (await onDatabase(copy, fill([[0, foreign]]))),
      },
      revisions,
      "order: any",
    );
    await killAtRandom(project, async () => {
      const rows = await onDatabase(copy, "SELECT id, name FROM items ORDER BY id");
      return new Map(rows.map(({ id, name }) => [id as number, name as string]));
    });
  },
  patience,
);

describeMongodb("MongoDB", () => {
  it(
    "promise 6: killed at random moments on MongoDB, an apply always ends, after resume, equal to the revision",
    async () => {
      const urls = { source: await createMongodbDatabase(), copy: await createMongodbDatabase() };
      await using source = await connect(urls.source);
      await using copy = await connect(urls.copy);
      const insert = ({ items }: typeof source, rows: Iterable<[number, string]>) =>
        items.insertMany([...rows].map(([_id, name]) => ({ _id, name })));
      using project = await makeFaultProject(
        {
          ...{ key: "_id", ...urls },
          async fillSource(names) {
            await source.items.deleteMany({});
            await insert(source, names);
          },
          finishCopy: async () => void (await insert(copy, [[0, foreign]])),
        },
        revisions,
        "order: any",
      );
      await killAtRandom(project, async () => {
        const found = await copy.items.find().sort({ _id: 1 }).toArray();
        return new Map(found.map(({ _id, name }) => [_id, name]));
      });
    },
    patience,
  );
});

async function connect(url: string) {
  const client = await new MongoClient(url).connect();
  const items = client.db().collection<{ _id: number; name: string }>("items");
  return { items, [Symbol.asyncDispose]: () => client.close() };
}
