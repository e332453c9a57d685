import pg from "pg";
import { afterAll, onTestFinished, TestRunner } from "vitest";
import type { Database, ReadSession } from "../../../../src/database/database.js";
import { describeTable, type TableSelection } from "../../../../src/database/describe.js";
import { openDatabase } from "../../../../src/database/open.js";
import type { Dataset } from "../../../../src/model/dataset.js";
import { digestOfEntry, type Entry, type Key } from "../../../../src/model/entry.js";
import type { Fields, Json } from "../../../../src/model/json.js";
import { keyOf } from "../../../../src/model/key.js";
import { parseManifest } from "../../../../src/model/parse.js";
import { createPostgresDatabase } from "../../../support/servers.js";

/** A fresh database of the test server, a plain client on it to set up and to judge by, and short ways to use Heddle's. */
export async function postgresFixture(sql = "", options = "") {
  const url = await createPostgresDatabase(options);
  const client = new pg.Client(url);
  client.on("error", () => {});
  await client.connect();
  if (sql) await client.query(sql);
  const database = await openDatabase(url);
  const close = async () => {
    await database[Symbol.asyncDispose]();
    await client.end();
  };
  if (TestRunner.getCurrentTest()) onTestFinished(close);
  else afterAll(close);
  return { url, client, database, ...shortcuts(database) };
}

export function shortcuts(database: Database) {
  return {
    async dataset(name: string, selection: TableSelection = {}): Promise<Dataset> {
      const tables = await database.read((session) => session.tables());
      return describeTable(database.engine, tables.find((table) => table.name === name)!, selection);
    },
    entries: (dataset: Dataset, where?: string): Promise<Entry[]> =>
      database.read(async (session) => collect(session.entries(dataset, where))),
    rows: (dataset: Dataset, where?: string): Promise<Record<string, Json>[]> =>
      database.read(async (session) => {
        const entries = (await collect(session.entries(dataset, where))).sort((a, b) => (a.key < b.key ? -1 : 1));
        return entries.map(({ text }) => Object.fromEntries(parseManifest(text).fields));
      }),
    found: (dataset: Dataset, keys: Key[]): Promise<[Key, Key][]> =>
      database.read((session) => foundIn(session, dataset, keys)),
    create: (dataset: Dataset, ...all: Record<string, Json>[]) =>
      database.write((session) => {
        const entries = all.map((row) => {
          const fields: Fields = new Map(Object.entries(row));
          return { key: keyOf(dataset, fields)!, fields };
        });
        return session.write(dataset, { kind: "create", entries });
      }),
    update: (dataset: Dataset, key: Key, row: Record<string, Json>) =>
      database.write((session) =>
        session.write(dataset, { kind: "update", entries: [{ key, set: new Map(Object.entries(row)) }] }),
      ),
    remove: (dataset: Dataset, ...keys: Key[]) =>
      database.write((session) => session.write(dataset, { kind: "delete", keys })),
  };
}

/** The entries as who needs few of their texts reads them, with everything that is asked of them. */
export function digestedEntries(database: Database, dataset: Dataset): Promise<Entry[]> {
  return database.read(async (session) => {
    const all = await collect(session.entries(dataset, undefined, true));
    return all.map((entry) => ({ key: entry.key, text: entry.text, digest: digestOfEntry(entry) }));
  });
}

async function collect<T>(batches: AsyncIterable<T[]>): Promise<T[]> {
  const all: T[] = [];
  for await (const batch of batches) all.push(...batch);
  return all;
}

async function foundIn(session: ReadSession, dataset: Dataset, keys: Key[]): Promise<[Key, Key][]> {
  return (await collect(session.lookup(dataset, keys))).map(({ requested, entry }) => [requested, entry.key]);
}
