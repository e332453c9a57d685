import type { Finding, ReadSession, Table } from "../database/database.js";
import { shapeOf } from "../database/shape.js";
import { affected } from "../plan/dependents.js";
import type { Plan } from "../plan/plan.js";
import { obstacles } from "./preflight.js";

/**
 * Adds to a plan what its database says about writing it: the tables as they are, what stands in the way, and the rows
 * that its deletes reach by foreign keys beside those that it names.
 */
export async function foresee(
  session: ReadSession,
  plan: Plan,
  tables: readonly Table[],
  found: readonly Finding[],
): Promise<void> {
  for (const part of plan.datasets) {
    const table = tables.find(({ name }) => name === part.dataset.name);
    if (table) part.shape = shapeOf(table);
  }
  const problems = obstacles(plan, found);
  if (problems.length > 0) plan.obstacles = problems;
  const { doomed, rewritten } = affected(plan.datasets);
  const dependents = doomed.length > 0 ? await session.dependents(doomed, rewritten) : [];
  if (dependents.length > 0) plan.dependents = dependents;
}
