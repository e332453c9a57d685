import { HeddleError } from "../model/errors.js";

/**
 * Shows a plan once, though the read that it is made in may be run again. HDL200 at a second time: what was shown may
 * be another plan.
 */
export function presentOnce<T>(present: ((shown: T) => Promise<void>) | undefined): (shown: T) => Promise<void> {
  let shown = false;
  return async (plan) => {
    if (shown) {
      throw new HeddleError("HDL200", "the connection was lost while the plan was shown", { hint: "run it again" });
    }
    shown = true;
    await present?.(plan);
  };
}
