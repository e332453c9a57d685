import { type ChildProcess, spawn } from "node:child_process";
import { renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { commandPath, makeProject, runCommand, type TestProject } from "../support/command.js";
import { copyConfig } from "../support/copy-project.js";
import { gitIn } from "../support/git.js";
import { onDatabase, rowVersions } from "../support/postgres-client.js";
import { secret, startReceiver } from "../support/receiver.js";
import { createPostgresDatabase } from "../support/servers.js";

const config = copyConfig(
  "shop",
  "[{ dataset: items }]",
  `  notify: [{ url: "\${HOOK_URL}", secret: "\${HOOK_SECRET}" }]
`,
);
const schema = "CREATE TABLE items (id int PRIMARY KEY, name text)";

let project: TestProject;
let copy: string;
let receiver: Awaited<ReturnType<typeof startReceiver>>;
/** The remote, and bare and ordinary clones of it. */
let [remote, bare, clone] = ["", "", ""];
/** The commit that was woven, pushed and applied before every test. */
let start: string;

beforeAll(async () => {
  project = makeProject(config);
  const source = await createPostgresDatabase();
  copy = await createPostgresDatabase();
  receiver = await startReceiver();
  Object.assign(project.variables, { SOURCE_URL: source, COPY_URL: copy, HOOK_URL: receiver.url, HOOK_SECRET: secret });
  await onDatabase(source, `${schema}; INSERT INTO items SELECT i, 'Item ' || i FROM generate_series(1, 9) i`);
  await onDatabase(copy, schema);
  await project.succeed("weave");
  [remote, bare, clone] = [project.beside("remote.git"), project.beside("bare.git"), project.beside("clone")];
  project.git("clone", "--quiet", "--bare", ".", remote);
  project.git("remote", "add", "origin", remote);
  project.git("clone", "--quiet", "--bare", remote, bare);
  project.git("clone", "--quiet", remote, clone);
  await project.succeed("apply", "copy", "--yes");
  start = project.git("rev-parse", "HEAD");
});
afterAll(async () => {
  await receiver.stop();
  project[Symbol.dispose]();
});
beforeEach(async () => {
  project.git("reset", "--quiet", "--hard", start);
  project.git("push", "--quiet", "--force", "origin", "main");
  await onDatabase(
    copy,
    `TRUNCATE items; INSERT INTO items SELECT i, 'Item ' || i FROM generate_series(1, 9) i;
     DELETE FROM heddle.applied WHERE id > (SELECT min(id) FROM heddle.applied)`,
  );
  receiver.deliveries.length = 0;
});

const running = new Set<ChildProcess>();
afterEach(() => {
  for (const child of running) child.kill("SIGKILL");
});

interface Line {
  event: string;
  level: string;
  [name: string]: unknown;
}

/** Starts `heddle sync copy --json` in a clone. */
function startSync(directory: string, args: readonly string[] = [], variables: Record<string, string> = {}) {
  const all = [commandPath, "sync", "copy", "--json", "--every", "0.2s", "--drift-every", "0.2s", ...args];
  const env = { ...project.environment, ...project.variables, ...variables };
  const child = spawn(process.execPath, all, { cwd: directory, env, stdio: ["ignore", "pipe", "pipe"] });
  running.add(child);
  const lines: Line[] = [];
  let stderr = "";
  let wake = () => {};
  createInterface({ input: child.stdout }).on("line", (line) => {
    lines.push(JSON.parse(line));
    wake();
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const exit = new Promise<number | string>((resolve) => {
    child.on("close", (code, signal) => {
      running.delete(child);
      resolve(code ?? signal!);
      wake();
    });
  });
  let read = 0;
  return {
    child,
    lines,
    stderr: () => stderr,
    /** The next line with this event. */
    async next(event: string): Promise<Line> {
      for (;;) {
        while (read < lines.length) {
          const line = lines[read++]!;
          if (line.event === event) return line;
        }
        if (!running.has(child)) throw new Error(`sync ended before ${event}:\n${JSON.stringify(lines)}\n${stderr}`);
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
    async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<number | string> {
      child.kill(signal);
      return exit;
    },
    exit,
  };
}

const item = (id: number, name: string) =>
  project.write(`data/shop/items/${id}.json`, `${JSON.stringify({ id, name }, null, 2)}\n`);
const push = (message: string) => {
  const commit = project.commitAll(message);
  project.git("push", "--quiet", "--force", "origin", "main");
  return commit;
};
const names = async () =>
  (await onDatabase(copy, "SELECT name FROM items ORDER BY id")).map(({ name }) => name as string);
const revisions = async () =>
  (await onDatabase(copy, "SELECT record FROM heddle.applied ORDER BY id")).map(
    ({ record }) => (record as { revision: string }).revision,
  );

describe("sync", () => {
  it("what is pushed is applied, drift is reported, what needs consents waits; metrics and webhooks tell", async () => {
    const sync = startSync(bare, ["--listen", "0"]);
    const { listen } = await sync.next("started");
    const page = async (path: string) => {
      const answer = await fetch(`http://${listen}${path}`);
      return { status: answer.status, text: await answer.text() };
    };
    const metric = async (name: string) =>
      Number(new RegExp(`^heddle_sync_${name} (.*)$`, "m").exec((await page("/metrics")).text)?.[1]);
    await sync.next("unchanged");

    item(1, "New");
    const newer = push("a new name");
    expect(await sync.next("applied")).toMatchObject({ revision: newer, counts: { updated: 1 }, level: "info" });
    expect((await names())[0]).toBe("New");
    expect(await metric(`applied_info{environment="copy",revision="${newer}"}`)).toBe(1);
    // Neither branches nor HEAD of the clone follow.
    expect(gitIn(bare, project.environment, "rev-parse", "main", "HEAD")).toBe(`${start}\n${start}`);

    await onDatabase(copy, "UPDATE items SET name = 'Drifted' WHERE id = 2");
    expect(await sync.next("drifted")).toMatchObject({ revision: newer, counts: { updated: 1 }, level: "warn" });
    expect(await metric('drifted_entries{environment="copy"}')).toBe(1);
    await onDatabase(copy, "UPDATE items SET name = 'Item 2' WHERE id = 2");
    await sync.next("clean");

    for (const id of [3, 4, 5]) rmSync(join(project.directory, `data/shop/items/${id}.json`));
    const fewer = push("fewer items");
    const waiting = await sync.next("waiting");
    expect(waiting).toMatchObject({ revision: fewer, code: "HDL600", missing: [{ kind: "deletes", count: 3 }] });
    expect(waiting.grant).toBe(`heddle apply copy --rev ${fewer} --allow-deletes 3`);
    expect(await names()).toHaveLength(9);
    expect(await metric('pending_consents{environment="copy"}')).toBe(1);
    expect((await page("/readyz")).status).toBe(200);
    await project.succeed(...String(waiting.grant).split(" ").slice(1), "--yes");
    expect(await sync.next("unchanged")).toMatchObject({ revision: fewer });
    expect(await metric('pending_consents{environment="copy"}')).toBe(0);

    project.git("reset", "--quiet", "--hard", start);
    project.git("push", "--quiet", "--force", "origin", "main");
    const back = await sync.next("waiting");
    expect(back).toMatchObject({ revision: start, missing: [{ kind: "rollback", count: 2, flag: "--rollback" }] });
    expect(await names()).toHaveLength(6);

    // Each once, however many rounds there were.
    expect(receiver.deliveries.map(({ event, signed }) => [event.type, event.data.verb, signed])).toEqual([
      ["heddle.applied", "apply", true],
      ["heddle.drifted", "drift", true],
      ["heddle.planned", "apply", true],
      ["heddle.applied", "apply", true],
      ["heddle.planned", "apply", true],
    ]);
    const count = (event: string) => sync.lines.filter((line) => line.event === event).length;
    expect([count("drifted"), count("waiting"), count("failed")]).toEqual([1, 2, 0]);
    expect(await sync.stop()).toBe(0);
    expect(sync.lines.at(-1)).toMatchObject({ event: "stopped" });
  });

  it("a remote that is away: later each time, still alive, not ready; then it goes on", async () => {
    const sync = startSync(bare, ["--listen", "127.0.0.1:0"]);
    const { listen } = await sync.next("started");
    const status = async (path: string) => (await fetch(`http://${listen}${path}`)).status;
    await sync.next("unchanged");
    renameSync(remote, `${remote}.away`);
    const failed = await sync.next("failed").finally(async () => {
      if (running.has(sync.child)) await sync.next("failed");
      renameSync(`${remote}.away`, remote);
    });
    expect(failed).toMatchObject({ code: "HDL300", level: "error", retry: expect.any(Number) });
    expect([await status("/healthz"), await status("/readyz"), await status("/else")]).toEqual([200, 503, 404]);
    item(1, "After");
    const commit = push("after it was away");
    expect(await sync.next("applied")).toMatchObject({ revision: commit });
    while ((await status("/readyz")) !== 200) await new Promise((resolve) => setTimeout(resolve, 20));
    expect(await sync.stop("SIGINT")).toBe(0);
  });

  it("once: exits as apply does, 2 for drift; rules are those of the fetched branch; a work tree is left alone", async () => {
    const run = (...args: string[]) =>
      runCommand(clone, { ...project.environment, ...project.variables }, ["sync", "copy", "--once", ...args]);
    const state = () =>
      gitIn(clone, project.environment, "rev-parse", "HEAD", "main", "HEAD^{tree}") +
      gitIn(clone, project.environment, "status", "--porcelain");
    const before = state();
    item(1, "New");
    const commit = push("new");
    const applied = await run();
    expect([applied.code, applied.stderr]).toEqual([0, ""]);
    expect(applied.stdout).toContain(`copy: applied ${commit.slice(0, 10)}: 0 created, 1 updated, 0 deleted in `);
    await onDatabase(copy, "UPDATE items SET name = 'Drifted' WHERE id = 2");
    expect((await run()).code).toBe(2);
    for (const id of [3, 4, 5]) rmSync(join(project.directory, `data/shop/items/${id}.json`));
    push("fewer");
    const refused = await run();
    expect([refused.code, refused.stderr]).toEqual([3, expect.stringContaining("(--allow-deletes 3)")]);
    project.write("weave-configs/heddle.yaml", `${config}  apply: { maxDeletes: 3 }\n`);
    push("another rule");
    // What git did not change stays drifted.
    expect((await run()).code).toBe(2);
    expect((await names()).slice(0, 2)).toEqual(["New", "Drifted"]);
    expect(state()).toBe(before);
    for (const [args, code, words] of [
      [["--every", "soon"], "HDL100", "a duration belongs there"],
      [["--listen", "nowhere"], "HDL100", "[HOST:]PORT belongs there"],
      [["--branch", "none"], "HDL300", "couldn't find remote ref"],
      [["--branch", "a:b"], "HDL301", "cannot be the name of a branch"],
      [["--listen", "192.0.2.1:1"], "HDL107", "cannot listen on"],
    ] as const) {
      expect(await run(...args)).toMatchObject({ code: 1, stderr: expect.stringContaining(words) });
      expect((await run(...args)).stderr).toContain(code);
    }
  });

  it("SIGTERM in the middle of an apply: nothing is half done, and the next sync applies it", async () => {
    item(1, "New");
    item(2, "New");
    push("new");
    const before = await rowVersions(copy);
    const stopped = startSync(bare, [], { HEDDLE_TEST_SIGNAL_AT: "SIGTERM@after-lock" });
    expect(await stopped.exit).toBe(130);
    expect(stopped.stderr()).toContain("error HDL900");
    expect(await rowVersions(copy)).toBe(before);
    expect(receiver.deliveries).toEqual([]);
    const sync = startSync(bare);
    await sync.next("applied");
    expect((await names()).slice(0, 2)).toEqual(["New", "New"]);
    await sync.stop();
  });

  it("two on one database do not fight: each commit is applied once, and nothing fails", async () => {
    const both = [startSync(bare), startSync(clone)];
    await Promise.all(both.map((sync) => sync.next("unchanged")));
    const commits: string[] = [];
    for (const name of ["one", "two", "three"]) {
      for (let id = 1; id <= 9; id++) item(id, name);
      commits.push(push(name));
      await Promise.all(
        both.map(async (sync) => {
          while (
            !sync.lines.some(({ event, revision }) => /applied|unchanged/.test(event) && revision === commits.at(-1))
          ) {
            await new Promise((resolve) => setTimeout(resolve, 20));
          }
        }),
      );
    }
    expect(await Promise.all(both.map((sync) => sync.stop()))).toEqual([0, 0]);
    expect(await revisions()).toEqual([start, ...commits]);
    const lines = both.flatMap((sync) => sync.lines);
    expect(lines.filter(({ event }) => event === "failed" || event === "waiting")).toEqual([]);
    expect(lines.filter(({ event }) => event === "applied")).toHaveLength(3);
  });
});
