import { setTimeout as sleep } from "node:timers/promises";
import { type ClientSession, MongoError } from "mongodb";
import { HeddleError } from "../../model/errors.js";
import type { Database, ReadSession, WriteSession } from "../database.js";
import { runCommand } from "./command.js";
import { Connection } from "./connection.js";
import { breakLease, type Lease, leaseHolder, takeLease } from "./lock.js";
import { contextOf } from "./read.js";
import { isSnapshotLost, isTransient } from "./server-error.js";
import { readSession, writeSession } from "./session.js";

/** MongoDB 6 to 8. `capabilities` are a replica set's until the first call has met the server. */
export function openMongodb(url: string, options: { label?: string } = {}): Database {
  const connection = new Connection(url, options.label);
  let held: Held | undefined;
  return {
    engine: "mongodb",
    get capabilities() {
      return connection.capabilities;
    },
    read: (work) => read(connection, work),
    write: (work) => write(connection, held, work),
    isTransient,
    holder: () => leaseHolder(connection),
    async hold(work) {
      await connection.ready();
      await using session = startSession(connection);
      const lease = await takeLease(connection, session);
      held = { lease, session };
      try {
        return await work();
      } finally {
        held = undefined;
        await lease.release();
      }
    },
    unlock: ({ token }) => breakLease(connection, token),
    // A collection that is not empty gets its indexes outside of transactions alone (manual, "Transactions and Operations").
    mend: async (statement) => {
      await connection.ready();
      await runCommand(contextOf(connection, undefined), statement);
    },
    [Symbol.asyncDispose]: () => connection[Symbol.asyncDispose](),
  };
}

/** A snapshot that the server gave up is started again once: `work` then runs a second time. */
async function read<T>(connection: Connection, work: (session: ReadSession) => Promise<T>): Promise<T> {
  await connection.ready();
  const once = async () => {
    if (!connection.capabilities.snapshots) return work(readSession(contextOf(connection, undefined)));
    await using session = connection.startSession({ snapshot: true });
    return await work(readSession(contextOf(connection, session)));
  };
  try {
    return await once();
  } catch (error) {
    if (!isSnapshotLost(error)) throw error;
  }
  try {
    return await once();
  } catch (error) {
    if (!isSnapshotLost(error)) throw error;
    throw new HeddleError("HDL202", `${connection.label}: twice the server gave up the snapshot that was being read`, {
      hint: "raise the server's minSnapshotHistoryWindowInSeconds (300 unless set) above the time that reading takes",
      cause: error,
    });
  }
}

/** The apply lock over several writes, and the session that all of them use. */
interface Held {
  lease: Lease;
  session: ClientSession | undefined;
}

/** Undefined where the server has no transactions. */
function startSession(connection: Connection): ClientSession | undefined {
  return connection.capabilities.transactions ? connection.startSession({}) : undefined;
}

/** `work` runs once. Reads in the transaction see the moment of its first call; only the commit is ever repeated. */
async function write<T>(
  connection: Connection,
  held: Held | undefined,
  work: (session: WriteSession) => Promise<T>,
): Promise<T> {
  await connection.ready();
  await using own = held ? undefined : startSession(connection);
  const session = held ? held.session : own;
  const context = contextOf(connection, session);
  let lease: Lease | undefined;
  const lock = async () => {
    lease ??= held?.lease ?? (await takeLease(connection, session));
    await lease.prove(session);
  };
  try {
    session?.startTransaction({
      readPreference: "primary",
      readConcern: { level: "local" },
      writeConcern: { w: "majority" },
    });
    const result = await work(writeSession(context, lock));
    if (session) await connection.guarded("writing", () => commit(session));
    return result;
  } catch (error) {
    // What cannot be aborted ends with the transaction's time limit; the first error is the one to tell.
    if (session?.inTransaction()) await session.abortTransaction().catch(() => {});
    throw error;
  } finally {
    if (held) held.lease.resume();
    else await lease?.release();
  }
}

/** Committing a transaction again is harmless, so an unknown outcome is asked for some more times. */
async function commit(session: ClientSession): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await session.commitTransaction();
    } catch (error) {
      const unknown = error instanceof MongoError && error.hasErrorLabel("UnknownTransactionCommitResult");
      if (!unknown) throw error;
      if (attempt === 5) {
        throw new HeddleError("HDL210", "the connection was lost during the commit", {
          hint: "it is not known whether the changes stand: look at the record, or run the same command again",
        });
      }
      await sleep(200 * attempt);
    }
  }
}
