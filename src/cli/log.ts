import { printable } from "../model/printable.js";
import type { EntryChange, LogEntry } from "../operations/log.js";
import { wholeNumber } from "./grants.js";
import type { GlobalFlags, Verb } from "./program.js";
import { print, printJson, printLine, tell } from "./terminal.js";

export const logCommand: Verb = (program) => {
  const command = program
    .command("log [of]")
    .description("list the commits that touched a dataset or an entry, [WEAVE:]DATASET[/KEY], with what they changed")
    .option("--since <time>", "committed at this time or later")
    .option("--until <time>", "committed at this time or before")
    .option("--author <text>", "whose author's name or address holds this")
    .option("--limit <n>", "the most commits to print", wholeNumber, 20)
    .option("--branch <name>", "the branch whose history is asked; HEAD if not given")
    .option("--json", "print the list as JSON")
    .action(async (of: string | undefined) => {
      const { json, ...flags } = command.optsWithGlobals<LogFlags>();
      const { log } = await import("../operations/log.js");
      const result = await log({ ...flags, ...(of !== undefined && { of }) });
      if (json) return printJson(result);
      for (const commit of result.commits) await printCommit(commit);
      for (const note of result.notes) tell(`! ${note}`);
      if (result.commits.length === 0) print("No commit touched it.");
      if (result.more) print(`Older commits are left out: --limit ${2 * flags.limit} shows more.`);
    });
};

interface LogFlags extends GlobalFlags {
  since?: string;
  until?: string;
  author?: string;
  limit: number;
  branch?: string;
  json?: boolean;
}

/** Entries of one commit that the text shows. */
const mostShown = 20;

const marks = { created: "+", updated: "~", deleted: "-", moved: "~", renamed: "~" } as const;

async function printCommit({ commit, time, author, subject, changes, more }: LogEntry): Promise<void> {
  const { printFields } = await import("./fields.js");
  print(printable(`${commit.slice(0, 10)}  ${time}  ${author}  ${subject}`));
  for (const change of changes.slice(0, mostShown)) {
    const mark = marks[change.kind];
    printLine({ mark, text: printable(`  ${mark} ${described(change)}`) });
    printFields(change.fields, change.kind === "created");
  }
  const left = changes.length - mostShown + more;
  if (left > 0) printLine({ mark: "!", text: `  … and ${left} more entries` });
}

function described({ dataset, name, kind, from }: EntryChange): string {
  const entry = name === "_dataset" ? `${dataset} (its description)` : `${dataset}/${name}`;
  if (kind === "renamed") return `${entry} (was ${from})`;
  return kind === "moved" ? `${entry} (its file moved)` : entry;
}
