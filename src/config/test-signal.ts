import { HeddleError } from "../model/errors.js";
import { processVariables, type Variables } from "./environment.js";

/**
 * For tests of faults: `HEDDLE_TEST_SIGNAL_AT=SIGKILL@after-write:2` makes the process send itself this signal when an
 * apply comes to that point (src/reconcile/points.ts) for the second time. Undefined where the variable is not set.
 */
export function testSignal(variables: Variables = processVariables()): ((point: string) => void) | undefined {
  const asked = variables.HEDDLE_TEST_SIGNAL_AT;
  if (asked === undefined || asked === "") return undefined;
  const [, signal, point, count = "1"] = /^(SIG[A-Z]+)@([a-z-]+)(?::(\d+))?$/.exec(asked) ?? [];
  if (!signal)
    throw new HeddleError("HDL103", "HEDDLE_TEST_SIGNAL_AT: expected SIGNAL@POINT:COUNT; it is for tests alone");
  let left = Number(count);
  return (reached) => {
    if (reached === point && --left === 0) process.kill(process.pid, signal);
  };
}
