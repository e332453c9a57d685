import type { GlobalFlags, Verb } from "./program.js";
import { print, printJson } from "./terminal.js";

export const gitSetupCommand: Verb = (program) => {
  const command = program
    .command("git-setup")
    .description("let git merge and show data files by field, in this clone")
    .option("--uninstall", "take that back")
    .option("--json", "print what was changed as JSON")
    .action(async () => {
      const flags = command.optsWithGlobals<GlobalFlags & { uninstall?: boolean; json?: boolean }>();
      const { gitSetup } = await import("../operations/git-setup.js");
      const result = await gitSetup(flags);
      if (flags.json) return printJson(result);
      for (const name of result.changed) print(`${flags.uninstall ? "removed" : "set"} ${name}`);
      if (result.changed.length === 0) print(flags.uninstall ? "Nothing was set up." : "Everything is set up.");
      for (const note of result.notes) print(`! ${note}`);
    });
};
