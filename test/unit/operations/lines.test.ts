import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { add } from "../../../src/operations/add.js";
import { blame } from "../../../src/operations/blame.js";
import { events } from "../../../src/operations/events.js";
import { fmt } from "../../../src/operations/fmt.js";
import { log } from "../../../src/operations/log.js";
import { plan } from "../../../src/operations/plan.js";
import { relayout } from "../../../src/operations/relayout.js";
import { rollback } from "../../../src/operations/rollback.js";
import { show } from "../../../src/operations/show.js";
import { validate } from "../../../src/operations/validate.js";
import { weave } from "../../../src/operations/weave.js";
import { hostileStrings } from "../../fixtures/hostile-strings.js";
import type { TestProject } from "../../support/command.js";
import { onDatabase } from "../../support/postgres-client.js";
import { makeTwin } from "../../support/twin.js";

const products = `CREATE TABLE products (id int PRIMARY KEY, name text, price int);
  INSERT INTO products SELECT i, 'P' || i, 10 * i FROM generate_series(1, 200) i;`;

const shards = (project: TestProject): string[] =>
  readdirSync(join(project.directory, "data/all/products"))
    .filter((name) => name.endsWith(".jsonl"))
    .sort();

/** The shard of an entry, and its text. */
function shardOf(project: TestProject, id: number): { path: string; text: string } {
  for (const name of shards(project)) {
    const path = `data/all/products/${name}`;
    const text = readFileSync(join(project.directory, path), "utf8");
    if (text.includes(`{"${id}":`)) return { path, text };
  }
  throw new Error(`no ${id}`);
}

function edit(project: TestProject, id: number, from: string, to: string): string {
  const { path, text } = shardOf(project, id);
  const line = text.split("\n").find((line) => line.startsWith(`{"${id}":`))!;
  expect(line).toContain(from);
  writeFileSync(join(project.directory, path), text.replace(line, line.replace(from, to)));
  return path;
}

const lines = { selection: ", layout: lines" };

test("lines: woven as shards, applied, edited, planned by field, merged by field, woven again; only changed shards differ", async () => {
  const { project, source, copy, apply, same } = await makeTwin(products, lines);
  const { directory } = project;
  await weave({ directory });
  expect(shards(project)).toEqual([..."0123456789abcdef"].map((digit) => `${digit}.jsonl`));
  expect(shardOf(project, 7).text).toContain('{"7":{"id":7,"name":"P7","price":70}}\n');
  expect((await validate({ directory })).notes).toEqual([]);
  await apply();
  expect(await same("products")).toBe(true);
  expect((await weave({ directory })).commits).toEqual([]);
  expect((await plan({ directory, environment: "copy" })).outcome).toBe("nothing");

  const path = edit(project, 7, '"price":70', '"price":77');
  project.commitAll("dearer");
  const changes = (await apply()).plan.datasets.flatMap(({ changes }) => changes);
  expect(changes).toMatchObject([{ kind: "update", name: "7.json", fields: [{ path: "/price", label: "git" }] }]);
  expect(await onDatabase(copy, "SELECT price FROM products WHERE id = 7")).toEqual([{ price: 77 }]);

  await onDatabase(source, "UPDATE products SET name = 'Seven' WHERE id = 7; DELETE FROM products WHERE id = 8");
  const { weaves } = await weave({ directory, allowDeletes: 1 });
  expect(weaves[0]!.datasets).toMatchObject([
    { added: 0, changed: 1, removed: 1, edited: [expect.stringMatching(/jsonl\/7\.json$/)] },
  ]);
  expect(shardOf(project, 7).text).toContain('{"7":{"id":7,"name":"Seven","price":77}}\n');
  const changed = project.git("diff", "--name-only", "HEAD~1", "HEAD").split("\n");
  expect(changed).toHaveLength(new Set([path, ...changed.filter((file) => file.endsWith(".jsonl"))]).size + 1);
  expect(changed.filter((file) => file.endsWith(".jsonl")).length).toBeLessThanOrEqual(2);
  await apply();
  expect(await onDatabase(copy, "SELECT count(*)::int AS n FROM products")).toEqual([{ n: 199 }]);

  await onDatabase(source, "UPDATE products SET price = 78 WHERE id = 7");
  await expect(weave({ directory })).rejects.toMatchObject({ code: "HDL603", problems: [{ path: "/price" }] });
  await expect(weave({ directory, conflictBranch: "conflicts" })).rejects.toMatchObject({ code: "HDL603" });
  await weave({ directory, prefer: "source" });
  expect(shardOf(project, 7).text).toContain('{"7":{"id":7,"name":"Seven","price":78}}\n');
});

test("lines: history, rollback, add and fmt tell entries apart as files would, also across relayout there and back", async () => {
  const { project, source, apply } = await makeTwin(products);
  const { directory } = project;
  await weave({ directory });
  await apply();
  const asFiles = project.git("rev-parse", "HEAD^{tree}");
  const { commit: packing } = await relayout({ directory, dataset: "products", to: "lines" });
  expect(packing).toBe(project.git("rev-parse", "HEAD"));
  expect(project.git("status", "--porcelain")).toBe("");
  expect(project.git("ls-files", "data/all/products").split("\n")).toHaveLength(17);
  expect((await plan({ directory, environment: "copy" })).outcome).toBe("nothing");
  expect((await weave({ directory })).commits).toEqual([]);

  edit(project, 7, '"price":70', '"price":77');
  const dearer = project.commitAll("dearer");
  edit(project, 9, '"name":"P9"', '"name":"Nine"');
  const named = project.commitAll("named");
  await onDatabase(source, "DELETE FROM products WHERE id = 5");
  await weave({ directory, allowDeletes: 1 });

  const kinds = async (of: string) =>
    (await log({ directory, of })).commits.map(({ commit, changes }) => [commit, changes.map(({ kind }) => kind)]);
  expect((await kinds("products/7")).map(([, kinds]) => kinds)).toEqual([["updated"], ["moved"], ["created"]]);
  expect((await kinds("products/7"))[0]![0]).toBe(dearer);
  expect((await kinds("products/5")).map(([, kinds]) => kinds)).toEqual([["deleted"], ["moved"], ["created"]]);
  expect((await kinds("products"))[1]).toEqual([named, ["updated"]]);
  expect(
    (await blame({ directory, entry: "products/7" })).map(({ path, commit }) => [path, commit === dearer]),
  ).toEqual([
    ["/id", false],
    ["/name", false],
    ["/price", true],
  ]);
  expect((await show({ directory, entry: "products/7", at: `${dearer}~1` })).text).toContain('"price": 70');
  const told: string[] = [];
  for await (const { type, subject } of events({ directory, since: packing! })) told.push(`${type} ${subject}`);
  expect(told).toEqual([
    "heddle.entry.updated all:products/7",
    "heddle.entry.updated all:products/9",
    "heddle.entry.deleted all:products/5",
  ]);

  await rollback({ directory, commit: dearer });
  expect(shardOf(project, 7).text).toContain('{"7":{"id":7,"name":"P7","price":70}}\n');
  await rollback({ directory, to: packing! });
  expect(project.git("diff", "--name-only", packing!, "HEAD")).toBe("data/all/_weave.json");
  expect(project.git("status", "--porcelain")).toBe("");

  expect(await add({ directory, dataset: "products", text: '{"id": 500, "name": "New", "price": 1}' })).toMatch(
    /jsonl\/500\.json$/,
  );
  await expect(
    add({ directory, dataset: "products", text: '{"id": 500, "name": "x", "price": 1}' }),
  ).rejects.toMatchObject({ code: "HDL105" });
  edit(project, 500, '"name":"New","price":1', '"price": 1, "name":"New"');
  expect((await validate({ directory })).notes).toEqual([
    expect.stringContaining("jsonl/500.json is not in canonical form"),
  ]);
  edit(project, 500, '{"500":', '{"501":');
  expect(await fmt({ directory })).toMatchObject([{ place: expect.stringMatching(/jsonl\/500\.json$/) }]);
  expect(shardOf(project, 500).text).toContain('{"500":{"id":500,"name":"New","price":1}}\n');
  expect((await validate({ directory })).notes).toEqual([]);
  project.git("checkout", "--quiet", "--force", packing!);

  await relayout({ directory, dataset: "products", to: "lines", shards: 4096 });
  expect(shards(project).every((name) => name.length === "abc.jsonl".length)).toBe(true);
  await relayout({ directory, dataset: "products", to: "files" });
  expect(project.git("rev-parse", "HEAD^{tree}")).toBe(asFiles);
  expect(project.git("fsck", "--strict")).toBe("");
});

test("promise 4, E37: a shard that is not just as it should be stops everything, with file and line", async () => {
  const { project } = await makeTwin(products, lines);
  const { directory } = project;
  await weave({ directory });
  const { path, text } = shardOf(project, 7);
  const rows = text.split("\n");
  const broken: [string, object][] = [
    [
      [rows[1], rows[0], ...rows.slice(2)].join("\n"),
      { file: path, line: 2, message: expect.stringContaining("behind") },
    ],
    [`${rows[0]}\n${text}`, { file: path, line: 2, message: expect.stringContaining("a second time") }],
    [text.replace("\n", "\r\n"), { file: path, line: 1, message: "ends in CRLF" }],
    [text.slice(0, -1), { file: path, message: "has no newline at its end" }],
    ["", { file: path, message: "is empty" }],
    [`${text}zzz\n`, { file: path, line: rows.length, message: expect.stringContaining("one entry on a line") }],
    [
      text.replace('{"7":{"id":7,', '{"7":{"id":7,"id":7,'),
      { file: path, line: rows.findIndex((row) => row.startsWith('{"7"')) + 1 },
    ],
    [
      text.replace('{"7":{"id":7,', '{"7":{"id":70,'),
      { file: path, message: expect.stringContaining("whose file is") },
    ],
    [text.replace('"price":70', '"price":"x"'), { file: path, path: "/price" }],
  ];
  for (const [content, problem] of broken) {
    writeFileSync(join(directory, path), content);
    await expect(validate({ directory })).rejects.toMatchObject({ code: "HDL400", problems: [problem] });
    project.commitAll("broken");
    await expect(plan({ directory, environment: "copy" })).rejects.toMatchObject({ code: "HDL400" });
  }
  // In another shard: the same entry twice, or none where it should be.
  const other = shards(project).find((name) => !path.endsWith(name))!;
  const line = rows.find((row) => row.startsWith('{"7"'))!;
  writeFileSync(join(directory, path), text.replace(`${line}\n`, ""));
  const moved = [
    ...readFileSync(join(directory, "data/all/products", other), "utf8")
      .split("\n")
      .slice(0, -1),
    line,
  ].sort();
  project.write(`data/all/products/${other}`, `${moved.join("\n")}\n`);
  await expect(validate({ directory })).rejects.toMatchObject({
    problems: [{ file: `data/all/products/${other}`, message: expect.stringContaining("whose file is") }],
  });
});

test("E35, E36: hostile keys in lines are applied, woven again, and laid out as files and back", async () => {
  const schema = "CREATE TABLE keyed (key text, part text, PRIMARY KEY (key, part));";
  const { project, source, apply, same } = await makeTwin(schema, lines);
  const { directory } = project;
  const literal = (text: string) =>
    `U&'${[...text].map((c) => `\\+${c.codePointAt(0)!.toString(16).padStart(6, "0")}`).join("")}'`;
  await onDatabase(source, `INSERT INTO keyed VALUES ${hostileStrings.map((key) => `(${literal(key)}, 'x')`).join()}`);
  await weave({ directory });
  await apply();
  expect(await same("keyed")).toBe(true);
  expect((await weave({ directory })).commits).toEqual([]);
  const packed = project.git("rev-parse", "HEAD^{tree}");
  const { entries } = await relayout({ directory, dataset: "keyed", to: "files" });
  expect(entries).toBe(hostileStrings.length);
  expect((await weave({ directory })).commits).toEqual([]);
  expect((await plan({ directory, environment: "copy" })).outcome).toBe("nothing");
  await relayout({ directory, dataset: "keyed", to: "lines" });
  expect(project.git("rev-parse", "HEAD^{tree}")).toBe(packed);
});

test("both layouts give the same plan for the same data, whatever changed where", async () => {
  const { project, source, copy, apply } = await makeTwin(products);
  const { directory } = project;
  await weave({ directory });
  await apply();
  project.git("branch", "packed");
  await relayout({ directory, dataset: "products", to: "lines", branch: "packed" });
  const change = fc.constantFrom(
    (id: number) => `UPDATE products SET price = price + 1 WHERE id = ${id}`,
    (id: number) => `UPDATE products SET name = name || '!' WHERE id = ${id}`,
    (id: number) => `DELETE FROM products WHERE id = ${id}`,
    (id: number) => `INSERT INTO products VALUES (${id} + 1000, 'N', 1) ON CONFLICT DO NOTHING`,
  );
  const statements = fc.array(
    fc.tuple(change, fc.integer({ min: 1, max: 12 })).map(([sql, id]) => sql(id)),
    { maxLength: 6 },
  );
  await fc.assert(
    fc.asyncProperty(statements, statements, async (wanted, drifted) => {
      await onDatabase(source, wanted.join(";"));
      await onDatabase(copy, drifted.join(";"));
      const plans = [];
      for (const branch of ["main", "packed"]) {
        await weave({ directory, branch, allowDeletes: 1000 });
        const { plan: found } = await plan({ directory, environment: "copy", revision: branch, full: true });
        plans.push(found.datasets.map(({ changes, blocked, owned, wanted }) => ({ changes, blocked, owned, wanted })));
      }
      expect(plans[1]).toEqual(plans[0]);
    }),
    { numRuns: 6 },
  );
});

test("lines: branches that edit different fields of one entry are merged by --onto and by git's driver", async () => {
  const { project } = await makeTwin(products, lines);
  const { directory } = project;
  await weave({ directory });
  await project.succeed("git-setup");
  project.git("checkout", "-q", "-b", "feature");
  edit(project, 7, '"name":"P7"', '"name":"Seven"');
  project.commitAll("named");
  project.git("checkout", "-q", "main");
  edit(project, 7, '"price":70', '"price":77');
  project.commitAll("dearer");
  const merged = '{"7":{"id":7,"name":"Seven","price":77}}\n';
  project.git("branch", "by-hand", "feature");
  await weave({ directory, branch: "feature", onto: "main" });
  project.git("checkout", "-q", "feature");
  expect(shardOf(project, 7).text).toContain(merged);
  project.git("checkout", "-q", "by-hand");
  project.git("merge", "-q", "-m", "merge", "main");
  expect(shardOf(project, 7).text).toContain(merged);
  const { stdout } = await project.succeed("relayout", "products", "--to", "files", "--fan-out", "0");
  expect(stdout).toContain("200 entries from lines in 16 shards to files, fan-out 0; committed");
  expect((await weave({ directory })).commits).toEqual([]);
});
