import { HeddleError } from "../model/errors.js";
import { countChanges, type Plan } from "../plan/plan.js";
import type { Consent } from "../plan/policy.js";

/** Answers "go on?" once the plan was shown. Grants nothing. */
export type Confirm = (plan: Plan) => Promise<"yes" | "no" | "nobody to ask">;

/** What stands between a plan and writing it. HDL206 for what the database will not let be written, HDL601 for blocked entries, HDL600 for missing consents or a no. */
export async function passGate(plan: Plan, missing: readonly Consent[], confirm: Confirm | undefined): Promise<void> {
  refuseObstacles(plan);
  refuseBlocked(plan);
  requireConsents(missing);
  if (confirm) await requireAnswer(plan, confirm);
}

function refuseObstacles({ obstacles = [] }: Plan): void {
  if (obstacles.length === 0) return;
  throw new HeddleError("HDL206", "the database would refuse this; nothing was written", {
    problems: obstacles,
    hint: "heddle doctor ENVIRONMENT --sql prints what an administrator runs once",
  });
}

function refuseBlocked({ datasets }: Plan): void {
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

function requireConsents(missing: readonly Consent[]): void {
  if (missing.length === 0) return;
  throw new HeddleError("HDL600", "refused by safety rules; nothing was written", {
    problems: missing.map(({ reason, flag }) => ({ message: reason, hint: flag })),
  });
}

async function requireAnswer(plan: Plan, confirm: Confirm): Promise<void> {
  const { created, updated, deleted } = countChanges(plan);
  if (created + updated + deleted === 0) return;
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
