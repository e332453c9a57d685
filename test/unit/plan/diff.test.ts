import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Dataset } from "../../../src/model/dataset.js";
import { DigestMap } from "../../../src/model/digest-map.js";
import { digestOf, type Entry, type Key } from "../../../src/model/entry.js";
import { type Fields, type Json, renderFields } from "../../../src/model/json.js";
import type { Found, Snapshot } from "../../../src/model/snapshot.js";
import { diffDataset } from "../../../src/plan/diff.js";
import type { DatasetPlan, Rules } from "../../../src/plan/plan.js";
import type { Side } from "../../../src/plan/side.js";

const dataset: Dataset = {
  engine: "memory",
  name: "tags",
  key: ["id"],
  selection: "",
  oneWay: false,
  layout: { kind: "files", fanout: 0 },
};
const rules: Rules = { prune: "owned", onDrift: "overwrite", onConflict: "fail", ignore: [], local: [] };
const nameOf = (key: Key) => `${(JSON.parse(key) as string[])[0]}.json`;

type Rows = Record<string, Json>;
const fieldsOf = (id: string, value: Json): Fields =>
  new Map<string, Json>([
    ["id", id],
    ["value", value],
  ]);
const textOf = (id: string, value: Json) => renderFields(fieldsOf(id, value));

/** A revision, with a count of the manifests that were read. */
function sideOf(
  rows: Rows | undefined,
  shape: (value: Json) => Json = (v) => v,
): (Side & { reads: number }) | undefined {
  if (rows === undefined) return undefined;
  const side = {
    dataset,
    files: new Map(Object.entries(rows).map(([id, value]) => [`${id}.json`, digestOf(textOf(id, value))])),
    shaped: shape(1) !== 1,
    reads: 0,
    nameOf,
    async *read(files: readonly (readonly [string, string])[]) {
      side.reads += files.length;
      yield files.flatMap(([name]) => {
        const id = name.slice(0, -".json".length);
        if (shape(rows[id]!) === null) return [];
        return { name, key: JSON.stringify([id]), fields: fieldsOf(id, shape(rows[id]!)) };
      });
    },
  };
  return side;
}

/** A table whose key compares case-insensitively, as citext does. */
function liveOf(rows: Rows): Snapshot {
  const entries: Entry[] = Object.entries(rows).map(([id, value]) => ({
    key: JSON.stringify([id]),
    text: textOf(id, value),
  }));
  return {
    async *entries() {
      yield entries;
    },
    async *lookup(_dataset, keys) {
      yield keys.flatMap((requested): Found[] =>
        entries
          .filter(({ key }) => key.toLowerCase() === requested.toLowerCase())
          .map((entry) => ({ requested, entry })),
      );
    },
  };
}

interface World {
  base?: Rows;
  git?: Rows;
  live: Rows;
  scan?: boolean;
  rules?: Partial<Rules>;
  shape?: (value: Json) => Json;
  /** One listing serves both sides, as where git has not changed. */
  listedOnce?: boolean;
}

async function diff(world: World): Promise<DatasetPlan & { reads: number }> {
  const git = sideOf(world.git, world.shape);
  const base = sideOf(world.base, world.shape);
  if (world.listedOnce) {
    const files = new DigestMap([...git!.files].map(([name, digest]) => [`ab/${name}`, digest]));
    git!.files = files.byName();
    base!.files = files.byName();
  }
  const plan = await diffDataset({
    weave: "w",
    git,
    base,
    live: liveOf(world.live),
    scan: world.scan ?? true,
    rules: { ...rules, ...world.rules },
    parse: (text) => new Map(Object.entries(JSON.parse(text) as Record<string, Json>)),
    normalize: async (_, fields) => fields,
  });
  return { ...plan, reads: (git?.reads ?? 0) + (base?.reads ?? 0) };
}

const shown = ({ changes }: DatasetPlan) =>
  changes.map(({ kind, name, liveKey }) => `${kind} ${name}${liveKey ? ` was ${liveKey}` : ""}`);

describe.each([{ scan: true }, { scan: false }])("diffDataset, scan $scan", ({ scan }) => {
  it("creates, updates, deletes, and leaves rows alone that Heddle never owned", async () => {
    const plan = await diff({
      scan,
      base: { a: 1, b: 1, c: 1 },
      git: { a: 1, b: 2, d: 1 },
      live: { a: 1, b: 1, c: 1, theirs: 1 },
    });
    expect(shown(plan)).toEqual(["update b.json", "delete c.json", "create d.json"]);
    expect(plan).toMatchObject({ owned: 3, wanted: 3, adopted: 0 });
  });

  it("promise 7: nothing to do where all is equal", async () => {
    const rows = { a: 1, b: 2 };
    const plan = await diff({ scan, base: rows, git: rows, live: rows });
    expect(shown(plan)).toEqual([]);
    if (scan) expect(plan.reads).toBe(0);
  });

  it("C23: mirror finds a row again whose key the database spells otherwise", async () => {
    const plan = await diff({
      scan,
      base: { a: 1, b: 1 },
      git: { a: 2, b: 1 },
      live: { A: 1, b: 1, theirs: 1 },
      rules: { prune: "mirror" },
    });
    expect(shown(plan)).toEqual(['update a.json was ["A"]', "delete theirs.json"]);
  });

  it("C23: a key that both sides spell anew keeps its base", async () => {
    for (const [git, live] of [
      ["ABC", "ABC"],
      ["Abc", "ABC"],
    ] as const) {
      const plan = await diff({
        scan,
        base: { abc: 1 },
        git: { [git]: 2 },
        live: { [live]: 1 },
        rules: { onConflict: "git" },
      });
      expect(plan.changes, git).toMatchObject([{ kind: "update", name: `${git}.json`, baseName: "abc.json" }]);
      expect(plan.changes[0]!.fields, git).toContainEqual({ path: "/value", label: "git" });
    }
  });

  it("adopts silently what is already there", async () => {
    expect(await diff({ scan, git: { a: 1 }, live: { a: 1 } })).toMatchObject({ changes: [], adopted: 1 });
  });

  it("C23: a key that the database holds equal is a rename, never a delete and a create", async () => {
    const plan = await diff({ scan, base: { a: 1 }, git: { A: 1 }, live: { a: 1 } });
    expect(shown(plan)).toEqual(['update A.json was ["a"]']);
    expect(plan.changes[0]).toMatchObject({ label: "git", fields: [{ path: "/id", label: "git" }] });
  });

  it("C23: a row that was already renamed is not deleted under its old spelling", async () => {
    expect(shown(await diff({ scan, base: { a: 1 }, git: { A: 1 }, live: { A: 1 } }))).toEqual([]);
  });

  it("C23: two files that are one entry to the database are an error naming both", async () => {
    await expect(diff({ scan, git: { a: 1, A: 2 }, live: { a: 1 } })).rejects.toThrow(
      /a\.json and A\.json|A\.json and a\.json/,
    );
  });

  it("an overlay shapes what is compared, on both sides", async () => {
    const shape = (value: Json) => (value as number) * 100;
    expect(shown(await diff({ scan, base: { a: 1 }, git: { a: 1 }, live: { a: 100 }, shape }))).toEqual([]);
    expect(shown(await diff({ scan, base: { a: 1 }, git: { a: 2 }, live: { a: 100 }, shape }))).toEqual([
      "update a.json",
    ]);
  });

  it("entries that the overlay drops are neither owned nor wanted", async () => {
    const rows = { a: 1, b: 2, c: 2, d: 3 };
    const shape = (value: Json) => (value === 2 ? null : value === 1 ? 10 : value);
    const plan = await diff({ scan, base: rows, git: { b: 2, c: 2 }, live: { a: 10, b: 5, d: 3 }, shape });
    expect(shown(plan)).toEqual(["delete a.json", "delete d.json"]);
    expect(plan).toMatchObject({ owned: 2, wanted: 0 });
  });

  it("refuses ignore and local members inside a value that is no plain document", async () => {
    const wrapped = { $json: '{ "2": 1 }' };
    const cases: [string, Json][] = [
      ["/value/2", wrapped],
      ["/value/0", [1]],
    ];
    for (const [path, value] of cases) {
      const rules = { local: [path] };
      await expect(diff({ scan, git: { a: value }, live: {}, rules })).rejects.toMatchObject({
        code: "HDL204",
        problems: [{ dataset: "tags", key: "a", path }],
      });
    }
    const plain = await diff({ scan, git: { a: [1] }, live: {}, rules: { local: ["/value/x"] } });
    expect(shown(plain)).toEqual(["create a.json"]);
  });

  it("prune none keeps what git no longer has, and says so", async () => {
    const plan = await diff({ scan, base: { a: 1 }, git: {}, live: { a: 1 }, rules: { prune: "none" } });
    expect(plan).toMatchObject({ changes: [], kept: [{ name: "a.json", why: "released" }] });
  });

  it("the fence of a create is absence, of an update what was seen", async () => {
    const plan = await diff({ scan, base: { a: 1 }, git: { a: 2, b: 1 }, live: { a: 1 } });
    expect(plan.changes.map(({ live }) => live)).toEqual([digestOf(textOf("a", 1)), undefined]);
  });
});

it("a listing that serves both sides makes the plan that two equal ones make", async () => {
  const rows = fc.dictionary(fc.constantFrom("a", "A", "b", "B", "c", "d"), fc.nat(2));
  const world = fc.record({
    git: rows.filter(
      (rows) => new Set(Object.keys(rows).map((id) => id.toLowerCase())).size === Object.keys(rows).length,
    ),
    live: rows.filter(
      (rows) => new Set(Object.keys(rows).map((id) => id.toLowerCase())).size === Object.keys(rows).length,
    ),
    shape: fc.constantFrom<World["shape"][]>(undefined, (value) => (value === 2 ? null : `${value}`)),
    rules: fc.record({
      prune: fc.constantFrom("owned", "mirror", "none"),
      onDrift: fc.constantFrom("overwrite", "keep", "fail"),
    }),
    scan: fc.boolean(),
  });
  const run = async ({ shape, ...given }: { git: Rows; live: Rows } & Partial<World>) => {
    const both = { ...given, base: given.git, ...(shape && { shape }) };
    expect(await diff({ ...both, listedOnce: true })).toEqual(await diff(both));
  };
  await fc.assert(fc.asyncProperty(world as fc.Arbitrary<World & { git: Rows }>, run), { numRuns: 500 });
});

it("mirror deletes rows that git does not have", async () => {
  const plan = await diff({ git: { a: 1 }, live: { a: 1, theirs: 1 }, rules: { prune: "mirror" } });
  expect(shown(plan)).toEqual(["delete theirs.json"]);
});

/** A session that, like a server's connection, does one thing at a time. */
function oneAtATime(rows: Rows): { live: Snapshot; busy: () => boolean } {
  const inner = liveOf(rows);
  let reading = false;
  const live: Snapshot = {
    async *entries(from) {
      reading = true;
      for await (const batch of inner.entries(from)) for (const entry of batch) yield [entry];
      reading = false;
    },
    async *lookup(from, keys) {
      if (reading) throw new Error("the session is reading");
      yield* inner.lookup(from, keys);
    },
  };
  return { live, busy: () => reading };
}

it.each([
  ["many small entries", 1200, "x"],
  ["entries that are too large to keep, which are read again", 40, "x".repeat(1024 * 1024)],
])("asks nothing of the session while it reads the table: %s", async (_, count, text) => {
  const before = Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, text]));
  const after = Object.fromEntries(Object.keys(before).map((key) => [key, "y"]));
  const { live, busy } = oneAtATime(before);
  const plan = await diffDataset({
    weave: "w",
    git: sideOf(after),
    base: sideOf(before),
    live,
    scan: true,
    rules,
    parse: (entry) => new Map(Object.entries(JSON.parse(entry) as Record<string, Json>)),
    normalize: async (_, fields) => {
      expect(busy()).toBe(false);
      return fields;
    },
  });
  expect(plan.changes).toHaveLength(count);
  expect(plan.changes.every(({ kind, live }) => kind === "update" && live !== undefined)).toBe(true);
});
