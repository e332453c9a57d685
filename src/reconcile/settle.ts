import { setTimeout as sleep } from "node:timers/promises";
import type { Database, WriteSession } from "../database/database.js";
import { HeddleError } from "../model/errors.js";

/**
 * Runs `work` in one transaction that `stands` can recognise by what it recorded. Where the connection is lost during
 * the commit, the record decides whether it stands, or is run again; it is never run again unseen. HDL210 where the
 * database cannot be asked.
 */
export async function writeOnce<T>(
  database: Database,
  stands: (session: WriteSession) => Promise<boolean>,
  work: (session: WriteSession) => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    let result: { value: T } | undefined;
    try {
      return await database.write(async (session) => {
        result = undefined;
        const value = await work(session);
        result = { value };
        return value;
      });
    } catch (error) {
      if (!isUnknown(error)) throw error;
      if (result && (await isSettled(database, stands))) return result.value;
      if (attempt === 3) throw error;
    }
  }
}

function isUnknown(error: unknown): boolean {
  return error instanceof HeddleError && error.code === "HDL210";
}

/** Asked under the apply lock, which the lost transaction held: whoever has it sees all of its work, or none ever. */
async function isSettled(database: Database, stands: (session: WriteSession) => Promise<boolean>): Promise<boolean> {
  const until = Date.now() + patience;
  for (;;) {
    try {
      return await database.write(async (session) => {
        await session.lock();
        return stands(session);
      });
    } catch (error) {
      const isLocked = error instanceof HeddleError && error.code === "HDL207";
      if (!isLocked && !isUnknown(error) && !database.isTransient(error)) throw unsettled(error);
      if (Date.now() > until) throw unsettled(error);
      await sleep(500);
    }
  }
}

/** Milliseconds. */
const patience = 60_000;

function unsettled(cause: unknown): HeddleError {
  return new HeddleError("HDL210", "the connection was lost during the commit, and the record cannot be read", {
    hint: "it is not known whether the changes stand: run the same command again when the database can be reached; it finds out",
    cause,
  });
}
