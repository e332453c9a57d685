import type { ReadSession, WriteSession } from "../database/database.js";
import type { Digest } from "../model/entry.js";
import { HeddleError, type Problem } from "../model/errors.js";
import type { Journal } from "../model/journal.js";
import type { Fields } from "../model/json.js";
import { tableOf } from "../model/naming.js";
import { type AppliedRecord, heldTables, otherRecords, sharedTables } from "../model/record.js";
import type { Step } from "../plan/order.js";
import type { Change } from "../plan/plan.js";
import { comparedDigest } from "../plan/side.js";
import { batchSize, slices } from "./chunks.js";
import type { ReconcileInput } from "./reconcile.js";

/**
 * HDL602 where something was applied, or begun, since the plan was made: for this environment, or for another one that
 * holds the same datasets.
 */
export async function checkState(
  session: WriteSession,
  { seen, record, steps }: Pick<ReconcileInput, "seen" | "record" | "steps">,
  journal: Journal | undefined,
): Promise<void> {
  const [records, journals] = [await session.records(), await session.journals()];
  const own = [record.environment, ...(record.formerly ?? [])];
  const isOwn = ({ environment }: Pick<AppliedRecord, "environment">) => own.includes(environment);
  const [now, open] = [records.find(isOwn), journals.find((one) => isOwn(one.record))];
  const same = now?.plan === seen?.plan && now?.at === seen?.at;
  const sameOpen = open?.record.plan === journal?.record.plan && open?.chunks.done === journal?.chunks.done;
  const all = [...journals.map((one) => one.record), ...records];
  const others = otherRecords(all, own, record.identity);
  // An undo also writes what its record no longer holds.
  const written = steps.map(({ plan }) => tableOf(plan.dataset.name, record.imagesIn ?? record.overlay.naming));
  const names = [...(heldTables(record) ?? []), ...written];
  if (same && sameOpen && others.every((one) => sharedTables(one, names).length === 0)) return;
  throw new HeddleError("HDL602", "something else was applied since this plan was made", { hint: "plan again" });
}

/**
 * Reads every entry again, locked, before the first write; lists all that moved. Where the database refuses to create what
 * is there, `whyRefused` tells of that afterwards.
 */
export function checkFences(session: WriteSession, input: ReconcileInput, steps: readonly Step[]): Promise<void> {
  return refuseMoved(session, input, session.refusesExisting ? steps.filter(({ kind }) => kind !== "create") : steps);
}

/** Why a database refused a write: HDL602 where entries are there by now that were to be created, else its own error. */
export async function whyRefused(error: unknown, input: ReconcileInput, steps: readonly Step[]): Promise<unknown> {
  const creates = steps.filter(({ kind }) => kind === "create");
  if (!(error instanceof HeddleError) || error.code !== "HDL205" || creates.length === 0) return error;
  return input.database
    .read((session) => refuseMoved(session, input, creates))
    .then(
      () => error,
      (moved: unknown) => (moved instanceof HeddleError && moved.code === "HDL602" ? moved : error),
    );
}

async function refuseMoved(session: ReadSession, input: ReconcileInput, steps: readonly Step[]): Promise<void> {
  const problems: Problem[] = [];
  for (const step of steps) {
    if (step.only) continue;
    const { rules } = input.target(step);
    const { dataset } = step.plan;
    // Where nothing is there nothing has to be held at one time.
    for (const changes of slices(step.changes, step.kind === "create" ? 10 * batchSize : batchSize)) {
      const live = await readLive(session, input, step, changes);
      for (const change of changes) {
        const fields = live.get(change.name);
        const now: Digest | undefined = fields && comparedDigest(fields, rules);
        if (now === change.live) continue;
        const message = now === undefined ? "was deleted" : change.live === undefined ? "appeared" : "was changed";
        problems.push({ dataset: dataset.name, key: change.name.replace(/\.json$/, ""), message });
      }
    }
  }
  if (problems.length === 0) return;
  throw new HeddleError("HDL602", "entries moved since this plan was made", { problems, hint: "plan again" });
}

/** What the database has of changes' entries now, by the change's name. */
export async function readLive(
  session: ReadSession,
  input: ReconcileInput,
  step: Step,
  changes: readonly Change[],
  dataset = step.plan.dataset,
): Promise<Map<string, Fields>> {
  const names = new Map(changes.map((change) => [change.liveKey ?? change.key, change.name]));
  const live = new Map<string, Fields>();
  for await (const found of session.lookup(dataset, [...names.keys()])) {
    for (const { requested, entry } of found) live.set(names.get(requested)!, input.parse(entry.text));
  }
  return live;
}
