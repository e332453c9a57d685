import { randomUUID } from "node:crypto";
import { MongoClient } from "mongodb";
import { inject } from "vitest";

/** The test server's URL with a database of its own name; undefined where there is no server. */
export function databaseUrl(name = `heddle_test_${randomUUID().slice(0, 8)}`, server = inject("mongodbUrl")): string {
  return server!.replace(/^(mongodb(?:\+srv)?:\/\/[^/?]+)\/?/, `$1/${name}`);
}

/** A client of the test's own beside the engine; the database is dropped at the end. */
export async function withClient<T>(url: string, work: (client: MongoClient) => Promise<T>): Promise<T> {
  const client = new MongoClient(url);
  try {
    return await work(client);
  } finally {
    await client.close();
  }
}
