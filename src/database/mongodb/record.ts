import type { AbstractCursor } from "mongodb";
import { type AppliedRecord, keptApplies, keptDays, type PreImage } from "../../model/record.js";
import { packImages, unpackImages } from "../packed-images.js";
import { readJournals } from "./journal.js";
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
export async function readHistory(
  context: Context,
  limit: number,
  environments?: readonly string[],
): Promise<AppliedRecord[]> {
  return (await stored(context, limit, environments)).map(parsed);
}

/** The newest record of each environment, newest first. */
export async function readRecords(context: Context): Promise<AppliedRecord[]> {
  const newest: StoredRecord[] = [];
  for (const name of await environments(context)) newest.push(...(await stored(context, 1, [name])));
  return newest.sort((a, b) => b._id - a._id).map(parsed);
}

const parsed = ({ record }: StoredRecord) => JSON.parse(record) as AppliedRecord;

function environments({ connection, session }: Context): Promise<string[]> {
  const collection = connection.db.collection<StoredRecord>("heddle_applied");
  return connection.guarded("reading", () => collection.distinct("environment", {}, { ...(session && { session }) }));
}

function stored({ connection, session }: Context, limit: number, names?: readonly string[]): Promise<StoredRecord[]> {
  const collection = connection.db.collection<StoredRecord>("heddle_applied");
  const filter = names ? { environment: { $in: [...names] } } : {};
  const options = { sort: { _id: -1 as const }, limit, ...(session && { session }) };
  return connection.guarded("reading", () => collection.find(filter, options).toArray());
}

/** Pre-images are kept for the newest records of each environment, and for applies that are not finished. */
export async function saveRecord(context: Context, record: AppliedRecord): Promise<void> {
  const { connection } = context;
  const { at, environment, revision, plan } = record;
  const number = ((await stored(context, 1))[0]?._id ?? 0) + 1;
  const document: StoredRecord = { _id: number, at, environment, revision, plan, record: JSON.stringify(record) };
  const oldest = new Date(Date.parse(at) - keptDays * 24 * 60 * 60 * 1000).toISOString();
  const kept = [plan, ...(await readJournals(context)).map((journal) => journal.record.plan)];
  for (const name of new Set([environment, ...(await environments(context))])) {
    const newest = await stored(context, name === environment ? keptApplies - 1 : keptApplies, [name]);
    kept.push(...newest.filter((one) => one.at > oldest).map((one) => one.plan));
  }
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
  const documents = textsOf(images).map((image): StoredPreImage => ({ plan, image }));
  await connection.guarded("writing", () =>
    connection.db.collection<StoredPreImage>("heddle_preimages").insertMany(documents, options(context)),
  );
}

/** Whole documents are kept one by one: a server takes 16 MB at once. */
function textsOf(images: readonly PreImage[]): string[] {
  const packs = images.every(({ before }) => before === undefined) ? packImages(images) : [];
  const texts = packs.map((pack) => JSON.stringify(pack));
  const fit = texts.length > 0 && texts.every((text) => text.length < mostText);
  return fit ? texts : images.map((image) => JSON.stringify(image));
}

const mostText = 4_000_000;

export async function* readPreImages({ connection, session }: Context, plan: string): AsyncGenerator<PreImage[]> {
  const collection = connection.db.collection<StoredPreImage>("heddle_preimages");
  const cursor = collection.find({ plan }, { sort: { _id: 1 }, ...(session && { session }) });
  try {
    for (;;) {
      const batch = await connection.guarded("reading", () => take(cursor, 500));
      if (batch.length === 0) return;
      yield batch.flatMap(({ image }) => unpackImages(JSON.parse(image)));
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
