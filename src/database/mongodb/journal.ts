import type { Journal } from "../../model/journal.js";
import type { Context } from "./read.js";

/** As it is stored: the journal as a text, and beside it what people look for. */
interface StoredJournal {
  _id: "apply";
  plan: string;
  environment: string;
  revision: string;
  who: string;
  since: string;
  done: number;
  total: number;
  journal: string;
}

export async function readJournal({ connection, session }: Context): Promise<Journal | undefined> {
  const collection = connection.db.collection<StoredJournal>("heddle_journal");
  const stored = await connection.guarded("reading", () =>
    collection.findOne({ _id: "apply" }, { ...(session && { session }) }),
  );
  return stored ? (JSON.parse(stored.journal) as Journal) : undefined;
}

export async function saveJournal({ connection, session }: Context, journal: Journal | undefined): Promise<void> {
  const collection = connection.db.collection<StoredJournal>("heddle_journal");
  const options = session ? { session } : { writeConcern: { w: "majority" as const } };
  await connection.guarded("writing", async () => {
    if (!journal) return void (await collection.deleteOne({ _id: "apply" }, options));
    const { plan, environment, revision, who, at: since } = journal.record;
    const told = { plan, environment, revision, who, since, ...journal.chunks, journal: JSON.stringify(journal) };
    await collection.replaceOne({ _id: "apply" }, told, { ...options, upsert: true });
  });
}
