import type { GlobalFlags, Verb } from "./program.js";
import { print, printJson } from "./terminal.js";

export const unlockCommand: Verb = (program) => {
  const command = program
    .command("unlock <environment>")
    .description("free the apply lock that a dead process left in an environment's database")
    .option("--force", "also where the holder seems to be alive; it can then commit nothing more")
    .option("--config <rev|dir>", "where the trusted configuration is read from", "HEAD")
    .option("--json", "print who held it as JSON")
    .action(async (environment: string) => {
      const flags = command.optsWithGlobals<UnlockFlags>();
      const { unlock } = await import("../operations/unlock.js");
      const holder = await unlock({ ...flags, environment });
      if (flags.json) return printJson(holder ?? null);
      if (!holder) return print(`Nobody holds the lock of ${environment}.`);
      print(
        `Freed the lock of ${environment}: ${holder.who}${holder.since === undefined ? "" : `, since ${holder.since}`}.`,
      );
      print(`heddle status ${environment} says whether an apply is left to be finished.`);
    });
};

interface UnlockFlags extends GlobalFlags {
  config: string;
  force?: boolean;
  json?: boolean;
}
