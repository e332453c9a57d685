import type { AppliedRecord } from "../../model/record.js";
import type { ReadSession, WriteSession } from "../database.js";
import { tables } from "./catalogue.js";
import { parseFilter } from "./filter.js";
import type { Lock } from "./lock.js";
import { type Context, find, findKeys } from "./read.js";
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
    estimate: (dataset) =>
      connection.guarded("reading", () => connection.db.collection(dataset.name).estimatedDocumentCount()),
    async record() {
      const newest = await newestRecord(context);
      return newest && (JSON.parse(newest.record) as AppliedRecord);
    },
    normalize: async (_dataset, entries) => [...entries],
  };
}

export function writeSession(context: Context, lock: Lock): WriteSession {
  return {
    ...readSession(context),
    lock: lock.take,
    write: (dataset, changes) => writeBatch(context, dataset, changes),
    saveRecord: (record) => saveRecord(context, record),
  };
}

/**
 * A record as it is stored: the newest has the highest number. The record itself is a text, so that no name or value in it
 * means anything to the server; the members beside it are for people who look.
 */
interface StoredRecord {
  _id: number;
  at: string;
  environment: string;
  revision: string;
  record: string;
}

async function newestRecord({ connection, session }: Context): Promise<StoredRecord | undefined> {
  const collection = connection.db.collection<StoredRecord>("heddle_applied");
  const options = { sort: { _id: -1 as const }, ...(session && { session }) };
  return (await connection.guarded("reading", () => collection.findOne({}, options))) ?? undefined;
}

async function saveRecord(context: Context, record: AppliedRecord): Promise<void> {
  const { connection, session } = context;
  const { at, environment, revision } = record;
  const number = ((await newestRecord(context))?._id ?? 0) + 1;
  const stored: StoredRecord = { _id: number, at, environment, revision, record: JSON.stringify(record) };
  const options = session ? { session } : { writeConcern: { w: "majority" as const } };
  await connection.guarded("writing", () =>
    connection.db.collection<StoredRecord>("heddle_applied").insertOne(stored, options),
  );
}
