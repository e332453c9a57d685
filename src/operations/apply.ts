import { randomUUID } from "node:crypto";
import { whoami } from "../config/environment.js";
import type { WriteSession } from "../database/database.js";
import { HeddleError } from "../model/errors.js";
import type { Journal } from "../model/journal.js";
import type { AppliedRecord, Exception } from "../model/record.js";
import type { Plan } from "../plan/plan.js";
import type { Consent } from "../plan/policy.js";
import { announced } from "./announce.js";
import type { CompareInput, Comparison } from "./compare.js";
import { keptEntries } from "./exceptions.js";
import { type Confirm, passGate } from "./gate.js";
import { nextHold } from "./hold.js";
import { untouchedDigest } from "./incremental.js";
import { makePlan, type PlanOptions } from "./plan.js";
import { loadPlan, requireSame } from "./saved-plan.js";
import { recordedShape, shapeDigest, shapeRecord } from "./shape-digest.js";
import { readState } from "./state.js";
import { type Destination, desiredState, locate, withDatabase } from "./target.js";
import { undoIn } from "./undo.js";
import { refuseUnfinished } from "./unfinished.js";
import { write } from "./write.js";

export interface ApplyOptions extends PlanOptions {
  /** A saved plan's file: exactly that is applied, with the consents given when it was made, or nothing. */
  plan?: string;
  /** Finishes an apply that broke off, as it was begun and with its consents, and then goes on as any apply. */
  resume?: boolean;
  confirm?: Confirm;
  /** Who the record says it is by; the user and host, or what CI says, where it is not given. */
  who?: string;
}

export interface ApplyResult {
  plan: Plan;
  /** False where database and record already were what the revision says. */
  written: boolean;
  /** What finished an apply, or an undo, that had broken off. */
  resumed?: Plan;
}

/**
 * Makes a database what a revision says: reads the revision, compares it with the database, three ways with what was
 * applied last, asks for the consents that this needs, writes exactly that plan, and records it: all or nothing, or
 * journaled so that it can be resumed.
 *
 * HDL600 for missing consents, HDL601 for entries that the rules say to fail on, HDL602 where something moved since the
 * plan, HDL609 while another apply is not finished; nothing is written then. The same revision again writes nothing.
 */
export async function apply(options: ApplyOptions): Promise<ApplyResult> {
  refuseLateGrants(options);
  const place = await locate(options);
  return announced(place.environment, "apply", options, (own) =>
    withDatabase(place, (destination) => applyTo(destination, own)),
  );
}

/** The same where the database is open already. */
export async function applyTo(destination: Destination, options: ApplyOptions): Promise<ApplyResult> {
  const resumed = options.resume ? await resume(destination, options) : undefined;
  const saved = options.plan === undefined ? undefined : await loadPlan(options.plan);
  const full = saved ? !saved.plan.datasets.some(({ compared }) => compared === "changed") : options.full;
  const wanted = await desiredState(destination, { ...options, ...(full && { full }) });
  const desired: CompareInput = { ...wanted, fingerprints: true };
  const own = { ...options, ...(saved && { grants: saved.grants }) };
  const made = await makePlan(desired, own);
  const { plan, record, found } = made;
  refuseUnfinished(made.unfinished);
  if (saved) requireSame(saved, plan, { ...destination, found, overlay: digestOf(desired) });
  const more = resumed && { resumed };
  if (isApplied(plan, record, desired)) return { plan, written: false, ...more };
  await writeMade(destination, desired, { ...made, plan: { ...plan, id: saved?.plan.id ?? plan.id } }, own);
  return { plan, written: true, ...more };
}

/** Consents of a saved plan are part of what was approved. HDL100 for more of them. */
function refuseLateGrants({ plan, resume, grants = {} }: ApplyOptions): void {
  if (plan === undefined || resume || Object.keys(grants).length === 0) return;
  throw new HeddleError("HDL100", "a saved plan is applied with the consents that it was made with, and no others", {
    hint: "give them when it is made: heddle plan ENV --out FILE --allow-deletes N",
  });
}

/** Finishes what broke off: what it has written is found converged, so that only the rest is written. */
async function resume(destination: Destination, options: ApplyOptions): Promise<Plan | undefined> {
  const { database, environment } = destination;
  const { unfinished: journal, found } = await database.read((session) => readState(session, environment, []));
  if (!journal) return undefined;
  if (journal.undoes)
    return (await undoIn(destination, { ...options, grants: { ...journal.grants, ...options.grants } })).plan;
  const { revision, overlay, plan: id } = journal.record;
  const wanted = await desiredState(destination, { ...options, revision });
  const desired: CompareInput = {
    ...wanted,
    ...recordedShape({ overlay }),
    finishing: journal,
  };
  const own = { ...options, grants: { ...journal.grants, ...options.grants } };
  const made = await makePlan(desired, own);
  const plan = { ...made.plan, id };
  // Without transactions the record may stand and the journal with it.
  if (found?.plan === id) await database.write((session) => close(session, journal));
  else await writeMade(destination, desired, { ...made, plan }, own);
  return plan;
}

async function close(session: WriteSession, journal: Journal): Promise<void> {
  await session.lock();
  await session.closeJournal!(journal.record.plan);
}

async function writeMade(
  destination: Destination,
  desired: CompareInput,
  made: Comparison & { missing: Consent[] },
  options: ApplyOptions,
): Promise<void> {
  const { plan, record, targets, missing } = made;
  await passGate(plan, missing, options.confirm);
  const kept = await keptEntries(plan.datasets, (part) => targets.get(part)!);
  const { repository } = destination.project;
  const release = options.grants?.releaseHold === true;
  const hold = record ? await nextHold(repository, plan, record, digestOf(desired), targets, release) : [];
  const who = options.who ?? whoami();
  const next = { ...newRecord(made, desired, kept), who, ...(hold.length > 0 && { hold }) };
  await write(destination, made, next, options);
}

const digestOf = ({ naming, overlay }: CompareInput) => shapeDigest(naming, overlay);

function isApplied(plan: Plan, record: AppliedRecord | undefined, desired: CompareInput): boolean {
  if (record?.revision !== plan.revision || record.environment !== plan.environment) return false;
  const weaves = new Set([...Object.keys(record.trees), ...Object.keys(plan.trees)]);
  // An undo of all that was applied leaves the revision, and owns nothing.
  if (![...weaves].every((weave) => record.trees[weave] === plan.trees[weave])) return false;
  const idle = plan.datasets.every(({ changes, blocked }) => changes.length + blocked.length === 0);
  const untouched = (name: string) => untouchedDigest(desired.environment, name);
  const isKnown = plan.datasets
    .filter(({ wanted }) => wanted > 0)
    .every(({ dataset: { name } }) => record.datasets?.[name]?.untouched === untouched(name));
  return idle && isKnown && record.overlay.digest === digestOf(desired);
}

function newRecord(
  made: Comparison,
  { environment, overlay, naming, finishing }: CompareInput,
  kept: readonly Exception[],
): Omit<AppliedRecord, "counts" | "who"> {
  const { plan, record: before, targets } = made;
  const owned = plan.datasets.filter((part) => targets.get(part)!.git !== undefined);
  return {
    version: 1,
    database: made.database ?? randomUUID(),
    identity: plan.identity,
    environment: plan.environment,
    ...(environment.formerly.length > 0 && { formerly: environment.formerly }),
    revision: plan.revision,
    trees: plan.trees,
    datasets: Object.fromEntries(
      owned.map(({ dataset, wanted }) => [
        dataset.name,
        { entries: wanted, untouched: untouchedDigest(environment, dataset.name) },
      ]),
    ),
    overlay: shapeRecord(naming, overlay),
    at: new Date().toISOString(),
    plan: plan.id,
    kind: plan.takesBack.length > 0 ? "rollback" : "apply",
    exceptions: [
      ...((finishing?.record ?? before)?.exceptions ?? []).filter(({ kind }) => kind === "altered"),
      ...kept,
    ],
  };
}
