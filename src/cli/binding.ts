import type { GlobalFlags, Verb } from "./program.js";
import { print } from "./terminal.js";

export const bindingCommand: Verb = (program) => {
  const command = program
    .command("binding <environment>")
    .description("print what names a saved plan by what it is for: the same after a merge, a squash or a rebase")
    .option("--rev <revision>", "the revision that is planned for", "HEAD")
    .option("--config <rev|dir>", "where the trusted configuration is read from", "HEAD")
    .action(async (environment: string) => {
      const flags = command.optsWithGlobals<GlobalFlags & { rev: string; config: string }>();
      const { binding } = await import("../operations/binding.js");
      print(await binding({ ...flags, environment, revision: flags.rev }));
    });
};
