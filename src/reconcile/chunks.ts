import type { Database } from "../database/database.js";
import type { Step } from "../plan/order.js";

/** Entries that are read or written at once. */
export const batchSize = 1000;

/** Changes of a chunk where there are no transactions, or where they are not wanted large. */
const smallChunk = 100;

/**
 * The most changes that go into one transaction where these many do not fit one; undefined where they do. `never` keeps
 * transactions small. A database without a limit takes all in one, whatever is asked.
 */
export function chunkSize(
  { capabilities: { transactions, transactionLimit } }: Pick<Database, "capabilities">,
  changes: number,
  atomic: "always" | "auto" | "never",
): number | undefined {
  if (!transactions) return smallChunk;
  if (transactionLimit === undefined) return undefined;
  const size = atomic === "never" ? Math.min(smallChunk, transactionLimit) : transactionLimit;
  return changes <= size ? undefined : size;
}

/** Steps cut into chunks of at most `size` changes, in their order; one chunk where no size is given. */
export function splitSteps(steps: readonly Step[], size = Number.POSITIVE_INFINITY): Step[][] {
  const chunks: Step[][] = [];
  let chunk: Step[] = [];
  let room = size;
  for (const step of steps) {
    for (let start = 0; start < step.changes.length; ) {
      const changes = step.changes.slice(start, start + room);
      chunk.push({ ...step, changes });
      start += changes.length;
      room -= changes.length;
      if (room === 0) {
        chunks.push(chunk);
        chunk = [];
        room = size;
      }
    }
  }
  if (chunk.length > 0 || chunks.length === 0) chunks.push(chunk);
  return chunks;
}

/** The most changes that are written at once: creates need no looking up. */
export const writeSize = ({ kind }: Step): number => (kind === "create" ? 5 * batchSize : batchSize);

/** Rows that refer to rows of their own table go in one statement, at whose end the database checks them. */
export function refersToItself({ plan: { dataset } }: Step): boolean {
  return dataset.references?.some((reference) => reference.dataset === dataset.name) === true;
}

export function* slices<T>(items: readonly T[], size: number): Generator<readonly T[]> {
  for (let start = 0; start < items.length; start += size) yield items.slice(start, start + size);
}
