import type { Database, WriteSession } from "../database/database.js";
import type { Dataset } from "../model/dataset.js";
import { digestOf, type Key } from "../model/entry.js";
import type { Fields } from "../model/json.js";
import type { AlteredEntry, AppliedRecord, PreImage } from "../model/record.js";
import type { Step } from "../plan/order.js";
import type { Change, Rules } from "../plan/plan.js";
import type { Side } from "../plan/side.js";
import { alteredEntries, withExceptions } from "./altered.js";
import { batchOf } from "./batch.js";
import { batchSize, slices, splitSteps, writeSize } from "./chunks.js";
import { checkFences, checkRecord } from "./fences.js";

/** All that writing needs to know of one dataset. */
export interface Target {
  git: Side | undefined;
  base: Side | undefined;
  rules: Rules;
  /** The dataset with every field that the database has: what pre-images hold. */
  whole: Dataset;
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
  const total = input.steps.reduce((sum, { changes }) => sum + changes.length, 0);
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
      for (const step of steps) {
        for (const changes of slices(step.changes, writeSize(step))) {
          chunk.altered.push(...(await writeChanges(session, input, step, changes)));
          chunk.written += changes.length;
          input.progress?.(chunk.written);
        }
      }
      if (isLast) await session.saveRecord(withExceptions(input, chunk.altered));
      return chunk;
    });
    ({ written, altered } = done);
  }
}

/** Writes one batch, keeps what undo would restore, and notices what the server stored otherwise. */
async function writeChanges(
  session: WriteSession,
  input: ReconcileInput,
  step: Step,
  changes: readonly Change[],
): Promise<AlteredEntry[]> {
  const { whole } = input.target(step);
  const { dataset } = step.plan;
  const before = step.kind === "create" ? new Map<string, string>() : await readTexts(session, whole, changes, oldKey);
  const batch = await batchOf(session, input, step, changes);
  await session.write(dataset, batch);
  const after = step.kind === "delete" ? new Map<string, string>() : await readTexts(session, whole, changes, newKey);
  const images = changes.map(({ key, name }): PreImage => {
    const [old, now] = [before.get(name), after.get(name)];
    const image = { dataset: dataset.name, key, name };
    return { ...image, ...(old !== undefined && { before: old }), ...(now !== undefined && { after: digestOf(now) }) };
  });
  await session.savePreImages(input.record.plan, images);
  if (batch.kind === "delete") return [];
  const wanted = batch.entries.map((entry) => new Map("set" in entry ? entry.set : entry.fields));
  const stored = changes.map(({ name }) => after.get(name));
  return alteredEntries(
    session,
    dataset,
    changes,
    wanted,
    stored.map((text) => (text === undefined ? undefined : input.parse(text))),
  );
}

const newKey = ({ key }: Change) => key;
const oldKey = ({ key, liveKey }: Change) => liveKey ?? key;

/** Whole entries by the change's name. */
async function readTexts(
  session: WriteSession,
  whole: Dataset,
  changes: readonly Change[],
  keyOf: (change: Change) => Key,
): Promise<Map<string, string>> {
  const names = new Map(changes.map((change) => [keyOf(change), change.name]));
  const texts = new Map<string, string>();
  for await (const found of session.lookup(whole, [...names.keys()])) {
    for (const { requested, entry } of found) texts.set(names.get(requested)!, entry.text);
  }
  return texts;
}
