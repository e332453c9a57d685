import { HeddleError } from "../model/errors.js";

/** HDL311 for a question whose answer a shallow clone does not have. */
export function shallowHistory(what: string): HeddleError {
  return new HeddleError("HDL311", `this clone is shallow: it does not tell ${what}`, {
    hint: "git fetch --unshallow --filter=blob:none",
  });
}
