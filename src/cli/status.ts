import type { EnvironmentStatus } from "../operations/status.js";
import type { GlobalFlags, Verb } from "./program.js";
import { print, printJson } from "./terminal.js";

export const statusCommand: Verb = (program, exit) => {
  const command = program
    .command("status [environments...]")
    .description("show what is applied where, since when, and which commits lie between that and HEAD")
    .option("--config <rev|dir>", "where the trusted configuration is read from", "HEAD")
    .option("--json", "print the status as JSON")
    .action(async (environments: string[]) => {
      const flags = command.optsWithGlobals<GlobalFlags & { config: string; json?: boolean }>();
      const { status } = await import("../operations/status.js");
      const all = await status({ ...flags, environments });
      if (all.some(({ error }) => error !== undefined)) exit(1);
      if (flags.json) return printJson(all);
      for (const one of all) describe(one);
      if (all.length === 0) print("The configuration has no environment.");
    });
};

function describe({
  environment,
  applied,
  behind,
  ahead,
  unfinished,
  held,
  shares,
  exceptions,
  notes,
  error,
}: EnvironmentStatus): void {
  for (const note of notes) print(`! ${environment}: ${note}`);
  if (unfinished) print(`! ${environment}: ${unfinished.message}; ${unfinished.hint}`);
  if (!applied) {
    const there = shares.length > 0 ? `; its database is ${shares.join(", ")}'s` : "";
    print(`${environment}: ${error ?? `nothing applied yet${there}`}`);
    return;
  }
  print(
    `${environment}: ${applied.revision.slice(0, 10)} since ${applied.at} (${applied.kind} ${applied.id.slice(0, 8)} by ${applied.who})`,
  );
  if (shares.length > 0) print(`  shares its database with ${shares.join(", ")}`);
  list("behind HEAD by", behind);
  list("ahead of HEAD by", ahead);
  if (held) print("  held: a rollback or undo that git has not followed yet; --release-hold lets apply bring it again");
  if (exceptions > 0)
    print(`  ${exceptions} ${exceptions === 1 ? "entry is" : "entries are"} not as the revision says`);
}

function list(words: string, commits: EnvironmentStatus["behind"]): void {
  if (!commits || commits.length === 0) return;
  print(`  ${words} ${commits.length} ${commits.length === 1 ? "commit" : "commits"}:`);
  for (const { id, subject } of commits.slice(0, 10)) print(`    ${id.slice(0, 10)} ${subject}`);
  if (commits.length > 10) print(`    … and ${commits.length - 10} more`);
}
