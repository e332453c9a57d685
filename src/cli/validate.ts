import type { GlobalFlags, Verb } from "./program.js";
import { print, printJson } from "./terminal.js";

export const validateCommand: Verb = (program) => {
  const command = program
    .command("validate")
    .description("check the configuration and every data file of the work tree; needs no database")
    .option("--json", "print the result as JSON")
    .action(async () => {
      const flags = command.optsWithGlobals<GlobalFlags & { json?: boolean }>();
      const { validate } = await import("../operations/validate.js");
      const result = await validate({ directory: flags.directory });
      if (flags.json) return printJson(result);
      for (const note of result.notes) print(`! ${note}`);
      const count = (n: number, one: string, many: string) => `${n} ${n === 1 ? one : many}`;
      const weaves = count(result.weaves, "weave", "weaves");
      const environments = count(result.environments, "environment", "environments");
      print(`Valid: ${weaves}, ${environments}, ${count(result.entries, "entry", "entries")}.`);
    });
};
