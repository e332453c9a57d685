import type { MomentOptions } from "../operations/moment.js";
import type { GlobalFlags, Verb } from "./program.js";
import { printJson, printText, tell } from "./terminal.js";

export const showCommand: Verb = (program) => {
  const command = program
    .command("show <entry>")
    .description("print an entry, [WEAVE:]DATASET/KEY, as it was at a time or revision")
    .option("--at <time|rev>", "as it was then; the newest state if not given")
    .option("--woven-at <time>", "as the newest weave made by then had it")
    .option("--applied <environment>", "as this environment had it at the time of --at, or has it now")
    .option("--branch <name>", "the branch whose history is asked; HEAD if not given")
    .option("--config <rev|dir>", "with --applied: where the trusted configuration is read from", "HEAD")
    .option("--json", "print the entry, and where it comes from, as JSON")
    .action(async (entry: string) => {
      const { json, ...flags } = command.optsWithGlobals<ShowFlags>();
      const { show } = await import("../operations/show.js");
      const shown = await show({ ...flags, entry });
      for (const note of shown.notes) tell(`! ${note}`);
      if (json) printJson({ ...shown, document: JSON.parse(shown.text) as unknown });
      else printText(shown.text);
    });
};

type ShowFlags = GlobalFlags & MomentOptions & { json?: boolean };
