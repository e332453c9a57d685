import { tell } from "./terminal.js";

/** Aborted by the first SIGINT or SIGTERM: the work stops at its next safe point. A second one ends the process at once. */
export function stopSignal(): AbortSignal {
  const controller = new AbortController();
  const stop = () => {
    // Without a listener a signal does what it always does.
    for (const name of signals) process.off(name, stop);
    tell("stopping at the next safe point; once more stops at once");
    controller.abort();
  };
  for (const name of signals) process.on(name, stop);
  return controller.signal;
}

const signals = ["SIGINT", "SIGTERM"] as const;
