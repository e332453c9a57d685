import { printable } from "../model/printable.js";
import type { GrepMatch } from "../operations/grep.js";
import type { MomentOptions } from "../operations/moment.js";
import type { GlobalFlags, Verb } from "./program.js";
import { print, printJson, tell } from "./terminal.js";

export const grepCommand: Verb = (program) => {
  const command = program
    .command("grep <expression> [dataset]")
    .description("list the entries for which a JSONata expression is true, in one state or over its history")
    .option("--at <time|rev>", "in the state of then; the newest one if not given")
    .option("--woven-at <time>", "in the state of the newest weave made by then")
    .option("--history", "from when until when they matched, along first parents up to that state")
    .option("--first", "with --history: only the first time of each entry")
    .option("--branch <name>", "the branch whose history is asked; HEAD if not given")
    .option("--json", "print the matches as JSON")
    .action(async (expression: string, of: string | undefined) => {
      const { json, ...flags } = command.optsWithGlobals<GrepFlags>();
      const { grep } = await import("../operations/grep.js");
      const found = await grep({ ...flags, expression, ...(of !== undefined && { of }) });
      if (json) return printJson(found);
      for (const match of found.matches) print(printable(described(match)));
      for (const note of found.notes) tell(`! ${printable(note)}`);
      if (found.matches.length === 0) print("No entry matches.");
    });
};

type GrepFlags = GlobalFlags & MomentOptions & { history?: boolean; first?: boolean; json?: boolean };

function described({ dataset, name, since, until }: GrepMatch): string {
  const entry = `${dataset}/${name}`;
  if (!since) return entry;
  const end = until ? ` (until ${until.commit.slice(0, 10)}, ${until.time})` : "";
  return `${since.commit.slice(0, 10)}  ${since.time}  ${since.author}  ${entry}${end}  ${since.subject}`;
}
