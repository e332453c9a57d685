import type { ReadSession } from "../database/database.js";
import { affected } from "../plan/dependents.js";
import type { Plan } from "../plan/plan.js";

/** Adds to a plan which rows its deletes reach by foreign keys, beside those that it names. */
export async function noteReach(session: ReadSession, plan: Plan): Promise<void> {
  const { doomed, rewritten } = affected(plan.datasets);
  if (doomed.length === 0) return;
  const dependents = await session.dependents(doomed, rewritten);
  if (dependents.length > 0) plan.dependents = dependents;
}
