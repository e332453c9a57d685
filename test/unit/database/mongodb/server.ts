import { randomUUID } from "node:crypto";
import { createRequire } from "node:module";
import type { Db } from "mongodb";
import { inject } from "vitest";

/** The test server's URL with a database of its own name. There must be a server. */
export function databaseUrl(server = inject("mongodbUrl")): string {
  return server!.replace(/^([a-z+]+:\/\/[^/?]+)\/?/, `$1/test_${randomUUID().slice(0, 8)}`);
}

const { DocumentSequence } = createRequire(import.meta.url)("mongodb/lib/cmap/commands.js") as {
  DocumentSequence: new (field: string) => { push(document: object, bytes: Uint8Array): number };
};

/** Inserts BSON as it is, past the driver's serialiser; gives what the server says of those that it refuses. */
export async function insertRaw(db: Db, collection: string, documents: readonly Uint8Array[]): Promise<string[]> {
  const sequence = new DocumentSequence("documents");
  for (const bytes of documents) sequence.push({}, bytes);
  try {
    const { writeErrors = [] } = await db.command({ insert: collection, documents: sequence as never, ordered: false });
    return (writeErrors as { errmsg: string }[]).map(({ errmsg }) => errmsg);
  } catch (error) {
    // Some servers fail the whole command for one document.
    if (documents.length === 1) return [(error as Error).message];
    const told: string[] = [];
    for (const one of documents) told.push(...(await insertRaw(db, collection, [one])));
    return told;
  }
}

/** The documents of a collection as the server's own bytes, in hex, sorted. */
export async function rawDocuments(db: Db, collection: string): Promise<string[]> {
  const found = (await db.collection(collection).find({}, { raw: true }).toArray()) as unknown as Buffer[];
  return found.map((bytes) => Buffer.from(bytes).toString("hex")).sort();
}
