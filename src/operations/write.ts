import { testSignal } from "../config/test-signal.js";
import type { Database } from "../database/database.js";
import type { SeenRows } from "../model/fingerprint.js";
import type { Journal } from "../model/journal.js";
import type { AppliedRecord } from "../model/record.js";
import { countChanges, type DatasetPlan, type Plan } from "../plan/plan.js";
import type { Consent, Grants } from "../plan/policy.js";
import { chunkSize } from "../reconcile/chunks.js";
import { type ReconcileInput, reconcile, type Target } from "../reconcile/reconcile.js";
import { pace } from "./pace.js";
import type { Destination } from "./target.js";
import { trustedFields } from "./values.js";

/** A plan, and what writing it needs. */
export interface Writable {
  /** The database as the plan speaks of it. */
  named: Database;
  plan: Plan;
  targets: ReadonlyMap<DatasetPlan, Target>;
  order: { steps(plans: readonly DatasetPlan[]): ReconcileInput["steps"] };
  /** The record that lies in the database, and the journal. */
  found: AppliedRecord | undefined;
  journal: Journal | undefined;
  /** Of datasets, as the plan saw their rows. */
  fingerprints?: ReadonlyMap<string, SeenRows>;
}

export interface WriteOptions {
  grants?: Grants;
  progress?: (text: string) => void;
  /** Stops at the next safe point: HDL900 says what is committed and what to run. */
  signal?: AbortSignal;
}

/** Writes a plan and records it. Errors: see reconcile. */
export async function write(
  { environment }: Destination,
  { named: database, plan, targets, order, found, journal, fingerprints }: Writable,
  record: ReconcileInput["record"],
  { grants = {}, progress, signal }: WriteOptions,
  undoes?: Journal["undoes"],
): Promise<void> {
  const reached = testSignal();
  await reconcile({
    database,
    steps: order.steps(plan.datasets),
    target: (step) => targets.get(step.plan)!,
    parse: trustedFields,
    seen: found,
    record,
    chunkSize: chunkSize(database, total(plan), environment.apply.atomic),
    journal,
    grants: { ...grants },
    hooks: environment.hooks,
    ...(plan.dependents && { dependents: plan.dependents }),
    ...(undoes && { undoes }),
    ...(fingerprints && { fingerprints }),
    ...(signal && { signal }),
    ...(reached && { reached }),
    progress: pace(progress, "writing", total(plan)),
  });
}

/** Says in the plan where it takes more than one transaction; gives what `atomic: always` then stands in the way with. */
export function noteTransactions(plan: Plan, database: Database, atomic: "always" | "auto" | "never"): Consent[] {
  const changes = total(plan);
  const size = changes === 0 ? undefined : chunkSize(database, changes, atomic);
  if (size === undefined) return [];
  const chunks = Math.ceil(changes / size);
  const many = `${changes} ${changes === 1 ? "change" : "changes"}`;
  const reason = database.capabilities.transactions
    ? `not atomic: ${many} in ${chunks} transactions`
    : `not atomic: ${many}, each by itself, since this server has no transactions`;
  plan.notes.push(`${reason}; where it breaks off, heddle apply ${plan.environment} --resume goes on`);
  return atomic === "always" ? [{ kind: "atomic", count: chunks, reason, flag: "apply.atomic: auto" }] : [];
}

function total(plan: Plan): number {
  const { created, updated, deleted } = countChanges(plan);
  return created + updated + deleted;
}
