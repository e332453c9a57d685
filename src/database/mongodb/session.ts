import type { ReadSession, WriteSession } from "../database.js";
import { tables } from "./catalogue.js";
import { runCommand } from "./command.js";
import { examine } from "./examine.js";
import { parseFilter } from "./filter.js";
import { closeJournal, readJournals, saveJournal } from "./journal.js";
import { newIds } from "./new-ids.js";
import { type Context, find, findKeys } from "./read.js";
import { readHistory, readPreImages, readRecords, savePreImages, saveRecord } from "./record.js";
import { writeBatch } from "./write.js";

export function readSession(context: Context): ReadSession {
  const { connection } = context;
  return {
    identity: () => connection.identity(),
    tables: () => tables(connection),
    async *entries(dataset, where) {
      const filter = where === undefined ? new Map<string, unknown>() : parseFilter(where);
      for await (const batch of find(context, dataset, filter)) yield batch.map(({ entry }) => entry);
    },
    async *lookup(dataset, keys) {
      for await (const batch of findKeys(context, dataset, keys))
        yield batch.map(({ requested, entry }) => ({ requested, entry }));
    },
    dependents: async () => [],
    examine: (datasets, thorough) => examine(connection, datasets, thorough),
    estimate: (dataset) =>
      connection.guarded("reading", () => connection.db.collection(dataset.name).estimatedDocumentCount()),
    records: () => readRecords(context),
    history: (limit, environments) => readHistory(context, limit, environments),
    journals: () => readJournals(context),
    preImages: (plan) => readPreImages(context, plan),
    normalize: async (_dataset, entries) => [...entries],
  };
}

export function writeSession(context: Context, lock: () => Promise<void>): WriteSession {
  return {
    ...readSession(context),
    lock,
    write: (dataset, changes) => writeBatch(context, dataset, changes),
    storesExactly: async () => true,
    // Unique indexes see to it, and nothing can put an update in the place of an insert.
    refusesExisting: context.session !== undefined,
    newIds: async ({ name }, fields, count, like) => newIds(name, fields, count, like),
    command: (statement) => runCommand(context, statement),
    savePreImages: (plan, images) => savePreImages(context, plan, images),
    saveRecord: (record) => saveRecord(context, record),
    saveJournal: (journal) => saveJournal(context, journal),
    closeJournal: (plan) => closeJournal(context, plan),
  };
}
