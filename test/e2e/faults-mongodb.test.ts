import { MongoClient } from "mongodb";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { points } from "../../src/reconcile/points.js";
import type { TestProject } from "../support/command.js";
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
import { createMongodbDatabase, describeMongodb } from "../support/servers.js";

const own = ["items", "heddle_applied", "heddle_preimages", "heddle_journal", "heddle_lock"];

describeMongodb("faults on MongoDB, where an apply takes several transactions", () => {
  let project: TestProject;
  let source: MongoClient;
  let copy: MongoClient;
  /** What lay in the destination before every test. */
  const saved = new Map<string, object[]>();

  const raw = (name: string) => copy.db().collection<{ _id: never }>(name);
  const items = async () => {
    const found = (await raw("items").find().sort({ _id: 1 }).toArray()) as unknown as (Item & { _id: number })[];
    return found.map(({ _id, name, stock }): Item => ({ id: _id, name, stock: stock ?? null }));
  };
  const journal = async () => (await raw("heddle_journal").findOne()) as { done: number; total: number } | null;
  const records = () => raw("heddle_applied").countDocuments();
  const apply = (...more: string[]) => project.heddle("apply", "copy", "--yes", ...more);
  const killed = async (at: string, ...args: string[]) => {
    const { signal, stderr } = await start(project, args, at).ended;
    expect([signal, stderr]).toEqual(["SIGKILL", ""]);
  };

  beforeAll(async () => {
    const urls = { source: await createMongodbDatabase(), copy: await createMongodbDatabase() };
    source = await new MongoClient(urls.source).connect();
    copy = await new MongoClient(urls.copy).connect();
    project = await makeFaultProject({
      key: "_id",
      ...urls,
      async fillSource(names) {
        const collection = source.db().collection<{ _id: number; name: string }>("items");
        await collection.deleteMany({});
        await collection.insertMany([...names].map(([_id, name]) => ({ _id, name })));
      },
      async finishCopy() {
        const collection = copy.db().collection<{ _id: number; name: string; stock: number }>("items");
        for (const id of revisions.A.keys()) await collection.updateOne({ _id: id }, { $set: { stock: id * 10 } });
        await collection.insertOne({ _id: foreign.id, name: foreign.name, stock: foreign.stock });
      },
    });
    for (const name of own) saved.set(name, await raw(name).find().toArray());
  }, 120_000);
  afterAll(async () => {
    project?.[Symbol.dispose]();
    await Promise.all([source?.close(), copy?.close()]);
  });
  beforeEach(async () => {
    for (const [name, documents] of saved) {
      await raw(name).deleteMany({});
      if (documents.length > 0) await raw(name).insertMany(documents as never);
    }
    expect(countMade(await items())).toBe(0);
  });

  it("G48, B14: killed at every named point, each chunk is whole and the journal tells; resumed, it is what git says", async () => {
    const inside = points.filter((point) => !["journal-opened", "after-commit"].includes(point));
    // Nothing is committed at a point inside: chunk 1, all points in chunk 2, and the last one, which ends the journal.
    const chain: [at: string, done: number][] = [
      ["journal-opened", 0],
      ["after-commit", 1],
      ...inside.map((point): [string, number] => [point, 1]),
      ["after-commit", 2],
      ["before-commit", 2],
      ["after-commit", 3],
    ];
    for (const [i, [point, done]] of chain.entries()) {
      await killed(`SIGKILL@${point}`, "apply", "copy", "--yes", ...(i === 0 ? [] : ["--resume"]));
      expect(countMade(await items()), `killed at ${point}`).toBe(Math.min(done * 100, total));
      expect(await journal(), point).toEqual(done === 3 ? null : expect.objectContaining({ done, total: 3 }));
      expect(await records(), point).toBe(done === 3 ? 2 : 1);
    }
    const last = await apply("--resume");
    expect([last.code, last.stdout]).toEqual([0, expect.stringContaining("nothing written")]);
    expect(await items()).toEqual(itemsOf(revisions.B));
    // All of it is one apply, which undo takes back as a whole.
    const history = JSON.parse((await project.succeed("history", "copy", "--json")).stdout);
    expect(history[0].counts).toEqual({ created: 70, updated: 100, deleted: 40 });
    await project.succeed("undo", "copy", "--yes");
    expect(await items()).toEqual(itemsOf(revisions.A));
  }, 240_000);

  it("B14: the plan says how many transactions; while a journal is open only --resume, undo and reading go on", async () => {
    expect((await project.succeed("plan", "copy")).stdout).toContain("not atomic: 210 changes in 3 transactions");
    await killed("SIGKILL@after-commit:2", "apply", "copy", "--yes");
    const refused = await apply();
    expect(refused.code).toBe(4);
    expect(refused.stderr).toMatch(
      /error HDL609: an apply of \w{10} by .+ since \d{4}-.+Z is not finished: 2 of 3 transactions are committed/,
    );
    expect(refused.stderr).toContain("heddle apply copy --resume");
    const plan = await project.heddle("plan", "copy", "--exit-code");
    expect([plan.code, plan.stdout]).toEqual([4, expect.stringContaining("2 of 3 transactions are committed")]);
    expect((await project.succeed("status")).stdout).toContain("2 of 3 transactions are committed");
    expect(countMade(await items())).toBe(200);
    // Its own revision is finished, and then comes what HEAD says.
    project.write("data/shop/items/41.json", '{\n  "_id": 41,\n  "name": "c 41"\n}\n');
    project.commitAll("one more");
    const resumed = await apply("--resume");
    expect([resumed.code, resumed.stdout]).toEqual([0, expect.stringContaining("Finished what had broken off")]);
    expect(await items()).toEqual(itemsOf(new Map([...revisions.B, [41, "c 41"]])));
    expect(await records()).toBe(3);
    project.git("reset", "--quiet", "--hard", "HEAD~1");
  }, 120_000);

  it("undo takes an unfinished apply back; an undo that is killed itself is finished by either", async () => {
    await killed("SIGKILL@after-commit:2", "apply", "copy", "--yes");
    await killed("SIGKILL@after-commit:1", "undo", "copy", "--yes");
    expect(countMade(await items())).toBe(100);
    expect((await apply()).stderr).toContain("error HDL609: an undo by ");
    await project.succeed("undo", "copy", "--yes");
    expect(await items()).toEqual(itemsOf(revisions.A));
    expect(await journal()).toBeNull();
    const held = await apply();
    expect([held.code, held.stderr]).toEqual([3, expect.stringContaining("--release-hold")]);

    expect((await apply("--release-hold")).code).toBe(0);
    await killed("SIGKILL@after-commit:2", "undo", "copy", "--yes");
    const resumed = await apply("--resume");
    // The undo is finished, and holds the environment.
    expect([resumed.code, resumed.stderr]).toEqual([3, expect.stringContaining("--release-hold")]);
    expect(await items()).toEqual(itemsOf(revisions.A));
  }, 120_000);

  it("a sync finishes what a sync left unfinished, and leaves what a person began", async () => {
    const sync = ["sync", "copy", "--once", "--remote", "."];
    await killed("SIGKILL@after-commit:1", ...sync);
    expect(await journal()).toMatchObject({ done: 1 });
    const { code, stdout, stderr } = await project.heddle(...sync);
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toContain("that had broken off");
    expect(await items()).toEqual(itemsOf(revisions.B));

    for (const [name, documents] of saved) {
      await raw(name).deleteMany({});
      if (documents.length > 0) await raw(name).insertMany(documents as never);
    }
    await killed("SIGKILL@after-commit:1", "apply", "copy", "--yes");
    const other = await project.heddle(...sync);
    expect([other.code, other.stderr]).toEqual([4, expect.stringContaining("error HDL609")]);
    expect(await journal()).toMatchObject({ done: 1 });
  });

  it("G48: SIGINT finishes the transaction, and says what to run", async () => {
    const { code, stderr } = await start(project, ["apply", "copy", "--yes"], "SIGINT@after-fences:2").ended;
    expect(stderr).toContain("stopping at the next safe point");
    expect(stderr).toContain("error HDL900: interrupted: ");
    expect(stderr).toContain("heddle apply copy --resume");
    expect(code).toBe(130);
    const { done } = (await journal())!;
    expect(done).toBeGreaterThanOrEqual(1);
    expect(countMade(await items())).toBe(done * 100);
    expect((await apply("--resume")).code).toBe(0);
    expect(await items()).toEqual(itemsOf(revisions.B));
  }, 60_000);

  it("G49: a holder that is frozen past its lease is replaced, and can commit nothing when it wakes up", async () => {
    const frozen = start(project, ["apply", "copy", "--yes"], "SIGSTOP@after-write:2");
    await untilStopped(frozen.pid);
    try {
      const second = await apply("--resume");
      expect([second.code, second.stderr]).toEqual([
        4,
        expect.stringMatching(/HDL207: .*process \d+ on .+, since \d{4}-/),
      ]);
      expect(second.stderr).toContain(`process ${frozen.pid} on`);
      const early = await project.heddle("unlock", "copy");
      expect([early.code, early.stderr]).toEqual([4, expect.stringContaining("--force")]);
      await new Promise((resolve) => setTimeout(resolve, 15_500));
      const third = await apply("--resume");
      expect([third.stderr, third.code]).toEqual(["", 0]);
    } finally {
      process.kill(frozen.pid, "SIGCONT");
    }
    const woken = await frozen.ended;
    expect(woken.stderr).toContain("error HDL207: ");
    expect(woken.code).toBe(4);
    expect(await items()).toEqual(itemsOf(revisions.B));
    expect((await project.succeed("status")).stdout).not.toContain("not finished");
  }, 120_000);

  it("unlock --force takes the lock of a holder that seems alive; there is nothing to unlock where nobody holds it", async () => {
    expect((await project.succeed("unlock", "copy")).stdout).toContain("Nobody holds the lock");
    // One that died on another host: its lease ends, and may be freed then.
    const lease = { token: "t", holder: { host: "elsewhere", pid: 7, space: "" }, since: new Date() };
    const leases = copy.db().collection<{ _id: string; at: Date }>("heddle_lock");
    await leases.insertOne({ _id: "apply", ...lease, at: new Date() });
    expect((await project.heddle("unlock", "copy")).stderr).toContain("held by process 7 on elsewhere, since ");
    await leases.updateOne({ _id: "apply" }, { $set: { at: new Date(Date.now() - 60_000) } });
    expect((await project.succeed("unlock", "copy")).stdout).toContain("process 7 on elsewhere");
    const frozen = start(project, ["apply", "copy", "--yes"], "SIGSTOP@after-commit:1");
    await untilStopped(frozen.pid);
    const freed = await project.succeed("unlock", "copy", "--force");
    expect(freed.stdout).toContain(`process ${frozen.pid} on`);
    process.kill(frozen.pid, "SIGCONT");
    expect((await frozen.ended).stderr).toContain("the apply lock was lost");
    expect(countMade(await items())).toBe(100);
    await project.succeed("undo", "copy", "--yes");
    expect(await items()).toEqual(itemsOf(revisions.A));
  }, 60_000);
});
