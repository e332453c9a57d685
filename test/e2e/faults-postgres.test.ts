import { execFile } from "node:child_process";
import pg from "pg";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { points } from "../../src/reconcile/points.js";
import { commandPath, type Run, type TestProject } from "../support/command.js";
import {
  countMade,
  foreign,
  type Item,
  itemsOf,
  makeFaultProject,
  revisions,
  start,
  total,
  untilStopped,
} from "../support/faults.js";
import { onDatabase } from "../support/postgres-client.js";
import { createPostgresDatabase } from "../support/servers.js";

const table = "CREATE TABLE items (id int PRIMARY KEY, name text, stock int);";
const insert = (names: ReadonlyMap<number, string>, stock = "NULL::int") =>
  `INSERT INTO items SELECT id, name, ${stock} FROM json_to_recordset('${JSON.stringify([...names].map(([id, name]) => ({ id, name })))}') AS r (id int, name text);`;
const applied = `${insert(revisions.A, "id * 10")} INSERT INTO items VALUES (${foreign.id}, '${foreign.name}', ${foreign.stock});`;

let project: TestProject;
let copy: string;

beforeAll(async () => {
  const source = await createPostgresDatabase();
  copy = await createPostgresDatabase();
  for (const url of [source, copy]) await onDatabase(url, table);
  project = await makeFaultProject({
    key: "id",
    source,
    copy,
    fillSource: async (names) => void (await onDatabase(source, `DELETE FROM items; ${insert(names)}`)),
    finishCopy: async () => void (await onDatabase(copy, `DELETE FROM items; ${applied}`)),
  });
}, 120_000);
afterAll(() => project?.[Symbol.dispose]());
beforeEach(async () => {
  await onDatabase(
    copy,
    `DELETE FROM items; ${applied} DELETE FROM heddle.applied WHERE id > (SELECT min(id) FROM heddle.applied)`,
  );
});

const items = async () =>
  (await onDatabase(copy, "SELECT id, name, stock FROM items ORDER BY id")) as unknown as Item[];
const records = async () => Number((await onDatabase(copy, "SELECT count(*) AS n FROM heddle.applied"))[0]!.n);
const apply = (...more: string[]) => project.heddle("apply", "copy", "--yes", ...more);
/** The server needs a moment to notice that a client was killed, and what the client was doing lasts until then. */
const untilAlone = async () => {
  const others = `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'heddle%'`;
  while ((await onDatabase(copy, others)).length > 0) await new Promise((resolve) => setTimeout(resolve, 50));
};

it("G48, promise 6: killed at every named point, all or nothing stands; run again, it is what git says", async () => {
  for (const point of points) {
    const { code, signal, stderr } = await start(project, ["apply", "copy", "--yes"], `SIGKILL@${point}`).ended;
    await untilAlone();
    const made = countMade(await items());
    // There is no journal where one transaction takes all.
    if (point === "journal-opened") {
      expect([code, made]).toEqual([0, total]);
      await onDatabase(copy, `DELETE FROM items; ${applied} DELETE FROM heddle.applied WHERE id > 1`);
      continue;
    }
    expect([signal, stderr], point).toEqual(["SIGKILL", ""]);
    expect([made, await records()], point).toEqual(point === "after-commit" ? [total, 2] : [0, 1]);
  }
  const resumed = await apply("--resume");
  expect([resumed.code, resumed.stdout]).toEqual([0, expect.stringContaining("nothing written")]);
  expect(await items()).toEqual(itemsOf(revisions.B));
}, 120_000);

it("G48: SIGINT once takes back what is not committed, exit 130; twice ends at once", async () => {
  const once = await start(project, ["apply", "copy", "--yes"], "SIGINT@after-lock").ended;
  expect(once.stderr).toContain("error HDL900: interrupted; nothing was written");
  expect(once.code).toBe(130);
  expect([countMade(await items()), await records()]).toEqual([0, 1]);

  const client = new pg.Client(copy);
  await client.connect();
  try {
    await client.query("BEGIN; UPDATE items SET stock = 0 WHERE id = 41");
    const waiting = start(project, ["apply", "copy", "--yes"]);
    const blocked = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    while ((await onDatabase(copy, blocked)).length === 0) await new Promise((resolve) => setTimeout(resolve, 50));
    process.kill(waiting.pid, "SIGTERM");
    while (!waiting.stderr().includes("next safe point")) await new Promise((resolve) => setTimeout(resolve, 50));
    process.kill(waiting.pid, "SIGINT");
    expect((await waiting.ended).signal).toBe("SIGINT");
    await client.query("ROLLBACK");
  } finally {
    await client.end();
  }
  expect([countMade(await items()), await records()]).toEqual([0, 1]);
}, 60_000);

it("G49: of two applies at once the second says who holds the lock, and the first goes on", async () => {
  const first = start(project, ["apply", "copy", "--yes"], "SIGSTOP@after-write");
  await untilStopped(first.pid);
  try {
    const second = await apply();
    expect([second.code, second.stderr]).toEqual([4, expect.stringContaining("error HDL207: ")]);
    expect(second.stderr).toMatch(new RegExp(`heddle, process ${first.pid} on .+, since \\d{4}-\\d\\d-\\d\\dT`));
    const unlock = await project.heddle("unlock", "copy", "--force");
    expect([unlock.code, unlock.stderr]).toEqual([4, expect.stringContaining("when the holder's connection ends")]);
  } finally {
    process.kill(first.pid, "SIGCONT");
  }
  expect((await first.ended).code).toBe(0);
  expect(await items()).toEqual(itemsOf(revisions.B));
  expect((await project.succeed("unlock", "copy")).stdout).toContain("Nobody holds the lock");
}, 60_000);

it("G46: a row that changed between plan and apply is named, and nothing is written", async () => {
  const first = start(project, ["apply", "copy", "--yes"], "SIGSTOP@before-lock");
  await untilStopped(first.pid);
  await onDatabase(copy, "UPDATE items SET name = 'moved' WHERE id = 41; DELETE FROM items WHERE id = 42");
  process.kill(first.pid, "SIGCONT");
  const { code, stderr } = await first.ended;
  expect([code, stderr]).toEqual([4, expect.stringContaining("error HDL602: ")]);
  expect(stderr).toContain("items/41: was changed");
  expect(stderr).toContain("items/42: was deleted");
  await onDatabase(copy, "UPDATE items SET name = 'a 41' WHERE id = 41; INSERT INTO items VALUES (42, 'a 42', 420)");
  expect([countMade(await items()), await records()]).toEqual([0, 1]);
}, 60_000);

it("F40: with a full disk weave commits nothing and leaves the repository sound; apply needs no room", async () => {
  /** Runs the command where no file can grow beyond this many KiB, as on a full disk. */
  const onFullDisk = (room: number, ...args: string[]) =>
    new Promise<Run>((resolve) => {
      const line = `ulimit -f ${room}; exec "$0" "$@"`;
      const options = { cwd: project.directory, env: { ...project.environment, ...project.variables } };
      execFile("bash", ["-c", line, process.execPath, commandPath, ...args], options, (error, stdout, stderr) => {
        resolve({ code: error ? Number(error.code) : 0, stdout, stderr });
      });
    });
  await onDatabase(project.variables.SOURCE_URL!, "UPDATE items SET name = repeat(name, 20)");
  const before = project.git("rev-parse", "HEAD");
  const { code, stderr } = await onFullDisk(1, "weave");
  expect([code, stderr]).toEqual([1, expect.stringContaining("error HDL3")]);
  expect([project.git("rev-parse", "HEAD"), project.git("status", "--porcelain")]).toEqual([before, ""]);
  project.git("fsck", "--strict");

  expect((await onFullDisk(0, "apply", "copy", "--yes")).stderr).toBe("");
  expect(await items()).toEqual(itemsOf(revisions.B));
  await project.succeed("weave");
  expect(project.git("rev-parse", "HEAD~1")).toBe(before);
  project.git("reset", "--quiet", "--hard", before);
}, 60_000);
