import { randomBytes } from "node:crypto";
import { MongoClient } from "mongodb";
import pg from "pg";
import { afterAll, describe, inject, onTestFinished, TestRunner } from "vitest";

/**
 * Creates an empty PostgreSQL database; gives a superuser's URL to it. It is dropped after the running test, or after
 * the file when made outside one (in a beforeAll, say).
 * @param options what to append to CREATE DATABASE, such as "TEMPLATE template0 LOCALE_PROVIDER libc LOCALE 'C'"
 */
export async function createPostgresDatabase(options = ""): Promise<string> {
  const name = freshName();
  await onPostgres(`CREATE DATABASE ${name} ${options}`);
  cleanUp(() => onPostgres(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`));
  const url = new URL(inject("postgresUrl"));
  url.pathname = name;
  return url.href;
}

/**
 * Names an unused MongoDB database; gives a URL to it. It is dropped like the one above.
 * Only inside `describeMongodb`: throws where there is no server.
 */
export async function createMongodbDatabase(): Promise<string> {
  const server = inject("mongodbUrl");
  if (!server) throw new Error("there is no MongoDB here; put the test inside describeMongodb");
  const name = freshName();
  cleanUp(async () => {
    const client = new MongoClient(server);
    await client
      .db(name)
      .dropDatabase()
      .finally(() => client.close());
  });
  // Not by URL: several hosts are no valid URL authority.
  return server.replace(/^(mongodb(?:\+srv)?:\/\/[^/?]+)\/?[^?]*/, `$1/${name}`);
}

/** `describe` that is skipped where no MongoDB could be had (under CI the run has failed before that). */
export const describeMongodb = describe.skipIf(!inject("mongodbUrl"));

async function onPostgres(sql: string): Promise<void> {
  const client = new pg.Client(inject("postgresUrl"));
  await client.connect();
  await client.query(sql).finally(() => client.end());
}

const freshName = () => `heddle_${randomBytes(6).toString("hex")}`;

const afterFile: (() => Promise<void>)[] = [];
afterAll(async () => {
  for (const clean of afterFile.splice(0)) await clean();
});

function cleanUp(clean: () => Promise<void>): void {
  if (TestRunner.getCurrentTest()) onTestFinished(clean);
  else afterFile.push(clean);
}
