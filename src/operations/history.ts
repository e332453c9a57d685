import type { AppliedRecord } from "../model/record.js";
import { type TargetOptions, withDestination } from "./target.js";

export interface HistoryEntry {
  /** Id of the apply or undo. */
  id: string;
  kind: AppliedRecord["kind"];
  /** ISO 8601, UTC. */
  at: string;
  who: string;
  /** Commit id. */
  revision: string;
  counts: AppliedRecord["counts"];
}

export interface HistoryOptions extends TargetOptions {
  /** The most entries to give; 20 where it is not given. */
  limit?: number;
}

/** What was applied to an environment's database, newest first. Records of the database that it is a copy of are left out. */
export async function history(options: HistoryOptions): Promise<HistoryEntry[]> {
  return withDestination(options, ({ database, environment: { name, formerly } }) =>
    database.read(async (session) => {
      const identity = await session.identity();
      const records = (await session.history(options.limit ?? 20, [name, ...formerly])).filter(
        (record) => record.identity === identity,
      );
      return records.map(({ plan, kind, at, who, revision, counts }) => ({
        id: plan,
        kind,
        at,
        who,
        revision,
        counts,
      }));
    }),
  );
}
