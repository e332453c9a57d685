import { HeddleError } from "../model/errors.js";
import { type Change, countChanges, type Plan } from "../plan/plan.js";
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
  const blocked = datasets.flatMap(({ dataset, blocked }) => blocked.map((change) => ({ dataset, change })));
  if (blocked.length === 0) return;
  const drifted = blocked.every(({ change }) => change.label === "drift");
  throw new HeddleError("HDL601", `${drifted ? "the database drifted" : "both sides changed"}; nothing was written`, {
    problems: blocked.map(({ dataset, change }) => ({
      dataset: dataset.name,
      key: change.name.replace(/\.json$/, ""),
      message: blockedBecause(change),
    })),
    hint: drifted
      ? "take it over into git by a commit, or set apply.onDrift (overwrite, keep) for the environment"
      : "take one side over by a commit, or set apply.onConflict (git, live) for the environment",
  });
}

function blockedBecause({ label, kind, fields }: Change): string {
  if (label === "drift") return "drifted, and onDrift is fail";
  if (kind === "delete") return "deleted in git and changed in the database";
  const both = fields.filter((field) => field.label === "conflict").map(({ path }) => path);
  return `changed in git and in the database${both.length > 0 ? `: ${both.join(", ")}` : ""}`;
}

function requireConsents(missing: readonly Consent[]): void {
  if (missing.length === 0) return;
  throw new HeddleError("HDL600", "refused by safety rules; nothing was written", {
    problems: missing.flatMap(({ reason, list = [], flag }) => [
      { message: reason, hint: flag },
      ...list.map((item) => ({ message: `  ${item}` })),
    ]),
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
