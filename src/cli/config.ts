import type { GlobalFlags, Verb } from "./program.js";
import { print } from "./terminal.js";

export const configCommand: Verb = (program) => {
  const command = program.command("config").description("look at the configuration");
  const show = command
    .command("show")
    .description("print the effective configuration: defaults filled in and marked, secrets hidden")
    .action(async () => {
      const { directory } = show.optsWithGlobals<GlobalFlags>();
      const { showConfig } = await import("../operations/config-show.js");
      print((await showConfig(directory)).trimEnd());
    });
};
