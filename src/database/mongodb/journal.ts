import type { Journal } from "../../model/journal.js";
import type { Context } from "./read.js";

/** As it is stored: the journal as a text, and beside it what people look for. */
interface StoredJournal {
  plan: string;
  environment: string;
  revision: string;
  who: string;
  since: string;
  done: number;
  total: number;
  journal: string;
}

export async function readJournals({ connection, session }: Context): Promise<Journal[]> {
  const collection = connection.db.collection<StoredJournal>("heddle_journal");
  const stored = await connection.guarded("reading", () =>
    collection.find({}, { sort: { since: -1 }, ...(session && { session }) }).toArray(),
  );
  return stored.map(({ journal }) => JSON.parse(journal) as Journal);
}

export async function saveJournal({ connection, session }: Context, journal: Journal): Promise<void> {
  const collection = connection.db.collection<StoredJournal>("heddle_journal");
  const { plan, environment, revision, who, at: since } = journal.record;
  const told = { plan, environment, revision, who, since, ...journal.chunks, journal: JSON.stringify(journal) };
  await connection.guarded("writing", () =>
    collection.replaceOne({ plan }, told, { ...options(session), upsert: true }),
  );
}

export async function closeJournal({ connection, session }: Context, plan: string): Promise<void> {
  const collection = connection.db.collection<StoredJournal>("heddle_journal");
  await connection.guarded("writing", () => collection.deleteOne({ plan }, options(session)));
}

function options(session: Context["session"]) {
  return session ? { session } : { writeConcern: { w: "majority" as const } };
}
