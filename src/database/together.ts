import type { Database, ReadSession } from "./database.js";

/** One session and others that see the same moment. */
export type Sessions = readonly [ReadSession, ...ReadSession[]];

/** Runs `work` in as many sessions of one moment as are asked for and can be had: at least one, as `Database.read` does. */
export function readTogether<T>(
  database: Database,
  count: number,
  work: (sessions: Sessions) => Promise<T>,
): Promise<T> {
  if (count > 1 && database.readTogether) return database.readTogether(count, work);
  return database.read((session) => work([session]));
}
