import { MongoClient } from "mongodb";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import type { Database, Update, WriteSession } from "../../../../src/database/database.js";
import { openMongodb } from "../../../../src/database/mongodb/mongodb.js";
import type { Dataset } from "../../../../src/model/dataset.js";
import type { Entry, Key } from "../../../../src/model/entry.js";
import { digestOf } from "../../../../src/model/entry.js";
import type { Fields, Json } from "../../../../src/model/json.js";
import { parseManifest } from "../../../../src/model/parse.js";
import * as b from "./bytes.js";
import { databaseUrl } from "./server.js";

const oid = "65f0c0ffee65f0c0ffee65f0";
const canary = "canary-7c1f";
/** This one makes Python values of what it stores: symbols become strings, options of expressions are sorted. */
const altersValues = inject("mongodbServer")?.startsWith("secantusd-py");
/** This one keeps a unique value that an update in a transaction gave up. */
const keepsUniqueValues = inject("mongodbServer")?.startsWith("secantusd-rs");

describe.skipIf(inject("mongodbUrl") === undefined)("MongoDB on a server", () => {
  let url: string;
  let client: MongoClient;
  let database: Database;

  beforeAll(() => {
    url = databaseUrl();
    client = new MongoClient(url);
    database = openMongodb(url);
  });
  afterAll(async () => {
    await database?.[Symbol.asyncDispose]();
    await client?.db().dropDatabase();
    await client?.close();
  });

  const named = (name: string, more: Partial<Dataset> = {}): Dataset => ({
    engine: "mongodb",
    name,
    key: ["_id"],
    selection: "",
    oneWay: false,
    layout: { kind: "files", fanout: 0 },
    ...more,
  });
  const write = <T>(work: (session: WriteSession) => Promise<T>) => database.write(work);
  const create = (dataset: Dataset, ...entries: [Key, [string, Json][]][]) =>
    write((session) =>
      session.write(dataset, {
        kind: "create",
        entries: entries.map(([key, fields]) => ({ key, fields: new Map(fields) })),
      }),
    );
  const update = (dataset: Dataset, ...entries: (Omit<Update, "set"> & { set: [string, Json | undefined][] })[]) =>
    write((session) =>
      session.write(dataset, {
        kind: "update",
        entries: entries.map((entry) => ({ ...entry, set: new Map(entry.set) })),
      }),
    );
  const entries = (dataset: Dataset, where?: string): Promise<Map<Key, Fields>> =>
    database.read(async (session) => {
      const all: Entry[] = [];
      for await (const batch of session.entries(dataset, where)) all.push(...batch);
      return new Map(all.map(({ key, text }) => [key, parseManifest(text).fields]));
    });
  const lookup = (dataset: Dataset, ...keys: Key[]): Promise<[Key, Key][]> =>
    database.read(async (session) => {
      const found: [Key, Key][] = [];
      for await (const batch of session.lookup(dataset, keys))
        for (const { requested, entry } of batch) found.push([requested, entry.key]);
      return found.sort();
    });
  /** What the server holds, as the driver's raw bytes in hex, in no order. */
  const stored = async (name: string): Promise<string[]> => {
    const raw = (await client.db().collection(name).find({}, { raw: true }).toArray()) as unknown as Buffer[];
    return raw.map((bytes) => Buffer.from(bytes).toString("hex")).sort();
  };
  const hex = (...documents: Buffer[]) => documents.map((bytes) => bytes.toString("hex")).sort();

  describe("bytes", () => {
    test("A1, A3, A4, A6 to A8: what is created is stored as it is", async () => {
      const things = named("bytes");
      const document = b.documentBytes(
        b.int32("_id", 1),
        b.int32("b", 1),
        b.int32("1", 2),
        b.int32("0", 3),
        b.document("nested", b.int32("b", 1), b.int32("1", 2), b.document("$x", b.string("$oid", "no"))),
        b.int32("$first", 1),
        b.int32("a.b", 1),
        b.int32("__proto__", 1),
        b.int32("toJSON", 1),
        b.string("_bsontype", "Long"),
        b.double("one", 1),
        b.double("minus zero", -0),
        b.int64("long", 1n),
        b.int64("max", 2n ** 63n - 1n),
        b.decimal128("decimal", 0x303c000000000000n, 100n),
        b.date("date", -1n),
        b.regularExpression("regex", "(?<=(", "imx"),
        b.binary("old", 2, Buffer.from([1, 0, 0, 0, 7])),
        b.binary("user", 0x80, Buffer.from([1])),
        b.codeWithScope("code", "f()", b.int32("x", 1)),
        ...(altersValues
          ? []
          : [
              b.symbol("symbol", "s"),
              b.regularExpression("options", "x", "xmi"),
              b.dbPointer("pointer", "a.b", oid),
              b.nothing("undefined", 0x06),
              b.date("far", 2n ** 63n - 1n),
            ]),
        b.nothing("min", 0xff),
        b.nothing("max key", 0x7f),
        b.timestamp("stamp", 5, 6),
        b.array("array", b.nil(""), b.array("", b.objectId("", oid))),
      );
      const { entryReader } = await import("../../../../src/database/mongodb/decode.js");
      const entry = entryReader(things)(document);
      await create(things, [entry.key, [...parseManifest(entry.text).fields]]);
      expect(await stored("bytes")).toEqual(hex(document));
      const read = await database.read(async (session) => {
        for await (const [found] of session.entries(things)) return found;
        return undefined;
      });
      expect(digestOf(read!.text)).toBe(digestOf(entry.text));
    });

    test("A8: an empty timestamp stays empty, created or set", async () => {
      const empty: Json = { $timestamp: { t: 0, i: 0 } };
      const things = named("stamps");
      await create(
        things,
        [
          "[1]",
          [
            ["_id", 1],
            ["t", empty],
          ],
        ],
        ["[2]", [["_id", 2]]],
      );
      await update(things, { key: "[2]", set: [["t", empty]] });
      expect(await stored("stamps")).toEqual(
        hex(
          b.documentBytes(b.int32("_id", 1), b.timestamp("t", 0, 0)),
          b.documentBytes(b.int32("_id", 2), b.timestamp("t", 0, 0)),
        ),
      );
    });

    test("A10: a document of 15 MB is read", async () => {
      const huge = client.db().collection<{ _id: number; text: string }>("huge");
      await huge.insertOne({ _id: 1, text: "x".repeat(15_000_000) });
      expect((await entries(named("huge"))).get("[1]")?.get("text")).toHaveLength(15_000_000);
      await huge.drop();
    });

    test("A10: more than one message holds is written", async () => {
      const things = named("large");
      const sizes = [3_500_000, 3_500_000, 3_500_000];
      await create(
        things,
        ...sizes.map((size, id): [Key, [string, Json][]] => [
          `[${id}]`,
          [
            ["_id", id],
            ["text", "x".repeat(size)],
          ],
        ]),
      );
      expect([...(await entries(things)).values()].map((fields) => (fields.get("text") as string).length)).toEqual(
        sizes,
      );
      await client.db().dropCollection("large");
    });
  });

  describe("updates", () => {
    const v = (id: number, ...fields: b.Element[]) => b.documentBytes(b.int32("_id", id), ...fields);

    test.each<[string, [string, Json | undefined][], string[] | undefined, Buffer]>([
      ["in place", [["b", 9]], undefined, v(1, b.int32("a", 1), b.int32("b", 9), b.int32("c", 3))],
      ["nothing", [], undefined, v(1, b.int32("a", 1), b.int32("b", 2), b.int32("c", 3))],
      ["removed", [["b", undefined]], undefined, v(1, b.int32("a", 1), b.int32("c", 3))],
      [
        "of another type",
        [["b", { $numberDouble: "2.0" }]],
        undefined,
        v(1, b.int32("a", 1), b.double("b", 2), b.int32("c", 3)),
      ],
      ["one new", [["z", 1]], undefined, v(1, b.int32("a", 1), b.int32("b", 2), b.int32("c", 3), b.int32("z", 1))],
      [
        "new ones in their order",
        [
          ["z", 1],
          ["d", 1],
          ["10", 1],
          ["9", 1],
        ],
        undefined,
        v(
          1,
          b.int32("a", 1),
          b.int32("b", 2),
          b.int32("c", 3),
          b.int32("z", 1),
          b.int32("d", 1),
          b.int32("10", 1),
          b.int32("9", 1),
        ),
      ],
      [
        "A4: names with . and $, and empty",
        [
          ["a.b", 1],
          ["$c", 2],
          ["", 3],
          ["$", 4],
          [".", 5],
        ],
        undefined,
        v(
          1,
          b.int32("a", 1),
          b.int32("b", 2),
          b.int32("c", 3),
          b.int32("a.b", 1),
          b.int32("$c", 2),
          b.int32("", 3),
          b.int32("$", 4),
          b.int32(".", 5),
        ),
      ],
      ["A1: another order", [], ["_id", "c", "b", "a"], v(1, b.int32("c", 3), b.int32("b", 2), b.int32("a", 1))],
      [
        "another order around an unselected field",
        [["d", 4]],
        ["_id", "d", "c", "a"],
        v(1, b.int32("d", 4), b.int32("b", 2), b.int32("c", 3), b.int32("a", 1)),
      ],
      [
        "A4: a sub-document with hostile names",
        [
          [
            "b",
            {
              $document: [
                ["$set", 1],
                ["a.b", 2],
                ["1", 3],
              ],
            },
          ],
        ],
        undefined,
        v(1, b.int32("a", 1), b.document("b", b.int32("$set", 1), b.int32("a.b", 2), b.int32("1", 3)), b.int32("c", 3)),
      ],
    ])("%s", async (name, set, order, expected) => {
      const things = named(`update ${name}`.replaceAll("$", "S"));
      await create(things, [
        "[1]",
        [
          ["_id", 1],
          ["a", 1],
          ["b", 2],
          ["c", 3],
        ],
      ]);
      await update(things, { key: "[1]", set, ...(order && { order }) });
      expect(await stored(things.name)).toEqual(hex(expected));
    });

    test("A4: names that only a rewriting can remove", async () => {
      const things = named("remove");
      await create(things, [
        "[1]",
        [
          ["_id", 1],
          ["$a", 1],
          ["b.c", 1],
          ["d", 1],
        ],
      ]);
      await update(things, {
        key: "[1]",
        set: [
          ["$a", undefined],
          ["b.c", undefined],
        ],
      });
      expect(await stored("remove")).toEqual(hex(v(1, b.int32("d", 1))));
    });

    test("an unselected field that no file could carry is left as it is", async () => {
      const things = named("unselected", { pick: ["_id", "a"] });
      await create(named("unselected"), [
        "[1]",
        [
          ["_id", 1],
          ["secret", "s"],
          ["a", 1],
        ],
      ]);
      await update(things, {
        key: "[1]",
        set: [
          ["$x", 1],
          ["a", 2],
        ],
      });
      expect(await stored("unselected")).toEqual(hex(v(1, b.string("secret", "s"), b.int32("a", 2), b.int32("$x", 1))));
      expect([...(await entries(things)).values()].map((fields) => [...fields.keys()])).toEqual([["_id", "a"]]);
    });

    test("A11: a changed type of _id is a delete and an insert, fields outside the selection included", async () => {
      const things = named("retyped");
      await create(things, [
        "[1]",
        [
          ["_id", 1],
          ["a", 1],
        ],
      ]);
      await update(things, { key: "[1]", set: [["_id", { $numberDouble: "1.0" }]] });
      expect(await stored("retyped")).toEqual(hex(b.documentBytes(b.double("_id", 1), b.int32("a", 1))));
    });

    test("of an entry that is gone: HDL602 names it, nothing is written", async () => {
      const things = named("gone");
      await create(things, [
        "[1]",
        [
          ["_id", 1],
          ["a", 1],
        ],
      ]);
      for (const set of [[["a", 2]], [["$a", 2]]] as [string, Json][][]) {
        const gone = update(things, { key: "[1]", set: [["b", 1]] }, { key: "[2]", set });
        await expect(gone).rejects.toMatchObject({ code: "HDL602", problems: [{ key: "[2]", dataset: "gone" }] });
      }
      expect(await stored("gone")).toEqual(hex(v(1, b.int32("a", 1))));
    });

    test("by a declared key", async () => {
      const things = named("declared", { key: ["a", "b"] });
      await create(
        things,
        [
          '["x",1]',
          [
            ["_id", 7],
            ["a", "x"],
            ["b", 1],
            ["n", 1],
          ],
        ],
        [
          '["x",2]',
          [
            ["_id", 8],
            ["a", "x"],
            ["b", 2],
          ],
        ],
      );
      await update(things, { key: '["x",1]', set: [["n", 2]] }, { key: '["x",2]', set: [["$n", 2]] });
      expect(await lookup(things, '["x",1]', '["x",{"$numberLong":"2"}]', '["y",1]')).toEqual([
        ['["x",1]', '["x",1]'],
        ['["x",{"$numberLong":"2"}]', '["x",2]'],
      ]);
      await write((session) => session.write(things, { kind: "delete", keys: ['["x",1]'] }));
      expect([...(await entries(things)).keys()]).toEqual(['["x",2]']);
    });

    test("by a key whose name is no path", async () => {
      const things = named("dotted", { key: ["a.b"] });
      await create(
        things,
        [
          '["x"]',
          [
            ["_id", 7],
            ["a.b", "x"],
          ],
        ],
        [
          '["y"]',
          [
            ["_id", 8],
            ["a.b", "y"],
          ],
        ],
      );
      await update(things, { key: '["x"]', set: [["n", 2]] });
      await write((session) => session.write(things, { kind: "delete", keys: ['["y"]'] }));
      expect(await stored("dotted")).toEqual(
        hex(b.documentBytes(b.int32("_id", 7), b.string("a.b", "x"), b.int32("n", 2))),
      );
    });
  });

  describe("keys", () => {
    const ids: [Key, Json][] = [
      ["[1]", 1],
      ["[1.5]", 1.5],
      ["[null]", null],
      [`["${oid}"]`, oid],
      [`[{"$oid":"${oid}"}]`, { $oid: oid }],
      ['[{"$numberDouble":"NaN"}]', { $numberDouble: "NaN" }],
      ['[{"b":1,"a":2}]', { b: 1, a: 2 }],
      ['[{"a":2,"b":1}]', { a: 2, b: 1 }],
      [
        '[{"$document":[["b",1],["1",2]]}]',
        {
          $document: [
            ["b", 1],
            ["1", 2],
          ],
        },
      ],
      ['[{"$numberDecimal":"7.50"}]', { $numberDecimal: "7.50" }],
      ['[{"$date":{"$numberLong":"5"}}]', { $date: { $numberLong: "5" } }],
      ["[true]", true],
      ['[{"$binary":{"base64":"AQ==","subType":"04"}}]', { $binary: { base64: "AQ==", subType: "04" } }],
      ['[{"$minKey":1}]', { $minKey: 1 }],
      ['[{"$numberLong":"9007199254740993"}]', { $numberLong: "9007199254740993" }],
    ];

    test("A11: _id of every type is found under its own key and deleted by it", async () => {
      const things = named("ids");
      await create(things, ...ids.map(([key, id]): [Key, [string, Json][]] => [key, [["_id", id]]]));
      const keys = ids.map(([key]) => key);
      expect([...(await entries(things)).keys()].sort()).toEqual([...keys].sort());
      expect(await lookup(things, ...keys)).toEqual(keys.map((key) => [key, key]).sort());
      await write((session) => session.write(things, { kind: "delete", keys: keys.slice(3) }));
      expect([...(await entries(things)).keys()].sort()).toEqual(["[1.5]", "[1]", "[null]"]);
    });

    test("A11: 1, long 1, 1.0 and decimal 1.00 are one document, requested says which it was asked as", async () => {
      const things = named("numbers");
      await create(things, ["[1]", [["_id", 1]]], ['[{"n":2}]', [["_id", { n: 2 }]]]);
      const asked = [
        '[{"$numberLong":"1"}]',
        '[{"$numberDouble":"1.0"}]',
        '[{"$numberDecimal":"1.00"}]',
        "[1]",
        '["1"]',
        "[1.5]",
      ];
      expect(await lookup(things, ...asked)).toEqual(
        asked
          .slice(0, 4)
          .map((key) => [key, "[1]"])
          .sort(),
      );
      expect(await lookup(things, '[{"n":{"$numberLong":"2"}}]')).toEqual([
        ['[{"n":{"$numberLong":"2"}}]', '[{"n":2}]'],
      ]);
    });

    test.skipIf(altersValues)("keys that the driver could not send are found as well", async () => {
      const things = named("exotic");
      const odd: [Key, Json][] = [
        ['[{"$date":{"$numberLong":"8640000000000001"}}]', { $date: { $numberLong: "8640000000000001" } }],
        [
          '[{"a":{"$regularExpression":{"pattern":"x","options":"mi"}}}]',
          { a: { $regularExpression: { pattern: "x", options: "mi" } } },
        ],
        ['["other"]', "other"],
      ];
      await create(things, ...odd.map(([key, id]): [Key, [string, Json][]] => [key, [["_id", id]]]));
      expect(await lookup(things, odd[1]![0])).toEqual([[odd[1]![0], odd[1]![0]]]);
      expect(await lookup(things, odd[0]![0], '["nope"]')).toEqual([[odd[0]![0], odd[0]![0]]]);
    });
  });

  describe("B12: kinds of collections", () => {
    test("views are refused, system collections and Heddle's own left out, capped ones never pruned", async () => {
      const db = client.db();
      await db.createCollection("plain");
      await db.createCollection("tail", { capped: true, size: 100_000 });
      await db.createCollection("seen", { viewOn: "plain", pipeline: [] });
      await db.createCollection("heddle_mine");
      const tables = new Map((await database.read((session) => session.tables())).map((table) => [table.name, table]));
      expect(tables.get("plain")).toEqual({ name: "plain", key: ["_id"], uniques: [], references: [] });
      expect(tables.get("seen")?.refused).toBe("a view");
      expect(tables.get("tail")?.neverPruned).toBe("a capped collection");
      expect([...tables.keys()].filter((name) => /^(system|heddle)/.test(name))).toEqual([]);
      await db.collection<{ _id: number }>("tail").insertOne({ _id: 1 });
      expect([...(await entries(named("tail"))).keys()]).toEqual(["[1]"]);
      const prune = write((session) => session.write(named("tail"), { kind: "delete", keys: ["[1]"] }));
      await expect(prune).rejects.toMatchObject({ code: "HDL203" });
      expect((await entries(named("tail"))).size).toBe(1);
    });

    test("unique indexes that cover every document are keys", async () => {
      const indexed = client.db().collection("indexed");
      await indexed.createIndex({ a: 1, b: -1 }, { unique: true });
      await indexed.createIndex({ c: 1 }, { unique: true, sparse: true });
      await indexed.createIndex({ d: 1 }, { unique: true, partialFilterExpression: { d: { $gt: 1 } } });
      await indexed.createIndex({ "e.f": 1 }, { unique: true });
      await indexed.createIndex({ g: 1 });
      const tables = await database.read((session) => session.tables());
      expect(tables.find(({ name }) => name === "indexed")?.uniques).toEqual([["a", "b"]]);
    });
  });

  describe("B13: unique values", () => {
    test("two documents exchange them, a third takes over one that is given up", async () => {
      const things = named("swap");
      await client.db().collection("swap").createIndex({ code: 1 }, { unique: true });
      const coded = (id: number, code: string): [Key, [string, Json][]] => [
        `[${id}]`,
        [
          ["_id", id],
          ["code", code],
          ["keep", id],
        ],
      ];
      await create(things, coded(1, "a"), coded(2, "b"), coded(3, "c"), coded(4, "d"));
      const moves: [number, string][] = [
        [1, "b"],
        [2, "a"],
      ];
      if (!keepsUniqueValues) moves.push([3, "d"], [4, "e"]);
      await update(
        things,
        ...moves.map(([id, code]) => ({ key: `[${id}]`, set: [["code", code]] as [string, Json][] })),
      );
      const now = [...(await entries(things)).values()].map((fields) => [
        fields.get("_id"),
        fields.get("code"),
        fields.get("keep"),
      ]);
      const wanted = new Map<number, string>([[1, "a"], [2, "b"], [3, "c"], [4, "d"], ...moves]);
      expect(now.sort()).toEqual([...wanted].map(([id, code]) => [id, code, id]));
    });

    test("deleted and created again in one transaction", async () => {
      const things = named("again");
      await client.db().collection("again").createIndex({ code: 1 }, { unique: true });
      await create(things, [
        "[1]",
        [
          ["_id", 1],
          ["code", "a"],
        ],
      ]);
      await write(async (session) => {
        await session.write(things, { kind: "delete", keys: ["[1]"] });
        await session.write(things, {
          kind: "create",
          entries: [
            {
              key: "[2]",
              fields: new Map<string, Json>([
                ["_id", 2],
                ["code", "a"],
              ]),
            },
          ],
        });
      });
      expect([...(await entries(things)).keys()]).toEqual(["[2]"]);
    });
  });

  describe("B15: what the server refuses", () => {
    const all = (error: unknown): string =>
      error instanceof Error
        ? `${error.message} ${error.stack} ${JSON.stringify(error)} ${all(error.cause)}`
        : String(error);

    test("a unique violation names entry, index and fields, never the value", async () => {
      const things = named("taken");
      await client.db().collection("taken").createIndex({ code: 1 }, { unique: true });
      await create(things, [
        "[1]",
        [
          ["_id", 1],
          ["code", canary],
        ],
      ]);
      const error = await create(
        things,
        ["[2]", [["_id", 2]]],
        [
          "[3]",
          [
            ["_id", 3],
            ["code", canary],
          ],
        ],
      ).catch((error) => error);
      expect(error).toMatchObject({ code: "HDL205", problems: [{ dataset: "taken", key: "[3]" }] });
      expect(error.problems[0].message).toContain("code_1");
      expect(all(error)).not.toContain(canary);
      expect((await entries(things)).size).toBe(1);
    });

    test("a value that an expression fails on", async () => {
      const things = named("convert");
      await create(things, [
        "[1]",
        [
          ["_id", 1],
          ["n", canary],
        ],
      ]);
      const where = { $expr: { $gt: [{ $toInt: "$n" }, 1] } };
      const said = await client
        .db()
        .collection("convert")
        .find(where)
        .toArray()
        .catch((error) => error.message);
      const error = await entries(things, JSON.stringify(where)).catch((error) => error);
      expect(error).toMatchObject({ code: "HDL202" });
      expect(all(error)).not.toContain(canary);
      expect(said).toContain(canary);
    });

    test("a validator", async () => {
      const validator = { $jsonSchema: { properties: { n: { bsonType: "int" } } } };
      await client.db().createCollection("valid", { validator });
      const error = await create(named("valid"), [
        "[1]",
        [
          ["_id", 1],
          ["n", canary],
        ],
      ]).catch((error) => error);
      expect(error).toMatchObject({
        code: "HDL205",
        problems: [{ key: "[1]", message: expect.stringContaining("validator") }],
      });
      expect(all(error)).not.toContain(canary);
    });
  });

  test("what cannot be carried is HDL204: every one of a batch, by key and field", async () => {
    const bad = (id: number) => b.documentBytes(b.int32("_id", id), b.decimal128("d/e", 0xfc00000000000000n, 0n));
    const { runStatements } = await import("../../../../src/database/mongodb/statement.js");
    const { Connection } = await import("../../../../src/database/mongodb/connection.js");
    const { contextOf } = await import("../../../../src/database/mongodb/read.js");
    await using connection = new Connection(url, undefined);
    const documents = [bad(1), b.documentBytes(b.int32("_id", 2)), bad(3)];
    await runStatements(
      contextOf(connection, undefined),
      named("bad"),
      "insert",
      documents.map((bytes) => ({ key: "", bytes })),
    );
    if ((await stored("bad")).join() !== hex(...documents).join()) return; // This server normalises NaN itself.
    await expect(entries(named("bad"))).rejects.toMatchObject({
      code: "HDL204",
      problems: [
        { dataset: "bad", key: "[1]", path: "/d~1e" },
        { dataset: "bad", key: "[3]", path: "/d~1e" },
      ],
    });
    expect((await entries(named("bad", { omit: ["d/e"] }))).size).toBe(3);
  });

  test("a transaction: what fails is undone, work runs once", async () => {
    const things = named("undone");
    let runs = 0;
    const failing = write(async (session) => {
      runs++;
      await session.lock();
      await session.write(things, { kind: "create", entries: [{ key: "[1]", fields: new Map([["_id", 1]]) }] });
      throw new Error("stop");
    });
    await expect(failing).rejects.toThrow("stop");
    expect(runs).toBe(1);
    expect(await stored("undone")).toEqual([]);
    await write((session) => session.lock());
  });

  test("a write conflict is transient, and runs work once", async () => {
    const things = named("contended");
    await create(things, ["[1]", [["_id", 1]]]);
    const set = (session: WriteSession, n: number) =>
      session.write(things, { kind: "update", entries: [{ key: "[1]", set: new Map([["n", n]]) }] });
    await using other = openMongodb(url);
    let runs = 0;
    await write(async (session) => {
      await set(session, 1);
      const error = await other
        .write((second) => {
          runs++;
          return set(second, 2);
        })
        .catch((error) => error);
      expect(error).toMatchObject({ code: "HDL205" });
      expect(other.isTransient(error)).toBe(true);
      expect(runs).toBe(1);
      const held = await write((session) => session.lock()).catch((error) => error);
      expect(database.isTransient(held)).toBe(false);
    });
  });

  test("opening does not connect; errors name the database and hold no password", async () => {
    const secret = `mongodb://me:${canary}@127.0.0.1:1/shop?serverSelectionTimeoutMS=200`;
    await using nobody = openMongodb(secret);
    const error = await nobody.read(async () => {}).catch((error) => error);
    expect(error).toMatchObject({ code: "HDL200" });
    expect(error.message).toContain("ECONNREFUSED");
    await using labelled = openMongodb(secret, { label: "staging" });
    await expect(labelled.read(async () => {})).rejects.toThrow(/^staging: /);
    expect(nobody.isTransient(error)).toBe(false);
    for (const wrong of [
      `mongodb://me:${canary}@host`,
      `mongodb://me:${canary}@host/`,
      `mongodb://me:${canary}/@@/x`,
      `mongodb://h/x?${canary}=1`,
    ]) {
      try {
        openMongodb(wrong);
        expect.unreachable(wrong);
      } catch (error) {
        expect(error).toMatchObject({ code: "HDL200" });
        expect(JSON.stringify(error) + (error as Error).stack).not.toContain(canary);
      }
    }
  });
});
