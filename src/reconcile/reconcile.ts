import type { Database, Exclusive, ReadSession, WriteSession } from "../database/database.js";
import type { Dataset, Dependent } from "../model/dataset.js";
import { HeddleError } from "../model/errors.js";
import type { SeenRows } from "../model/fingerprint.js";
import type { Journal } from "../model/journal.js";
import type { Fields } from "../model/json.js";
import type { AlteredEntry, AppliedRecord } from "../model/record.js";
import type { Step } from "../plan/order.js";
import type { Rules } from "../plan/plan.js";
import type { Side } from "../plan/side.js";
import { withExceptions } from "./altered.js";
import type { Aside } from "./aside.js";
import { splitSteps } from "./chunks.js";
import { checkFences, checkState, whyRefused } from "./fences.js";
import { follow } from "./fingerprints.js";
import { type Hooks, runHooks } from "./hooks.js";
import { partsOf } from "./parts.js";
import type { Point } from "./points.js";
import { checkReach } from "./reach.js";
import { makeRoom } from "./room.js";
import { writeOnce } from "./settle.js";
import { checkShapes } from "./shapes.js";
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
  /** What to record at the end, without the counts. */
  record: Omit<AppliedRecord, "counts">;
  /** The most changes of one transaction; undefined where all of them go into one. */
  chunkSize: number | undefined;
  /** The journal that was open when the plan was made: of the same plan, to be continued, or to be replaced by this one. */
  journal: Journal | undefined;
  grants: Journal["grants"];
  hooks: Hooks;
  /** Rows that the plan does not name and its deletes were seen to reach. */
  dependents?: readonly Dependent[];
  undoes?: Journal["undoes"];
  /** Of datasets, as the plan saw their rows: kept with the record as they are then. */
  fingerprints?: ReadonlyMap<string, SeenRows>;
  /** Stops at the next safe point. */
  signal?: AbortSignal;
  /** Called with the number of entries written so far. */
  progress?(written: number): void;
  /** Called at every named point. */
  reached?(point: Point): void;
}

/** What is committed so far. */
interface Done {
  counts: AppliedRecord["counts"];
  altered: readonly AlteredEntry[];
  steps: readonly Step[];
  /** The journal as it lies in the database. */
  journal: Journal | undefined;
}

/**
 * Makes a database what the plan says: lock, fences, writes, record. One transaction where that fits; else chunks under
 * one lock, each a transaction with its own fences and with the journal, which tells how far it came; the record goes
 * into the last. HDL602, nothing of the chunk written, where an entry, the record or the journal moved since the plan.
 * HDL900 where the signal stopped it.
 */
export async function reconcile(input: ReconcileInput): Promise<void> {
  const { database, journal, record } = input;
  const chunks = splitSteps(input.steps, input.chunkSize);
  const continued = journal?.record.plan === record.plan ? journal : undefined;
  const counts = continued?.record.counts ?? { created: 0, updated: 0, deleted: 0 };
  let done: Done = { counts, altered: [], steps: [], journal };
  stopIfAsked(input, done);
  if (chunks.length === 1 && database.capabilities.transactions) {
    await writeChunk(input, done, chunks[0]!, true);
    return;
  }
  const run = async () => {
    const before = continued?.chunks.done ?? 0;
    done = await openJournal(input, done, { done: before, total: before + chunks.length });
    for (const [i, steps] of chunks.entries()) {
      stopIfAsked(input, done);
      done = await writeChunk(input, done, steps, i === chunks.length - 1);
    }
  };
  await (database.hold ? database.hold(run) : run());
}

async function openJournal(input: ReconcileInput, done: Done, chunks: Journal["chunks"]): Promise<Done> {
  const journal = journalOf(input, done, chunks);
  const stands = async (session: ReadSession) => (await openedJournal(session, journal.record.plan)) !== undefined;
  const opened = await writeOnce(input.database, stands, async (session) => {
    await session.lock();
    await checkState(session, input, done.journal);
    await keepJournal(session, done.journal, journal);
    return { ...done, journal };
  });
  input.reached?.("journal-opened");
  return opened;
}

/** What a chunk finds counts once it is committed: it may be tried again. */
async function writeChunk(input: ReconcileInput, done: Done, steps: readonly Step[], isLast: boolean): Promise<Done> {
  const { database, reached } = input;
  const stands = async (session: ReadSession) => {
    if (isLast) return (await session.history(20)).some(({ plan }) => plan === input.record.plan);
    const open = await openedJournal(session, input.record.plan);
    return open !== undefined && open.chunks.done > done.journal!.chunks.done;
  };
  const committed = await writeOnce(database, stands, async (session): Promise<Done> => {
    reached?.("before-lock");
    await session.lock();
    reached?.("after-lock");
    await checkState(session, input, done.journal);
    await checkShapes(session, steps);
    await checkFences(session, input, steps);
    await checkReach(session, steps, input.dependents);
    reached?.("after-fences");
    if (sum(done.counts) === 0 && steps.length > 0) await runHooks(database, session, input.hooks, "preApply");
    const counts = { ...done.counts };
    const altered = [...done.altered];
    const aside: Aside = new Map();
    const prints = follow(session, (!input.chunkSize && input.fingerprints) || new Map());
    for (const step of await makeRoom(session, input, steps, aside)) {
      const target = input.target(step);
      let rest = step.changes.length;
      for await (const part of partsOf(target.git, step)) {
        if (database.capabilities.transactions) stopIfAsked(input, done);
        reached?.("before-write");
        rest -= part.changes.length;
        const write = () => writeChanges(session, input, step, part, aside);
        altered.push(...(await prints.around(step, target.rules, part.changes, rest === 0, write)));
        reached?.("after-write");
        if (!step.only) counts[`${step.kind}d`] += part.changes.length;
        input.progress?.(sum(counts));
      }
    }
    const isContinued = done.journal?.record.plan === input.record.plan;
    if (isLast && (steps.length > 0 || isContinued))
      await runHooks(database, session, input.hooks, "postApply", "verify");
    reached?.("before-record");
    const next = { counts, altered, steps: [...done.steps, ...steps] };
    const journal = isLast ? undefined : journalOf(input, next, nextOf(done.journal!.chunks));
    if (isLast) await session.saveRecord(await prints.save(recordOf(input, next)));
    await keepJournal(session, done.journal, journal);
    reached?.("before-commit");
    return { ...next, journal };
  }).catch(async (error: unknown) => {
    throw await whyRefused(error, input, steps);
  });
  reached?.("after-commit");
  return committed;
}

async function openedJournal(session: ReadSession, plan: string): Promise<Journal | undefined> {
  return (await session.journals()).find(({ record }) => record.plan === plan);
}

/** Puts `next` in the place of the journal as it lies in the database; undefined closes it. */
async function keepJournal(session: WriteSession, now: Journal | undefined, next: Journal | undefined): Promise<void> {
  if (now && now.record.plan !== next?.record.plan) await session.closeJournal!(now.record.plan);
  if (next) await session.saveJournal!(next);
}

const sum = ({ created, updated, deleted }: Done["counts"]) => created + updated + deleted;

const nextOf = ({ done, total }: Journal["chunks"]) => ({ done: done + 1, total });

function journalOf(input: ReconcileInput, done: Omit<Done, "journal">, chunks: Journal["chunks"]): Journal {
  const { grants, undoes } = input;
  return { version: 1, record: recordOf(input, done), grants, chunks, ...(undoes && { undoes }) };
}

function recordOf({ record }: ReconcileInput, { counts, altered, steps }: Omit<Done, "journal">): AppliedRecord {
  return withExceptions({ ...record, counts }, steps, altered);
}

/** A transaction that is not committed yet takes back what it wrote. */
function stopIfAsked({ signal, journal: before, record }: ReconcileInput, { journal }: Done): void {
  if (!signal?.aborted) return;
  const { done, total } = journal?.chunks ?? { done: 0, total: 0 };
  throw journal && (journal !== before || journal.record.plan === record.plan)
    ? new HeddleError("HDL900", `interrupted: ${done} of ${total} transactions are committed`, {
        hint: `heddle apply ${record.environment} --resume finishes it, heddle undo ${record.environment} takes it back`,
      })
    : new HeddleError("HDL900", "interrupted; nothing was written");
}
