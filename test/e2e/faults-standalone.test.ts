import { MongoClient } from "mongodb";
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from "vitest";
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
import { type MongodbServer, startMongodb } from "../support/mongodb-server.js";

type Stored = { _id: number; name: string; stock?: number };

describe.skipIf(!inject("mongodbUrl"))("B15: faults on a MongoDB without transactions", () => {
  let server: MongodbServer;
  let client: MongoClient;
  let project: TestProject;
  const saved = new Map<string, object[]>();

  const collection = (database: string, name = "items") => client.db(database).collection<Stored>(name);
  const items = async () => {
    const found = await collection("copy").find().sort({ _id: 1 }).toArray();
    return found.map(({ _id, name, stock }): Item => ({ id: _id, name, stock: stock ?? null }));
  };
  const journal = async () =>
    (await collection("copy", "heddle_journal").findOne()) as unknown as { done: number } | null;
  const apply = (...more: string[]) => project.heddle("apply", "copy", "--yes", ...more);
  const killed = async (at: string, ...args: string[]) => {
    const { signal, stderr } = await start(project, args, at).ended;
    expect([signal, stderr]).toEqual(["SIGKILL", ""]);
  };

  beforeAll(async () => {
    const started = await startMongodb(process.env.HEDDLE_TEST_MONGODB_SERVER, true);
    if (typeof started === "string") throw new Error(started);
    server = started;
    client = await new MongoClient(server.url).connect();
    const url = (name: string) => server.url.replace(/\/\?/, `/${name}?`);
    project = await makeFaultProject(
      {
        ...{ key: "_id", source: url("source"), copy: url("copy") },
        async fillSource(names) {
          await collection("source").deleteMany({});
          await collection("source").insertMany([...names].map(([_id, name]) => ({ _id, name })));
        },
        async finishCopy() {
          for (const id of revisions.A.keys())
            await collection("copy").updateOne({ _id: id }, { $set: { stock: id * 10 } });
          await collection("copy").insertOne({ _id: foreign.id, name: foreign.name, stock: foreign.stock });
        },
      },
      revisions,
      "atomic: auto",
    );
    for (const name of ["items", "heddle_applied", "heddle_preimages", "heddle_journal", "heddle_lock"]) {
      saved.set(name, await collection("copy", name).find().toArray());
    }
  }, 120_000);
  afterAll(async () => {
    project?.[Symbol.dispose]();
    await client?.close();
    await server?.stop();
  });
  const restore = async () => {
    for (const [name, documents] of saved) {
      await collection("copy", name).deleteMany({});
      if (documents.length > 0) await collection("copy", name).insertMany(documents as never);
    }
  };
  beforeEach(restore);

  it("G48: killed at every named point, every document is as before or after; resumed, it is what git says", async () => {
    expect((await project.succeed("plan", "copy")).stdout).toContain("not atomic: 210 changes, each by itself");
    for (const point of points) {
      await restore();
      await killed(`SIGKILL@${point}:${point === "journal-opened" ? 1 : 2}`, "apply", "copy", "--yes");
      const made = countMade(await items());
      // What is written of the chunk at hand is not in the journal yet.
      const { done } = (await journal())!;
      expect(made, point).toBeGreaterThanOrEqual(done * 100);
      expect(made, point).toBeLessThanOrEqual((done + 1) * 100);
      const resumed = await apply("--resume");
      expect([resumed.stderr, resumed.code], point).toEqual(["", 0]);
      expect(await items(), point).toEqual(itemsOf(revisions.B));
      expect(await journal(), point).toBeNull();
    }
    await project.succeed("undo", "copy", "--yes");
    expect(await items()).toEqual(itemsOf(revisions.A));
  }, 120_000);

  it("killed between record and journal, all is there; --resume and undo both know it", async () => {
    for (const mend of [
      ["apply", "copy", "--yes", "--resume"],
      ["undo", "copy", "--yes"],
    ]) {
      // The third chunk is the last: its record stands before the journal is closed.
      await killed("SIGKILL@before-record:3", "apply", "copy", "--yes");
      expect([countMade(await items()), (await journal())?.done]).toEqual([total, 2]);
      await project.succeed(...mend);
      expect(await items()).toEqual(itemsOf(mend[0] === "undo" ? revisions.A : revisions.B));
      expect(await journal()).toBeNull();
      if (mend[0] !== "undo") await project.succeed("undo", "copy", "--yes");
      await collection("copy", "heddle_applied").deleteMany({ _id: { $gt: 1 } });
    }
  }, 60_000);

  it("undo of an unfinished apply restores what was written, and names what somebody else changed since", async () => {
    await killed("SIGKILL@after-commit:2", "apply", "copy", "--yes");
    await collection("copy").updateOne({ _id: 41 }, { $set: { name: "somebody's" } });
    const refused = await project.heddle("undo", "copy", "--yes");
    expect([refused.code, refused.stderr]).toEqual([4, expect.stringContaining("items/41")]);
    await collection("copy").updateOne({ _id: 41 }, { $set: { name: "b 41" } });
    await project.succeed("undo", "copy", "--yes");
    expect(await items()).toEqual(itemsOf(revisions.A));
  }, 60_000);

  it("G49: a holder that is frozen is replaced after its lease; its next chunk fails", async () => {
    const frozen = start(project, ["apply", "copy", "--yes"], "SIGSTOP@after-commit:1");
    await untilStopped(frozen.pid);
    expect((await apply("--resume")).stderr).toContain(`process ${frozen.pid} on`);
    await project.succeed("unlock", "copy", "--force");
    expect((await apply("--resume")).code).toBe(0);
    process.kill(frozen.pid, "SIGCONT");
    expect((await frozen.ended).stderr).toContain("the apply lock was lost");
    expect(await items()).toEqual(itemsOf(revisions.B));
  }, 60_000);
});
