import type { AppliedRecord } from "./record.js";

/**
 * An apply or undo that takes more than one transaction, while it is not finished. It lies in the destination, and is
 * written as a part of each transaction: it always tells exactly what the database holds.
 */
export interface Journal {
  version: 1;
  /** What will be recorded at the end, with counts and exceptions of what is written so far. */
  record: AppliedRecord;
  /** Consents that were given to it, by name. */
  grants: Record<string, string | number | boolean>;
  /** Transactions that are committed, and that there will be. */
  chunks: { done: number; total: number };
  /** An undo: the applies that it takes back, newest first. */
  undoes?: Pick<AppliedRecord, "plan" | "at" | "counts">[];
}
