import { randomUUID } from "node:crypto";
import { whoami } from "../config/environment.js";
import { HeddleError } from "../model/errors.js";
import type { AppliedRecord, Exception } from "../model/record.js";
import { countChanges, type Plan } from "../plan/plan.js";
import type { Consent } from "../plan/policy.js";
import { reconcile } from "../reconcile/reconcile.js";
import { type CompareInput, trustedFields } from "./compare.js";
import { keptEntries } from "./exceptions.js";
import { overlayDigest } from "./overlay-digest.js";
import { makePlan, type PlanOptions } from "./plan.js";
import { loadPlan, requireSame } from "./saved-plan.js";
import { desiredState, withDestination } from "./target.js";

export interface ApplyOptions extends PlanOptions {
  /** A saved plan's file: exactly that is applied, with the consents given when it was made, or nothing. */
  plan?: string;
  /** Answers "go on?" once the plan was shown. Grants nothing. */
  confirm?: (plan: Plan) => Promise<"yes" | "no" | "nobody to ask">;
}

export interface ApplyResult {
  plan: Plan;
  /** False where database and record already were what the revision says. */
  written: boolean;
}

/**
 * Makes a database what a revision says: reads the revision, compares it with the database, three ways with what was
 * applied last, asks for the consents that this needs, writes exactly that plan, and records it, all or nothing.
 *
 * HDL600 for missing consents, HDL601 for entries that the rules say to fail on, HDL602 where something moved since the
 * plan; nothing is written then. The same revision again writes nothing.
 */
export async function apply(options: ApplyOptions): Promise<ApplyResult> {
  return withDestination(options, async (destination) => {
    const saved = options.plan === undefined ? undefined : await loadPlan(options.plan);
    const desired = await desiredState(destination, options);
    const { plan, record, found, targets, missing, order } = await makePlan(desired, {
      ...options,
      ...(saved && { grants: saved.grants }),
    });
    if (saved) requireSame(saved, plan, { ...destination, found, overlay: overlayDigest(desired.overlay) });
    if (isApplied(plan, record, desired)) return { plan, written: false };

    refuseBlocked(plan);
    requireConsents(missing);
    await requireAnswer(plan, options);

    const kept = await keptEntries(plan.datasets, (part) => targets.get(part)!);
    await reconcile({
      database: destination.database,
      steps: order.steps(plan.datasets),
      target: (step) => targets.get(step.plan)!,
      parse: trustedFields,
      seen: found,
      record: newRecord({ ...plan, id: saved?.plan.id ?? plan.id }, record, desired, kept),
      progress: (written) => options.progress?.(`writing: ${written}`),
    });
    return { plan, written: true };
  });
}

function isApplied(plan: Plan, record: AppliedRecord | undefined, { overlay }: CompareInput): boolean {
  const idle = plan.datasets.every(({ changes, blocked }) => changes.length + blocked.length === 0);
  const same = record?.revision === plan.revision && record.environment === plan.environment;
  return idle && same && record.overlay.digest === overlayDigest(overlay);
}

export function refuseBlocked({ datasets }: Plan): void {
  const problems = datasets.flatMap(({ dataset, blocked }) =>
    blocked.map(({ name, label, kind, fields }) => ({
      dataset: dataset.name,
      key: name.replace(/\.json$/, ""),
      message:
        label === "drift"
          ? "drifted, and onDrift is fail"
          : `${kind === "delete" ? "deleted in git and changed in the database" : "changed in git and in the database"}${fields.length > 0 ? `: ${fields.map(({ path }) => path).join(", ")}` : ""}`,
    })),
  );
  if (problems.length === 0) return;
  throw new HeddleError("HDL601", "both sides changed; nothing was written", {
    problems,
    hint: "take one side over by a commit, or set apply.onConflict (git, live) or onDrift (overwrite, keep) for the environment",
  });
}

export function requireConsents(missing: readonly Consent[]): void {
  if (missing.length === 0) return;
  throw new HeddleError("HDL600", "refused by safety rules; nothing was written", {
    problems: missing.map(({ reason, flag }) => ({ message: reason, hint: flag })),
  });
}

export async function requireAnswer(plan: Plan, { confirm }: Pick<ApplyOptions, "confirm">): Promise<void> {
  const { created, updated, deleted } = countChanges(plan);
  if (!confirm || created + updated + deleted === 0) return;
  const answer = await confirm(plan);
  if (answer === "yes") return;
  throw new HeddleError(
    "HDL600",
    answer === "no" ? "not applied; nothing was written" : "nobody is there to answer; nothing was written",
    {
      hint: "--yes goes on without asking",
    },
  );
}

function newRecord(
  plan: Plan,
  before: AppliedRecord | undefined,
  { overlay }: CompareInput,
  kept: readonly Exception[],
): AppliedRecord {
  return {
    version: 1,
    database: before?.database ?? randomUUID(),
    identity: plan.identity,
    environment: plan.environment,
    revision: plan.revision,
    trees: plan.trees,
    overlay: { digest: overlayDigest(overlay), rules: overlay as unknown as AppliedRecord["overlay"]["rules"] },
    who: whoami(),
    at: new Date().toISOString(),
    counts: countChanges(plan),
    plan: plan.id,
    kind: plan.takesBack.length > 0 ? "rollback" : "apply",
    exceptions: [...(before?.exceptions ?? []).filter(({ kind }) => kind === "altered"), ...kept],
    ...(before && plan.takesBack.length > 0 && { hold: { trees: before.trees, overlay: before.overlay } }),
  };
}
