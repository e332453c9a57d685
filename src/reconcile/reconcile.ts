import type { Database, Exclusive } from "../database/database.js";
import type { Dataset } from "../model/dataset.js";
import type { Fields } from "../model/json.js";
import type { AlteredEntry, AppliedRecord } from "../model/record.js";
import type { Step } from "../plan/order.js";
import type { Rules } from "../plan/plan.js";
import type { Side } from "../plan/side.js";
import { withExceptions } from "./altered.js";
import type { Aside } from "./aside.js";
import { batchSize, slices, splitSteps, writeSize } from "./chunks.js";
import { checkFences, checkRecord } from "./fences.js";
import { makeRoom } from "./room.js";
import { writeChanges } from "./write-changes.js";

/** All that writing needs to know of one dataset. */
export interface Target {
  git: Side | undefined;
  base: Side | undefined;
  rules: Rules;
  /** The dataset with every field that the database has: what pre-images hold. */
  whole: Dataset;
  /** Unique keys whose values cannot simply change places. */
  exclusive: readonly Exclusive[];
}

export interface ReconcileInput {
  database: Database;
  /** In the order of writing. */
  steps: readonly Step[];
  target(step: Step): Target;
  parse(text: string): Fields;
  /** The record that the plan was made against. */
  seen: AppliedRecord | undefined;
  record: AppliedRecord;
  /** Called with the number of entries written so far. */
  progress?(written: number): void;
}

/** Whether the changes fit one transaction of this database. */
export function isAtomic({ capabilities }: Database, changes: number): boolean {
  return capabilities.transactions && changes <= (capabilities.transactionLimit ?? Number.POSITIVE_INFINITY);
}

/**
 * Makes a database what the plan says: lock, fences, writes, record. One transaction where that fits; else ordered
 * batches, each with its own lock and fences, the record in the last: what a broken run has written, the next one finds
 * converged. HDL602, nothing of the batch written, where an entry or the record moved since the plan.
 */
export async function reconcile(input: ReconcileInput): Promise<void> {
  const total = input.steps.reduce((sum, step) => sum + entriesOf(step), 0);
  const chunks = isAtomic(input.database, total)
    ? [[...input.steps]]
    : splitSteps(input.steps, Math.min(batchSize, input.database.capabilities.transactionLimit ?? batchSize));
  if (chunks.length === 0) chunks.push([]);
  let written = 0;
  let altered: AlteredEntry[] = [];
  for (const [i, steps] of chunks.entries()) {
    const isLast = i === chunks.length - 1;
    // What a chunk finds counts once it is committed: it may be tried again.
    const done = await input.database.write(async (session) => {
      const chunk = { written, altered: [...altered] };
      await session.lock();
      await checkRecord(session, input.seen);
      await checkFences(session, input, steps);
      const aside: Aside = new Map();
      for (const step of await makeRoom(session, input, steps, aside)) {
        for (const changes of slices(step.changes, writeSize(step))) {
          chunk.altered.push(...(await writeChanges(session, input, step, changes, aside)));
          chunk.written += entriesOf({ ...step, changes });
          input.progress?.(chunk.written);
        }
      }
      if (isLast) await session.saveRecord(withExceptions(input, chunk.altered));
      return chunk;
    });
    ({ written, altered } = done);
  }
}

/** A second pass over the same entries counts for nothing. */
function entriesOf({ changes, only }: { changes: readonly unknown[]; only?: readonly string[] }): number {
  return only ? 0 : changes.length;
}
