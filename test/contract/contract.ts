import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Database, ReadSession, Update, WriteBatch } from "../../src/database/database.js";
import { describeTable } from "../../src/database/describe.js";
import { codecFor } from "../../src/database/open.js";
import type { Dataset } from "../../src/model/dataset.js";
import { digestOf, digestOfEntry, type Entry, type Key } from "../../src/model/entry.js";
import { HeddleError } from "../../src/model/errors.js";
import { combine, noRows } from "../../src/model/fingerprint.js";
import { type Fields, type Json, renderFields } from "../../src/model/json.js";
import { keyOf } from "../../src/model/key.js";
import { type AppliedRecord, keptApplies, type PreImage } from "../../src/model/record.js";

/**
 * A database for the suite, nothing applied to it yet, with three empty datasets:
 * - `items`: key (integer), `n` (integer), `name` (string, unique), `note` (string or null), `doc` (JSON or sub-document)
 * - `texts`: key (string, compared byte by byte), `value` (string or null)
 * - `hostile`: a name and field names as bad as the engine allows; key (integer) and string fields
 */
export interface Subject {
  database: Database;
  /** Another connection to the same database; absent where only one process may have it open. The suite closes it. */
  second?(): Promise<Database>;
  /** A database that is not this one. The suite closes it. */
  other(): Promise<Database>;
  /** The name of the key field of every dataset. */
  key: string;
  items: string;
  texts: string;
  hostile: string;
  /** A dataset that is listed as refused, if the engine has such. */
  refused?: string;
  /** Whether it makes fingerprints. */
  fingerprints?: true;
  /** The predicate that `n` of an item is at least this. */
  atLeast(n: number): string;
  /** Predicates that the engine does not accept. */
  badPredicates: string[];
  close(): Promise<void>;
}

/** What every engine promises: see src/database/database.ts. */
export function databaseContract(name: string, setup: () => Promise<Subject>): void {
  describe(`${name} passes the contract`, () => {
    let subject: Subject;
    let database: Database;
    let items: Dataset;
    let texts: Dataset;
    let hostile: Dataset;

    beforeAll(async () => {
      subject = await setup();
      database = subject.database;
      const tables = await database.read((session) => session.tables());
      const named = (wanted: string) => {
        const table = tables.find((table) => table.name === wanted);
        if (!table) throw new Error(`${wanted} is not among ${tables.map((table) => table.name).join(", ")}`);
        return describeTable(database.engine, table, {});
      };
      items = named(subject.items);
      texts = named(subject.texts);
      hostile = named(subject.hostile);
    });
    afterAll(() => subject?.close());
    beforeEach(async () => {
      for (const dataset of [items, texts, hostile]) {
        const keys = [...(await readAll(dataset)).keys()];
        if (keys.length > 0) await write(dataset, { kind: "delete", keys });
      }
    });

    const item = (id: number, more: Record<string, Json> = {}): Fields =>
      new Map<string, Json>(
        Object.entries({ [subject.key]: id, n: id, name: `name ${id}`, note: null, doc: { a: id, b: ["x"] }, ...more }),
      );
    const text = (id: string, value: string | null = null): Fields =>
      new Map<string, Json>([
        [subject.key, id],
        ["value", value],
      ]);
    const create = (dataset: Dataset, all: readonly Fields[]): WriteBatch => ({
      kind: "create",
      entries: all.map((fields) => ({ key: keyOf(dataset, fields)!, fields })),
    });
    const write = (dataset: Dataset, batch: WriteBatch) => database.write((session) => session.write(dataset, batch));
    const collect = async (batches: AsyncIterable<Entry[]>): Promise<Map<Key, string>> => {
      const found = new Map<Key, string>();
      for await (const batch of batches) for (const { key, text } of batch) found.set(key, text);
      return found;
    };
    const readAll = (dataset: Dataset, where?: string) =>
      database.read((session) => collect(session.entries(dataset, where)));
    const find = async (session: ReadSession, dataset: Dataset, keys: readonly Key[]) => {
      const found = new Map<Key, string>();
      for await (const batch of session.lookup(dataset, keys)) {
        for (const { requested, entry } of batch) found.set(requested, entry.text);
      }
      return found;
    };
    const expected = (dataset: Dataset, all: readonly Fields[]) =>
      new Map(all.map((fields) => [keyOf(dataset, fields)!, renderFields(fields)]));

    // First, since nothing may have been applied before it.
    test("record: none at first, then the newest, undone with its transaction, and never in the catalogue", async () => {
      expect(await database.read((session) => session.records())).toEqual([]);
      const record = recordOf("first");
      await database.write(async (session) => {
        expect(await session.records()).toEqual([]);
        await session.saveRecord(record);
        expect(await session.records()).toEqual([record]);
      });
      await database.write((session) => session.saveRecord(recordOf("second")));
      expect(await database.read((session) => session.records())).toEqual([recordOf("second")]);
      const history = (limit: number) => database.read((session) => session.history(limit));
      expect(await history(10)).toEqual([recordOf("second"), record]);
      expect(await history(1)).toEqual([recordOf("second")]);
      if (database.capabilities.transactions) {
        const stop = new Error("stop");
        await expect(
          database.write(async (session) => {
            await session.saveRecord(recordOf("third"));
            throw stop;
          }),
        ).rejects.toBe(stop);
        expect(await database.read((session) => session.records())).toEqual([recordOf("second")]);
      }
      const elsewhere = { ...recordOf("elsewhere"), environment: "other" };
      await database.write((session) => session.saveRecord(elsewhere));
      await database.read(async (session) => {
        expect(await session.records()).toEqual([elsewhere, recordOf("second")]);
        expect(await session.history(10, [record.environment])).toEqual([recordOf("second"), record]);
        expect(await session.history(10, ["other", "none"])).toEqual([elsewhere]);
        expect(await session.history(10)).toHaveLength(3);
      });
      const tables = await database.read((session) => session.tables());
      const own = tables.filter(({ name }) => name.startsWith("heddle") && name !== "heddle_own");
      expect(own).toEqual([]);
    });

    test("fingerprints, where the engine makes them: by key or whole, kept with a record, in its transaction", async () => {
      await write(
        items,
        create(
          items,
          [1, 2, 3].map((id) => item(id)),
        ),
      );
      const print = (keys?: string[]) => database.read(async (session) => session.fingerprint?.(items, keys));
      const whole = await print();
      expect(whole !== undefined).toBe(subject.fingerprints === true);
      if (!whole) return;
      const parts = noRows();
      for (const key of ["[1]", "[2]", "[3]", "[4]"]) combine(parts, (await print([key]))!);
      expect(parts).toEqual(whole);
      const kept = (plans: Record<string, string>) =>
        database.read(async (session) => session.fingerprints!(new Map(Object.entries(plans))));
      const save = (plan: string, ...names: string[]) =>
        database.write((session) =>
          session.saveFingerprints!({ environment: "e", plan }, new Map(names.map((name) => [name, whole]))),
        );
      const both = { a: "one", b: "one" };
      expect(await kept(both)).toEqual(new Map());
      expect(await save("one", "a", "b")).toBe(true);
      expect(await kept(both)).toEqual(
        new Map([
          ["a", whole],
          ["b", whole],
        ]),
      );
      await save("two", "a");
      expect(await kept(both)).toEqual(new Map([["b", whole]]));
      expect(await kept({ a: "two" })).toEqual(new Map([["a", whole]]));
    });

    test("journal: none at first, then as it was saved last, undone with its transaction, closed", async ({ skip }) => {
      const read = () => database.read((session) => session.journals());
      expect(await read()).toEqual([]);
      const journal = {
        version: 1,
        record: recordOf("open"),
        grants: { adopt: true },
        chunks: { done: 1, total: 3 },
      } as const;
      const stop = new Error("stop");
      const saved = await database.write(async (session) => {
        if (!session.saveJournal) return false;
        await session.saveJournal({ ...journal, chunks: { done: 0, total: 3 } });
        await session.saveJournal(journal);
        expect(await session.journals()).toEqual([journal]);
        return true;
      });
      if (!saved) return skip();
      expect(await read()).toEqual([journal]);
      const undone = database.write(async (session) => {
        await session.closeJournal!("open");
        expect(await session.journals()).toEqual([]);
        throw stop;
      });
      await expect(undone).rejects.toBe(stop);
      const other = {
        ...journal,
        record: { ...recordOf("another"), environment: "other", at: "2000-01-01T00:00:00Z" },
      };
      await database.write((session) => session.saveJournal!(journal));
      await database.write((session) => session.saveJournal!(other));
      expect(await read()).toEqual([journal, other]);
      await database.write((session) => session.closeJournal!("open"));
      expect(await read()).toEqual([other]);
      await database.write((session) => session.closeJournal!("another"));
      expect(await read()).toEqual([]);
    });

    test("pre-images: kept by plan, in order, undone with their transaction", async () => {
      const images = Array.from({ length: 1200 }, (_, i): PreImage => {
        return {
          dataset: "items",
          keyFields: ["id"],
          key: `[${i}]`,
          name: `${i}.json`,
          before: '{\n  "é$": "\\u0000"\n}\n',
          wanted: null,
        };
      });
      const created = Array.from({ length: 30 }, (_, i): PreImage => {
        const digest = String(i % 2).repeat(40);
        const fields = i < 10 ? ["id", "n"] : i < 20 ? ["id"] : ["id", "m"];
        const common = { dataset: i < 25 ? "items" : "others", keyFields: ["id"], key: `[${i}]`, name: `${i}.json` };
        return { ...common, wanted: i % 3 === 0 ? digest : `${digest} shaped`, created: { fields, digest } };
      });
      await database.write(async (session) => {
        await session.savePreImages("one", images.slice(0, 1000));
        await session.savePreImages("one", images.slice(1000));
        await session.saveRecord(recordOf("one"));
        await session.savePreImages("new", created);
        await session.saveRecord(recordOf("new"));
        await session.savePreImages("two", [
          { dataset: "items", keyFields: ["id"], key: "[1]", name: "1.json", wanted: null, after: [["n", null]] },
        ]);
        await session.saveRecord(recordOf("two"));
      });
      const kept = (plan: string) =>
        database.read(async (session) => {
          const all: PreImage[] = [];
          for await (const batch of session.preImages(plan)) all.push(...batch);
          return all;
        });
      expect(await kept("one")).toEqual(images);
      expect(await kept("new")).toEqual(created);
      expect(await kept("two")).toHaveLength(1);
      expect(await kept("three")).toEqual([]);
      await database.write(async (session) => {
        for (let i = 0; i < keptApplies; i++) {
          await session.saveRecord({ ...recordOf(`other ${i}`), environment: "other" });
        }
      });
      expect(await kept("two")).toHaveLength(1);
      await database.write(async (session) => {
        for (let i = 0; i < keptApplies - 1; i++) await session.saveRecord(recordOf(`newer ${i}`));
      });
      expect(await kept("one")).toEqual([]);
      expect(await kept("two")).toHaveLength(1);
    });

    test("identity: hex, the same in every session, another for another database", async () => {
      const mine = await database.read((session) => session.identity());
      expect(mine).toMatch(/^[0-9a-f]{32,}$/);
      expect(await database.write((session) => session.identity())).toBe(mine);
      await using other = await subject.other();
      expect(await other.read((session) => session.identity())).not.toBe(mine);
    });

    test("tables: keys of the datasets; refused kinds are listed with the reason", async () => {
      const tables = await database.read((session) => session.tables());
      const found = tables.find((table) => table.name === subject.items)!;
      expect(found.key).toEqual([subject.key]);
      expect(found.refused).toBeUndefined();
      if ((await codecFor(database.engine)).rows) {
        expect(found.columns!.map((column) => column.name)).toEqual([...item(1).keys()]);
        expect(found.uniques).toEqual([["name"]]);
      } else expect(found.columns).toBeUndefined();
      if (subject.refused) expect(tables.find((table) => table.name === subject.refused)?.refused).toBeTruthy();
    });

    test("entries: all of them, as canonical text under their keys; none of an empty dataset", async () => {
      expect(await readAll(items)).toEqual(new Map());
      const all = [item(1), item(2, { note: 'a "b"\n\\\t\u2028é😀', doc: [] }), item(-3, { doc: { x: { y: {} } } })];
      await write(items, create(items, all));
      expect(await readAll(items)).toEqual(expected(items, all));
    });

    test("entries: with digests they are the same entries", async () => {
      const all = [item(1), item(2, { note: 'a "b"\n\\\t\u0001\u2028é😀', doc: [] }), item(-3, { note: null })];
      await write(items, create(items, all));
      await database.read(async (session) => {
        for await (const batch of session.entries(items, undefined, true)) {
          for (const entry of batch) expect(digestOfEntry(entry)).toBe(digestOf(entry.text));
          const read = batch.map(({ key, text }): [Key, string] => [key, text]);
          expect(new Map(read)).toEqual(expected(items, all));
        }
      });
    });

    test("entries: 5,000 of them come in batches, and a reader may stop early", async () => {
      const all = Array.from({ length: 5000 }, (_, i) => item(i, { note: "x".repeat(100) }));
      await write(items, create(items, all));
      await database.read(async (session) => {
        const sizes: number[] = [];
        for await (const batch of session.entries(items)) sizes.push(batch.length);
        expect(sizes.reduce((a, b) => a + b)).toBe(5000);
        expect(Math.max(...sizes)).toBeLessThan(5000);
        for await (const batch of session.entries(items)) {
          expect(batch.length).toBeGreaterThan(0);
          break;
        }
        for await (const _ of session.entries(items, subject.atLeast(0))) break;
        expect((await find(session, items, ["[4999]"])).size).toBe(1);
        expect((await find(session, items, [...expected(items, all).keys()])).size).toBe(5000);
        const estimate = await session.estimate(items);
        expect(estimate).toBeGreaterThan(1000);
        expect(estimate).toBeLessThan(50_000);
      });
    });

    test("where: only what it holds for; a bad one is HDL202 and leaves the database as it was", async () => {
      const all = [item(1), item(2), item(3)];
      await write(items, create(items, all));
      expect(await readAll(items, subject.atLeast(2))).toEqual(expected(items, all.slice(1)));
      for (const bad of subject.badPredicates) {
        await expect(readAll(items, bad), bad).rejects.toMatchObject({ code: "HDL202" });
      }
      expect((await readAll(items)).size).toBe(3);
    });

    test("lookup: by key, absent ones left out, in read and in write sessions", async () => {
      const all = [item(1), item(2)];
      await write(items, create(items, all));
      for (const session of ["read", "write"] as const) {
        const found = await database[session]((s: ReadSession) => find(s, items, ["[2]", "[99]"]));
        expect(found).toEqual(expected(items, all.slice(1)));
        expect(await database[session]((s: ReadSession) => find(s, items, []))).toEqual(new Map());
      }
    });

    test("lookup: keys of any characters (E36)", async () => {
      const keys = [
        "",
        " ",
        "NULL",
        "null",
        "a,b",
        "{}",
        '"',
        "\\",
        "\\N",
        "a\nb",
        "\t",
        "é",
        "e\u0301",
        "😀",
        "$1",
        "a'b",
        "[1]",
      ];
      const all = [...keys, "x".repeat(500)].map((key) => text(key, key));
      await write(texts, create(texts, all));
      expect(await readAll(texts)).toEqual(expected(texts, all));
      const wanted = [...expected(texts, all).keys()];
      expect(await database.read((s) => find(s, texts, wanted))).toEqual(expected(texts, all));
      await write(texts, { kind: "delete", keys: wanted });
      expect((await readAll(texts)).size).toBe(0);
    });

    test("a read session sees one moment while somebody else writes", async ({ skip }) => {
      if (!subject.second || !database.capabilities.snapshots) return skip();
      await write(items, create(items, [item(1), item(2)]));
      await using second = await subject.second();
      await database.read(async (session) => {
        const before = await collect(session.entries(items));
        await second.write(async (writer) => {
          await writer.write(items, { kind: "update", entries: [set("[1]", { note: "changed" })] });
          await writer.write(items, { kind: "delete", keys: ["[2]"] });
          await writer.write(items, create(items, [item(3)]));
        });
        expect(await collect(session.entries(items))).toEqual(before);
        expect(await collect(session.entries(items, subject.atLeast(0)))).toEqual(before);
        expect(await find(session, items, ["[1]", "[2]", "[3]"])).toEqual(before);
      });
      expect([...(await readAll(items)).keys()].sort()).toEqual(["[1]", "[3]"]);
    });

    test("sessions that read together see one moment while somebody else writes, and read at one time", async ({
      skip,
    }) => {
      const { readTogether } = database;
      if (!readTogether) return skip();
      await write(items, create(items, [item(1), item(2)]));
      await readTogether(3, async (sessions) => {
        expect(sessions).toHaveLength(3);
        await write(items, { kind: "delete", keys: ["[2]"] });
        const seen = await Promise.all(sessions.map((session) => collect(session.entries(items))));
        expect(seen).toEqual(sessions.map(() => expected(items, [item(1), item(2)])));
      });
      expect([...(await readAll(items)).keys()]).toEqual(["[1]"]);
      const failed = readTogether(2, () => Promise.reject(new Error("given up")));
      await expect(failed).rejects.toThrow("given up");
      await readTogether(100, async ({ length }) => expect(length).toBeLessThanOrEqual(8));
    });

    test("write: create, update and delete in one session read back as identical text", async () => {
      await write(items, create(items, [item(1), item(2), item(3)]));
      const changed = item(1, { note: "it's", doc: { deep: [1, { b: null }] } });
      await database.write(async (session) => {
        await session.write(items, {
          kind: "update",
          entries: [set("[1]", { note: "it's", doc: changed.get("doc")! }), set("[2]", { note: "two" })],
        });
        await session.write(items, { kind: "delete", keys: ["[3]"] });
        await session.write(items, create(items, [item(4, { note: "" })]));
        expect(await find(session, items, ["[1]", "[3]", "[4]"])).toEqual(
          expected(items, [changed, item(4, { note: "" })]),
        );
      });
      expect(await readAll(items)).toEqual(expected(items, [changed, item(2, { note: "two" }), item(4, { note: "" })]));
    });

    test("write: an update touches only the fields given; null is a value", async () => {
      await write(items, create(items, [item(1, { note: "here" })]));
      await write(items, { kind: "update", entries: [set("[1]", { note: null })] });
      expect(await readAll(items)).toEqual(expected(items, [item(1)]));
      await write(items, { kind: "update", entries: [set("[1]", {})] });
      expect(await readAll(items)).toEqual(expected(items, [item(1)]));
    });

    test("write: a field set to undefined leaves a document, and is refused in a row", async () => {
      await write(items, create(items, [item(1, { note: "here" })]));
      const removal = write(items, {
        kind: "update",
        entries: [{ key: "[1]", set: new Map([["note", undefined]]) }],
      });
      if ((await codecFor(database.engine)).rows) return expect(removal).rejects.toMatchObject({ code: "HDL206" });
      await removal;
      const without = item(1);
      without.delete("note");
      expect(await readAll(items)).toEqual(expected(items, [without]));
    });

    test("write: an error undoes all of it", async ({ skip }) => {
      if (!database.capabilities.transactions) return skip();
      await write(items, create(items, [item(1)]));
      const stop = new Error("stop");
      const failing = database.write(async (session) => {
        await session.write(items, create(items, [item(2)]));
        await session.write(items, { kind: "delete", keys: ["[1]"] });
        throw stop;
      });
      await expect(failing).rejects.toBe(stop);
      expect(await readAll(items)).toEqual(expected(items, [item(1)]));
    });

    test("write: what the server refuses is HDL205, without values, and nothing is kept (55)", async () => {
      await write(items, create(items, [item(1, { name: "canary-1" })]));
      const clash = create(items, [item(2), item(3, { name: "canary-1" })]);
      const error = await write(items, clash).catch((error: unknown) => error);
      expect(error).toBeInstanceOf(HeddleError);
      expect((error as HeddleError).code).toBe("HDL205");
      expect(everythingSaid(error)).not.toContain("canary");
      expect(everythingSaid(error)).toContain(subject.items);
      if (database.capabilities.transactions) expect((await readAll(items)).size).toBe(1);
    });

    test("lock: one holder at a time, free again at the end of its session", async ({ skip }) => {
      if (!subject.second) return skip();
      await using second = await subject.second();
      await database.write(async (session) => {
        await session.lock();
        const refused = await second.write((other) => other.lock()).catch((error) => error);
        expect(refused).toMatchObject({ code: "HDL207", exitCode: 4 });
        const holder = await second.holder();
        if (!holder) return;
        expect(holder).toMatchObject({ alive: true, who: expect.stringContaining(`process`) });
        expect(refused.message).toContain(`${holder.who}, since ${holder.since}`);
        expect(Date.now() - Date.parse(holder.since!)).toBeLessThan(60_000);
      });
      expect(await second.holder()).toBeUndefined();
      await second.write((other) => other.lock());
    });

    test("hold: one holder over several sessions, free again afterwards", async ({ skip }) => {
      if (!subject.second || !database.hold) return skip();
      await using second = await subject.second();
      await database.hold(async () => {
        for (const id of [1, 2]) {
          await database.write(async (session) => {
            await session.lock();
            await session.write(items, create(items, [item(id)]));
          });
          await expect(second.write((other) => other.lock())).rejects.toMatchObject({ code: "HDL207" });
        }
      });
      expect((await readAll(items)).size).toBe(2);
      await second.write((other) => other.lock());
    });

    test("G49: who lost the lock can commit nothing more", async ({ skip }) => {
      if (!subject.second || !database.hold) return skip();
      await using second = await subject.second();
      const late = database.hold(async () => {
        await second.unlock!((await second.holder())!);
        await database.write(async (session) => {
          await session.lock();
          await session.write(items, create(items, [item(1)]));
        });
      });
      await expect(late).rejects.toMatchObject({ code: "HDL207", message: expect.stringContaining("was lost") });
      const overtaken = database.hold(() =>
        database.write(async (session) => {
          await session.lock();
          await session.write(items, create(items, [item(1)]));
          await second.unlock!((await second.holder())!);
        }),
      );
      if (!database.capabilities.transactions) return void (await overtaken.catch(() => {}));
      await expect(overtaken).rejects.toBeInstanceOf(HeddleError);
      expect((await readAll(items)).size).toBe(0);
      await second.write((other) => other.lock());
    });

    test("normalize: canonical entries come back as they are, in order", async () => {
      const all = [item(1), item(2, { note: "x", doc: { b: 1, cc: [] } })];
      const normal = await database.read((session) => session.normalize(items, all));
      expect(normal.map(renderFields)).toEqual(all.map(renderFields));
      const partial = new Map<string, Json>([["note", "y"]]);
      expect(await database.read((session) => session.normalize(items, [partial]))).toEqual([partial]);
    });

    test("A3, D26: hostile names of datasets and fields are plain data", async () => {
      const names = hostile.fields?.map((field) => field.name) ?? [subject.key, "__proto__", "constructor", "a\"b'c"];
      const row = (id: number, value: string): Fields =>
        new Map<string, Json>(names.map((name) => [name, name === subject.key ? id : `${value} of ${name}`]));
      await write(hostile, create(hostile, [row(1, "first"), row(2, "first")]));
      expect(await readAll(hostile)).toEqual(expected(hostile, [row(1, "first"), row(2, "first")]));
      const changes = new Map([...row(1, "second")].filter(([name]) => name !== subject.key));
      await write(hostile, { kind: "update", entries: [{ key: "[1]", set: changes }] });
      await write(hostile, { kind: "delete", keys: ["[2]"] });
      expect(await database.read((s) => find(s, hostile, ["[1]", "[2]"]))).toEqual(
        expected(hostile, [row(1, "second")]),
      );
      expect(await database.read((s) => s.normalize(hostile, [row(1, "x")]))).toEqual([row(1, "x")]);
      expect(await database.read((s) => s.estimate(hostile))).toBeLessThan(100);
    });

    test("reading a dataset that is not there is HDL202", async () => {
      const missing = { ...items, name: "no_such_dataset" };
      const read = readAll(missing);
      if ((await codecFor(database.engine)).rows) await expect(read).rejects.toMatchObject({ code: "HDL202" });
      else expect(await read).toEqual(new Map());
    });
  });
}

function set(key: Key, values: Record<string, Json>): Update {
  return { key, set: new Map(Object.entries(values)) };
}

/** All that a user could be shown of an error, with `--debug` too. */
export function everythingSaid(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { problems, hint } = error as Partial<HeddleError>;
  const own = JSON.stringify({ ...error, problems, hint });
  const said = `${error.message} ${error.stack} ${own}`.replaceAll("\\", "");
  return error.cause ? `${said} ${everythingSaid(error.cause)}` : said;
}

function recordOf(plan: string): AppliedRecord {
  return {
    version: 1,
    database: "0123456789abcdef",
    identity: "abc",
    environment: "staging",
    revision: "a".repeat(40),
    trees: { catalog: "b".repeat(40), __proto__: "c" } as Record<string, string>,
    overlay: { digest: "d", rules: [{ b: 1, a: [1.5, "é"] }] },
    who: "me@here",
    at: "2026-11-01T12:00:00.000Z",
    counts: { created: 1, updated: 2, deleted: 3 },
    plan,
    kind: "apply",
    exceptions: [
      { kind: "altered", dataset: "items", name: "1.json", fields: [{ field: "$x", wanted: null, stored: "é" }] },
    ],
  };
}
