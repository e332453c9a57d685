import type { AbstractCursor } from "mongodb";
import { type AppliedRecord, keptApplies, keptDays, type PreImage } from "../../model/record.js";
import type { Context } from "./read.js";

/**
 * A record as it is stored: the newest has the highest number. The record itself is a text, so that no name or value in it
 * means anything to the server; the members beside it are for people who look.
 */
interface StoredRecord {
  _id: number;
  at: string;
  environment: string;
  revision: string;
  plan: string;
  record: string;
}

interface StoredPreImage {
  plan: string;
  image: string;
}

/** Records, newest first. */
export async function readHistory(context: Context, limit: number): Promise<AppliedRecord[]> {
  return (await stored(context, limit)).map(({ record }) => JSON.parse(record) as AppliedRecord);
}

function stored({ connection, session }: Context, limit: number): Promise<StoredRecord[]> {
  const collection = connection.db.collection<StoredRecord>("heddle_applied");
  const options = { sort: { _id: -1 as const }, limit, ...(session && { session }) };
  return connection.guarded("reading", () => collection.find({}, options).toArray());
}

/** Pre-images are kept for the newest records. */
export async function saveRecord(context: Context, record: AppliedRecord): Promise<void> {
  const { connection } = context;
  const { at, environment, revision, plan } = record;
  const newest = await stored(context, keptApplies - 1);
  const number = (newest[0]?._id ?? 0) + 1;
  const document: StoredRecord = { _id: number, at, environment, revision, plan, record: JSON.stringify(record) };
  const oldest = new Date(Date.parse(at) - keptDays * 24 * 60 * 60 * 1000).toISOString();
  const kept = [plan, ...newest.filter((one) => one.at > oldest).map((one) => one.plan)];
  await connection.guarded("writing", async () => {
    await connection.db.collection<StoredRecord>("heddle_applied").insertOne(document, options(context));
    await connection.db
      .collection<StoredPreImage>("heddle_preimages")
      .deleteMany({ plan: { $nin: kept } }, options(context));
  });
}

export async function savePreImages(context: Context, plan: string, images: readonly PreImage[]): Promise<void> {
  if (images.length === 0) return;
  const { connection } = context;
  const documents = images.map((image): StoredPreImage => ({ plan, image: JSON.stringify(image) }));
  await connection.guarded("writing", () =>
    connection.db.collection<StoredPreImage>("heddle_preimages").insertMany(documents, options(context)),
  );
}

export async function* readPreImages({ connection, session }: Context, plan: string): AsyncGenerator<PreImage[]> {
  const collection = connection.db.collection<StoredPreImage>("heddle_preimages");
  const cursor = collection.find({ plan }, { sort: { _id: 1 }, ...(session && { session }) });
  try {
    for (;;) {
      const batch = await connection.guarded("reading", () => take(cursor, 500));
      if (batch.length === 0) return;
      yield batch.map(({ image }) => JSON.parse(image) as PreImage);
    }
  } finally {
    await cursor.close();
  }
}

async function take<T>(cursor: AbstractCursor<T>, count: number): Promise<T[]> {
  const items: T[] = [];
  while (items.length < count) {
    const item = await cursor.next();
    if (item === null) break;
    items.push(item);
  }
  return items;
}

function options({ session }: Context) {
  return session ? { session } : { writeConcern: { w: "majority" as const } };
}
