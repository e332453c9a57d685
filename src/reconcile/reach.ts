import type { WriteSession } from "../database/database.js";
import type { Dependent } from "../model/dataset.js";
import { HeddleError } from "../model/errors.js";
import { affected, describeDependent } from "../plan/dependents.js";
import type { Step } from "../plan/order.js";

/**
 * HDL602 where deletes would now reach other rows than the plan showed. The rows to delete are locked by then, so that
 * no row can come to refer to them.
 */
export async function checkReach(
  session: WriteSession,
  steps: readonly Step[],
  expected: readonly Dependent[] = [],
): Promise<void> {
  const whole = steps.filter(({ only }) => !only).map(({ plan: { dataset }, changes }) => ({ dataset, changes }));
  const { doomed, rewritten } = affected(whole);
  if (doomed.length === 0) return;
  const now = await session.dependents(doomed, rewritten);
  const [then, today] = [expected, now].map((all) => new Set(all.map(describeDependent)));
  const problems = now
    .filter((one) => !then!.has(describeDependent(one)))
    .map((one) => ({ dataset: one.dataset, message: describeDependent(one) }));
  if (problems.length === 0 && then!.size === today!.size) return;
  throw new HeddleError("HDL602", "deletes would reach other rows than this plan showed; nothing was written", {
    problems,
    hint: "plan again",
  });
}
