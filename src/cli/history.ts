import { positiveNumber } from "./grants.js";
import type { GlobalFlags, Verb } from "./program.js";
import { print, printJson } from "./terminal.js";

export const historyCommand: Verb = (program) => {
  const command = program
    .command("history <environment>")
    .description("list what was applied to an environment's database, newest first")
    .option("--limit <n>", "the most lines to print", positiveNumber, 20)
    .option("--config <rev|dir>", "where the trusted configuration is read from", "HEAD")
    .option("--json", "print the list as JSON")
    .action(async (environment: string) => {
      const flags = command.optsWithGlobals<HistoryFlags>();
      const { history } = await import("../operations/history.js");
      const entries = await history({ ...flags, environment });
      if (flags.json) return printJson(entries);
      for (const { id, kind, at, who, revision, counts } of entries) {
        const { created, updated, deleted } = counts;
        print(
          `${id.slice(0, 8)}  ${at}  ${kind.padEnd(8)}  ${revision.slice(0, 10)}  +${created} ~${updated} -${deleted}  ${who}`,
        );
      }
      if (entries.length === 0) print("Nothing was applied yet.");
    });
};

interface HistoryFlags extends GlobalFlags {
  limit: number;
  config: string;
  json?: boolean;
}
