import type { TestProject } from "vitest/node";
import { startMongodb } from "./mongodb-server.js";
import { startPostgres } from "./postgres-server.js";

declare module "vitest" {
  interface ProvidedContext {
    /** A superuser's URL to the maintenance database of a PostgreSQL with wal_level=logical. */
    postgresUrl: string;
    /** A MongoDB that answers as a replica set; undefined where none can be had. */
    mongodbUrl: string | undefined;
    /** Its name and version, such as "mongod 8.0.4" or "secantusd-py 0.7.0b3". */
    mongodbServer: string | undefined;
  }
}

/**
 * Starts the test servers once for a run; what they wrote ends with it.
 * HEDDLE_TEST_POSTGRES_URL and HEDDLE_TEST_MONGODB_URL name servers to use instead (a superuser's; a replica set).
 * HEDDLE_TEST_MONGODB_SERVER insists on one kind: mongod, secantusd-rs, mongodb-memory-server or secantusd-py.
 */
export default async function setup({ provide }: TestProject): Promise<() => Promise<void>> {
  const stops: (() => Promise<void>)[] = [];
  const teardown = async () => {
    await Promise.all(stops.map((stop) => stop()));
  };
  const results = await Promise.allSettled([
    providePostgres(provide).then((stop) => stops.push(stop)),
    provideMongodb(provide).then((stop) => stops.push(stop)),
  ]);
  const failed = results.find((result) => result.status === "rejected");
  if (failed) {
    await teardown();
    throw failed.reason;
  }
  return teardown;
}

type Provide = TestProject["provide"];

const nothing = async () => {};

async function providePostgres(provide: Provide): Promise<() => Promise<void>> {
  const given = process.env.HEDDLE_TEST_POSTGRES_URL;
  const server = given ? { url: given, stop: nothing } : await startPostgres();
  provide("postgresUrl", server.url);
  return server.stop;
}

async function provideMongodb(provide: Provide): Promise<() => Promise<void>> {
  const given = process.env.HEDDLE_TEST_MONGODB_URL;
  const found = given
    ? { url: given, server: "the one of HEDDLE_TEST_MONGODB_URL", stop: nothing }
    : await startMongodb(process.env.HEDDLE_TEST_MONGODB_SERVER);
  const server = typeof found === "string" ? undefined : found;
  provide("mongodbUrl", server?.url);
  provide("mongodbServer", server?.server);
  if (server) {
    console.log(`MongoDB for the tests: ${server.server}`);
    return server.stop;
  }
  const message = `No MongoDB could be had, so its tests ${process.env.CI ? "fail" : "are SKIPPED"}:\n${found}\n`;
  if (process.env.CI) throw new Error(message);
  console.warn(`\n${"!".repeat(100)}\n${message}${"!".repeat(100)}\n`);
  return nothing;
}
