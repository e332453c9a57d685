import { mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, onTestFinished, test } from "vitest";
import type { Dataset } from "../../../src/model/dataset.js";
import { digestOf } from "../../../src/model/entry.js";
import type { HeddleError } from "../../../src/model/errors.js";
import { compare } from "../../../src/operations/compare.js";
import { plan as planFor } from "../../../src/operations/plan.js";
import { openShapeCache } from "../../../src/operations/shaped-digests.js";
import { desiredState, withDestination } from "../../../src/operations/target.js";
import type { Repository } from "../../../src/repository/repository.js";
import type { Pipeline } from "../../../src/transform/pipeline.js";
import { makeTwin } from "../../support/twin.js";

type Twin = Awaited<ReturnType<typeof makeTwin>>;

const schema = "CREATE TABLE items (id int PRIMARY KEY, name text, price numeric(10,2), active boolean)";
const rows = (n: number) => `INSERT INTO items SELECT i, 'Item ' || i, i, i % 3 = 0 FROM generate_series(1, ${n}) i`;
const overlay = (steps: string) => `overlay: [{ for: items, steps: [${steps}] }]`;
const suffix = `{ compute: { /name: "name & ' x'" } }`;

const shapes = ({ project }: Twin) => join(project.directory, ".git/heddle/shaped");
const forget = (twin: Twin) => rmSync(join(twin.project.directory, ".git/heddle"), { recursive: true, force: true });

/** Changes the configuration's text and commits it. */
function reconfigure({ project }: Twin, from: string | RegExp, to: string): void {
  const path = "weave-configs/heddle.yaml";
  project.write(path, readFileSync(join(project.directory, path), "utf8").replace(from, to));
  project.commitAll("configuration");
}

/** A plan of everything, and how many manifests of the revision it read. */
async function counted({ project: { directory } }: Twin, more: { directory?: string } = {}) {
  const options = { directory, environment: "copy", full: true, ...more };
  let read = 0;
  const { plan } = await withDestination(options, async (destination) => {
    const input = await desiredState(destination, options);
    const source: typeof input.source = {
      ...input.source,
      async *read(path, files) {
        for await (const bodies of input.source.read(path, files)) {
          if (path.endsWith("/items")) read += bodies.length;
          yield bodies;
        }
      },
    };
    return destination.database.read((session) => compare(session, { ...input, source }));
  });
  const changes = plan.datasets.flatMap(({ changes }) =>
    changes.map(({ kind, name, label }) => `${kind} ${name} ${label}`),
  );
  return { read, changes };
}

const nothing = { read: 0, changes: [] };

describe("digests of shaped entries", () => {
  test("an applied revision is compared without reading a manifest; only what is new to this shape is read", async () => {
    const twin = await makeTwin(schema, { spec: overlay(suffix) });
    await twin.want(rows(30));
    await twin.apply();
    expect(await counted(twin)).toEqual(nothing);
    await twin.rows("UPDATE items SET price = 0 WHERE id = 7");
    expect(await counted(twin)).toEqual({ read: 1, changes: ["update 7.json drift"] });
    await twin.rows("UPDATE items SET price = 7 WHERE id = 7");
    await twin.want("UPDATE items SET price = 8.5 WHERE id = 8");
    // Read once, to know what it becomes and to compare it.
    expect(await counted(twin)).toEqual({ read: 1, changes: ["update 8.json git"] });
    forget(twin);
    expect(await counted(twin)).toEqual({ read: 30, changes: ["update 8.json git"] });
    expect((await counted(twin)).read).toBe(1);
  });

  test("another overlay, description, or schema knows nothing of it", async () => {
    const twin = await makeTwin(schema, { spec: overlay(suffix) });
    await twin.want(rows(10));
    await twin.apply();
    expect(await counted(twin)).toEqual(nothing);
    twin.project.write("schemas/item.json", JSON.stringify({ properties: { price: { minimum: 0 } } }));
    reconfigure(twin, "spec:\n", "spec:\n  validate: [{ for: items, schema: schemas/item.json }]\n");
    expect(await counted(twin)).toEqual({ read: 10, changes: [] });
    expect(await counted(twin)).toEqual(nothing);
    twin.project.write("schemas/item.json", JSON.stringify({ properties: { price: { minimum: 2 } } }));
    twin.project.commitAll("a stricter schema");
    for (let i = 0; i < 2; i++) await expect(counted(twin)).rejects.toMatchObject({ code: "HDL501" });
    twin.project.write("schemas/item.json", JSON.stringify({ properties: { price: { minimum: 0 } } }));
    twin.project.commitAll("the schema of before");
    expect(await counted(twin)).toEqual(nothing);
    reconfigure(twin, "' x'", "' y'");
    expect(await counted(twin)).toMatchObject({ read: 10, changes: { length: 10 } });
    reconfigure(twin, "' y'", "' x'");
    expect(await counted(twin)).toEqual(nothing);
    const file = "data/all/items/_dataset.json";
    const text = readFileSync(join(twin.project.directory, file), "utf8");
    twin.project.write(file, text.replace('"oneWay": false', '"oneWay": true'));
    twin.project.commitAll("another description");
    expect(await counted(twin)).toEqual({ read: 10, changes: [] });
    expect(await counted(twin)).toEqual(nothing);
  });

  test("a broken file is as good as none, and is made again; a second work tree shares what is known", async () => {
    const twin = await makeTwin(schema, { spec: overlay(suffix) });
    await twin.want(rows(10));
    await twin.apply();
    const [name] = readdirSync(shapes(twin));
    const file = join(shapes(twin), name!);
    const { length } = readFileSync(file);
    const breaks = [
      () => truncateSync(file, length - 40),
      () => truncateSync(file, length + 40),
      () => writeFileSync(file, ""),
      () => writeFileSync(file, Buffer.alloc(length)),
    ];
    for (const broken of breaks) {
      broken();
      expect(await counted(twin)).toEqual({ read: 10, changes: [] });
      expect(await counted(twin)).toEqual(nothing);
    }
    const directory = `${twin.project.directory}-tree`;
    twin.project.git("worktree", "add", "-q", "--detach", directory);
    onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
    expect(await counted(twin, { directory })).toEqual(nothing);
  });

  test("entries that the overlay drops are known too, and a row of one that comes back is seen", async () => {
    const dropping = "overlay: [{ for: items, when: active, steps: [{ drop: true }] }]";
    const twin = await makeTwin(schema, { spec: dropping });
    await twin.want(rows(9));
    await twin.apply();
    expect(await twin.rows("SELECT count(*)::int AS n FROM items")).toEqual([{ n: 6 }]);
    expect(await counted(twin)).toEqual(nothing);
    await twin.rows("INSERT INTO items VALUES (3, 'Item 3', 3, true)");
    expect(await counted(twin)).toEqual(nothing);
  });

  test("what the server stores otherwise is compared as it was stored, known or not", async () => {
    const twin = await makeTwin(schema, { spec: overlay(suffix) });
    await twin.rows(`CREATE FUNCTION louder() RETURNS trigger LANGUAGE plpgsql
      AS $$ BEGIN NEW.name := upper(NEW.name); RETURN NEW; END $$;
      CREATE TRIGGER louder BEFORE INSERT OR UPDATE ON items FOR EACH ROW EXECUTE FUNCTION louder()`);
    await twin.want(rows(3));
    await twin.apply();
    await twin.rows("ALTER TABLE items DISABLE TRIGGER louder; UPDATE items SET name = 'Item 2 x' WHERE id = 2");
    const { changes } = await counted(twin);
    forget(twin);
    expect(await counted(twin)).toEqual({ read: 3, changes });
    expect(await counted(twin)).toEqual({ read: 3, changes });
  });

  test("a table does not keep what is no longer listed once that is most of it", () => {
    const commonDirectory = mkdtempSync(join(tmpdir(), "heddle-test-"));
    onTestFinished(() => rmSync(commonDirectory, { recursive: true }));
    const shape = { dataset: {} as Dataset, overlay: { digest: "a" } as Pipeline };
    const files = new Map(Array.from({ length: 300 }, (_, i) => [`${i}.json`, digestOf(String(i))] as const));
    const known = (listed: ReadonlyMap<string, string>) => {
      const cache = openShapeCache({ commonDirectory } as Repository, new Set());
      const digests = cache.of(shape, listed)!;
      const count = [...files.values()].filter((digest) => digests.get(digest) !== undefined).length;
      for (const digest of listed.values()) digests.set(digest, digest);
      cache.save();
      return count;
    };
    expect([known(files), known(new Map([...files].slice(0, 150))), known(new Map([...files].slice(0, 100)))]).toEqual([
      0, 300, 300,
    ]);
    expect(known(new Map())).toBe(100);
  });

  test("plans with and without them are equal, whatever the overlay, the edits and the drift", async () => {
    const steps = fc.constantFrom(
      suffix,
      '{ merge: { price: "3" } }',
      '{ merge: { price: "3.00", active: null } }',
      '{ compute: { /price: "price * 2" } }',
      "{ patch: [{ op: replace, path: /active, value: true }] }",
      "{ drop: true }",
    );
    const rule = fc.record({
      when: fc.constantFrom("", "when: active, ", 'when: "price > 5", '),
      steps: fc.array(steps, { minLength: 1, maxLength: 2 }),
    });
    const sql = fc.record({
      id: fc.integer({ min: 1, max: 12 }),
      set: fc.constantFrom("price = 3", "price = 6.5", "name = 'N'", "active = NULL", "delete"),
    });
    const round = fc.record({
      rules: fc.array(rule, { maxLength: 2 }),
      edits: fc.array(sql, { maxLength: 3 }),
      drifts: fc.array(sql, { maxLength: 3 }),
      applies: fc.boolean(),
    });
    const statement = ({ id, set }: { id: number; set: string }) =>
      set === "delete" ? `DELETE FROM items WHERE id = ${id}` : `UPDATE items SET ${set} WHERE id = ${id}`;
    const twin = await makeTwin(schema, { spec: "overlay: []", selection: "" });
    const { directory } = twin.project;
    await twin.want(rows(12));
    await twin.apply();
    const show = () =>
      planFor({ directory, environment: "copy", full: true }).then(
        ({ plan, missing }) => ({ ...plan, id: "", missing }),
        ({ code, problems }: HeddleError) => ({ code, problems }),
      );
    await fc.assert(
      fc.asyncProperty(fc.array(round, { minLength: 1, maxLength: 2 }), async (rounds) => {
        for (const { rules, edits, drifts, applies } of rounds) {
          const list = rules.map(({ when, steps }) => `{ for: items, ${when}steps: [${steps.join(", ")}] }`);
          reconfigure(twin, /overlay: .*/, `overlay: [${list.join(", ")}] # ${Math.random()}`);
          if (edits.length > 0) await twin.want(edits.map(statement).join("; "));
          for (const drift of drifts) await twin.rows(statement(drift));
          const first = await show();
          const again = await show();
          forget(twin);
          const fresh = await show();
          expect(again).toEqual(first);
          expect(fresh).toEqual(first);
          await show();
          if (applies)
            await twin
              .apply({ full: true, grants: { adopt: true, allowDeletes: 100, allowChanges: 100, allowEmpty: true } })
              .catch(() => {});
        }
      }),
      { numRuns: 5 },
    );
  });
});
