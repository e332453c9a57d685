import { Option } from "commander";
import { printable } from "../model/printable.js";
import type { DatasetChanges, Prefer, WeaveResult } from "../operations/weave.js";
import { positiveNumber, wholeNumber } from "./grants.js";
import type { GlobalFlags, Verb } from "./program.js";
import { stopSignal } from "./stop-signal.js";
import { print, printJson, progressLine } from "./terminal.js";

export const weaveCommand: Verb = (program) => {
  const command = program
    .command("weave [weaves...]")
    .description("read the selected rows and documents and commit them; all weaves where none is named")
    .option("--branch <name>", "commit to this branch instead of the checked-out one")
    .option("--allow-deletes <n>", "remove up to <n> files where that is over maxDeletes", wholeNumber)
    .option("--accept-source", "weave from another database than before")
    .option("--accept-fields", "let new fields into a dataset with mask or omit")
    .addOption(
      new Option("--prefer <side>", "where git and the source changed the same, this one stays").choices([
        "git",
        "source",
      ]),
    )
    .option(
      "--conflict-branch <name>",
      "where they changed the same, commit what the source gives on this branch, for git merge",
    )
    .option("--onto <rev>", "first merge this revision into the branch, data by field; a new branch begins there")
    .option("--push", "push the branch and its views; what the remote's branch has is merged first")
    .option("--concurrency <n>", "read so many datasets at a time, on PostgreSQL (at most 8)", positiveNumber)
    .option("--json", "print the result as JSON")
    .action(async (weaves: string[]) => {
      const flags = command.optsWithGlobals<WeaveFlags>();
      const { weave } = await import("../operations/weave.js");
      const progress = progressLine();
      const result = await weave({
        ...flags,
        weaves,
        progress: progress.update,
        signal: stopSignal(),
      });
      progress.clear();
      if (flags.json) printJson(result);
      else describe(result);
    });
};

interface WeaveFlags extends GlobalFlags {
  branch?: string;
  allowDeletes?: number;
  acceptSource?: boolean;
  acceptFields?: boolean;
  prefer?: Prefer;
  conflictBranch?: string;
  onto?: string;
  push?: boolean;
  concurrency?: number;
  json?: boolean;
}

function describe({ weaves, commits, notes, branch }: WeaveResult): void {
  for (const note of notes) print(`! ${note}`);
  for (const { name, datasets } of weaves) for (const dataset of datasets) describeDataset(name, dataset);
  if (commits.length === 0) print("No changes; no commit.");
  for (const { id, subject } of commits) print(`Committed ${id.slice(0, 10)} to ${branch}: ${subject}`);
}

function describeDataset(weave: string, dataset: DatasetChanges): void {
  const { name, entries, added, changed, removed, edited, deleted, preferred, dropped } = dataset;
  const parts = [
    [added, "added"],
    [changed, "changed"],
    [removed, "removed"],
    [dropped, "dropped by a transform"],
    [edited.length, "edited in git, not in the source"],
    [deleted.length, "deleted in git, still in the source"],
  ] as const;
  const shown = parts.filter(([count]) => count > 0).map(([count, word]) => `, ${count} ${word}`);
  print(`${weave}/${name}: ${entries} ${entries === 1 ? "entry" : "entries"}${shown.join("")}`);
  list("edited in git", edited);
  list("deleted in git", deleted);
  list("changed on both sides, decided by --prefer", preferred);
}

function list(what: string, paths: readonly string[]): void {
  for (const path of paths.slice(0, 20)) print(`  ${what}: ${printable(path)}`);
  if (paths.length > 20) print(`  … and ${paths.length - 20} more`);
}
