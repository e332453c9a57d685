import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { readFile, rm, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { relative } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { describeTable } from "../../../../src/database/describe.js";
import { openDatabase } from "../../../../src/database/open.js";
import type { Dataset } from "../../../../src/model/dataset.js";
import type { Entry } from "../../../../src/model/entry.js";
import { parseManifest } from "../../../../src/model/parse.js";
import { createPgliteDirectory } from "../../../support/pglite.js";
import { shortcuts } from "./server.js";
import { zooSql, zooTables } from "./zoo.js";

describe("PGlite directories", () => {
  let made: Awaited<ReturnType<typeof createPgliteDirectory>>;
  let directory: string;
  beforeAll(async () => {
    made = await createPgliteDirectory(`
      CREATE TABLE t (id integer PRIMARY KEY, v text, n integer[], j jsonb);
      INSERT INTO t VALUES (1, 'a', '{1,NULL}', '{"b": 1}');`);
    directory = made.url.replace("pglite:", "");
  });
  afterAll(() => made.remove());

  const readAll = async (url: string) => {
    await using database = await openDatabase(url);
    const { dataset, rows } = shortcuts(database);
    return rows(await dataset("t"));
  };

  test("what was written is there when the directory is opened again, by a relative path too", async () => {
    await using database = await openDatabase(made.url);
    const { dataset, create, update } = shortcuts(database);
    const t = await dataset("t");
    await create(t, { id: 2, v: "line\n\\tab\t", n: [], j: { $json: "null" } });
    await update(t, "[1]", { v: "changed" });
    await database[Symbol.asyncDispose]();
    expect(await readAll(`pglite:${relative(process.cwd(), directory)}`)).toEqual([
      { id: 1, v: "changed", n: [1, null], j: { b: 1 } },
      { id: 2, v: "line\n\\tab\t", n: [], j: { $json: "null" } },
    ]);
    expect(existsSync(`${directory}.lock`)).toBe(false);
  });

  test("a second opener exits 4 while the first lives, and may open it afterwards (HDL207)", async () => {
    const first = await openDatabase(made.url);
    await first.read(async () => {});
    await expect(readAll(made.url)).rejects.toMatchObject({ code: "HDL207", exitCode: 4 });
    // The refused one did not take the lock with it.
    expect(JSON.parse(await readFile(`${directory}.lock`, "utf8"))).toMatchObject({ pid: process.pid });
    await first[Symbol.asyncDispose]();
    expect(await readAll(made.url)).not.toEqual([]);
  });

  test("another process that has it open is respected; the lock of a dead one is taken over", async () => {
    const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "ignore" });
    await writeFile(`${directory}.lock`, JSON.stringify({ pid: child.pid, host: hostname() }));
    await expect(readAll(made.url)).rejects.toMatchObject({ code: "HDL207" });
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    await ended;
    expect(await readAll(made.url)).not.toEqual([]);
    await writeFile(`${directory}.lock`, JSON.stringify({ pid: child.pid, host: "elsewhere" }));
    await expect(readAll(made.url)).rejects.toMatchObject({ code: "HDL207", hint: expect.stringContaining(".lock") });
    await writeFile(`${directory}.lock`, "");
    await expect(readAll(made.url), "unreadable: not known to be dead").rejects.toMatchObject({ code: "HDL207" });
    await rm(`${directory}.lock`);
  });

  test("a directory without a database is an error, and none is created (HDL200)", async () => {
    await expect(readAll(`pglite:${directory}-mistyped`)).rejects.toMatchObject({ code: "HDL200" });
    expect(existsSync(`${directory}-mistyped`)).toBe(false);
    expect(existsSync(`${directory}-mistyped.lock`)).toBe(false);
  });

  test("sessions wait for each other; a failed one leaves the database usable", async () => {
    await using database = await openDatabase(made.url);
    const { dataset, rows, create } = shortcuts(database);
    const t = await dataset("t");
    const results = await Promise.allSettled([
      create(t, { id: 1, v: "clash" }),
      rows(t),
      create(t, { id: 3, v: "c" }),
      rows(t),
    ]);
    expect(results.map(({ status }) => status)).toEqual(["rejected", "fulfilled", "fulfilled", "fulfilled"]);
    expect(await rows(t)).toHaveLength(3);
  });
});

test("the zoo of types has the same text in PGlite as in a server, there and back (C16 to C22)", async () => {
  const made = await createPgliteDirectory(zooSql);
  onTestFinished(() => made.remove());
  const database = await openDatabase(made.url);
  const tables = new Map((await database.read((s) => s.tables())).map((table) => [table.name, table]));
  const lines: string[] = [];
  for (const { name, type } of zooTables) {
    const dataset = describeTable(database.engine, tables.get(name)!, {});
    const copy = { ...dataset, name: `${name}_copy` };
    const entries = async (of: Dataset) =>
      database.read(async (session) => {
        const all: Entry[] = [];
        for await (const batch of session.entries(of)) all.push(...batch);
        return all.sort((a, b) => (a.key < b.key ? -1 : 1));
      });
    const found = await entries(dataset);
    const parsed = found.map(({ key, text }) => ({ key, fields: parseManifest(text).fields }));
    await database.write((session) => session.write(copy, { kind: "create", entries: parsed }));
    expect(await entries(copy), type).toEqual(found);
    lines.push(...parsed.map(({ fields }) => `${type}: ${JSON.stringify(fields.get("value"))}\n`));
  }
  await database[Symbol.asyncDispose]();
  expect(lines.join("")).toBe(await readFile(new URL("zoo.golden.txt", import.meta.url), "utf8"));
});
