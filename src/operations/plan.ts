import { readTogether } from "../database/together.js";
import type { Plan } from "../plan/plan.js";
import { type Consent, type Grants, missingConsents, policy } from "../plan/policy.js";
import type { RenderContext } from "../plan/show.js";
import { announce } from "./announce.js";
import { bindingOf } from "./binding.js";
import { type CompareInput, type Comparison, compare } from "./compare.js";
import { planData } from "./notice.js";
import { presentOnce } from "./present.js";
import { savePlan } from "./saved-plan.js";
import { shapeDigest } from "./shape-digest.js";
import { desiredState, locate, type TargetOptions, withDatabase } from "./target.js";
import { noteTransactions } from "./write.js";

/** A plan that is ready to be shown. */
export interface Shown {
  plan: Plan;
  /** Consents that no flag grants yet. */
  missing: Consent[];
  context: RenderContext;
  /** Of a plan that can be saved: see `bindingOf`. */
  binding?: string;
}

export interface PlanOptions extends TargetOptions {
  grants?: Grants;
  /** Shows the plan while its snapshot lasts, so that values are those of the plan. */
  present?: (shown: Shown) => Promise<void>;
}

export interface PlanFileOptions extends PlanOptions {
  /** Writes the plan, with the grants given, to this file for `apply --plan`. */
  out?: string;
}

/** What apply would do with a plan. */
export type Outcome = "nothing" | "changes" | "refused" | "conflict";

/** Shows what apply would change. Writes nothing, to the database or to git. Errors: HDL1xx to HDL4xx, HDL606. */
export async function plan(options: PlanFileOptions): Promise<{ plan: Plan; missing: Consent[]; outcome: Outcome }> {
  const place = await locate(options);
  const made = await withDatabase(place, async (destination) => {
    const desired = await desiredState(destination, options);
    const present = async (shown: Shown) =>
      options.present?.({ ...shown, binding: bindingOf({ ...desired, trees: shown.plan.trees }) });
    const { plan, missing, found, unfinished } = await makePlan(desired, { ...options, present });
    if (options.out !== undefined) {
      const { environment } = destination;
      await savePlan(options.out, plan, options.grants ?? {}, {
        environment,
        found,
        overlay: shapeDigest(desired.naming, desired.overlay),
      });
    }
    return { plan, missing, outcome: unfinished ? ("conflict" as const) : outcomeOf(plan, missing) };
  });
  const { environment } = place;
  if (options.out !== undefined) {
    await announce(environment, "planned", { verb: "plan", ...planData(made.plan, made.missing) }, options);
  }
  return made;
}

/** Compares in one snapshot, adds what the plan has to say about writing, and presents it. */
export async function makePlan(
  input: CompareInput,
  { grants = {}, present }: Pick<PlanOptions, "grants" | "present">,
): Promise<Comparison & { missing: Consent[] }> {
  const show = presentOnce(present);
  return readTogether(input.database, input.concurrency ?? 1, async ([session, ...others]) => {
    const comparison = await compare(session, { ...input, others, deleteReleased: grants.deleteReleased === true });
    const { plan, context } = comparison;
    const atomic = noteTransactions(plan, input.database, input.environment.apply.atomic);
    const missing = [...missingConsents(policy(plan), grants, plan.environment), ...atomic];
    await show({ plan, missing, context });
    return { ...comparison, missing };
  });
}

function outcomeOf(plan: Plan, missing: readonly Consent[]): Outcome {
  if (plan.datasets.some(({ blocked }) => blocked.length > 0)) return "conflict";
  if (missing.length > 0) return "refused";
  return plan.datasets.some(({ changes }) => changes.length > 0) ? "changes" : "nothing";
}
