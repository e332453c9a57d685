import { setTimeout as sleep } from "node:timers/promises";
import { HeddleError } from "../model/errors.js";
import type { Database } from "./database.js";
import type { Sessions } from "./together.js";
import { wrapped } from "./wrapped.js";

export interface RetryOptions {
  /** How often at most, the first time included. */
  attempts?: number;
  /** Milliseconds before the second attempt; twice as long before each later one, at most 5 s, less a random part. */
  delay?: number;
  /** Told before each further attempt. */
  retrying?: (error: unknown, attempt: number) => void;
}

/**
 * A database whose whole reads and whole transactions are run again after transient errors, so `work` may run several
 * times; never a call inside one. A commit whose outcome is not known (HDL210) is no transient error.
 */
export function withRetry(database: Database, options: RetryOptions = {}): Database {
  const own = wrapped(database, {
    read: (work) => persist(database, () => database.read(work), options),
    write: (work) => persist(database, () => database.write(work), options),
  });
  if (!database.readTogether) return own;
  // What is known later is asked for anew: no spread.
  return Object.assign(own, {
    readTogether: <T>(count: number, work: (sessions: Sessions) => Promise<T>) =>
      persist(database, () => database.readTogether!(count, work), options),
  });
}

async function persist<T>(database: Database, run: () => Promise<T>, options: RetryOptions): Promise<T> {
  const { attempts = 5, delay = 100, retrying } = options;
  for (let attempt = 1; ; attempt++) {
    try {
      return await run();
    } catch (error) {
      // The server may not have noticed yet that the broken connection, which held the lock, is gone.
      const ownLock = attempt > 1 && error instanceof HeddleError && error.code === "HDL207";
      if (attempt >= attempts || !(database.isTransient(error) || ownLock)) throw error;
      retrying?.(error, attempt + 1);
      await sleep(Math.min(delay * 2 ** (attempt - 1), longest) * (0.5 + Math.random() / 2));
    }
  }
}

/** Milliseconds. */
const longest = 5000;
