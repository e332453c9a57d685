import { printable } from "../model/printable.js";
import type { ComparedDataset } from "../operations/compare-environments.js";
import type { GlobalFlags, Verb } from "./program.js";
import { print, printJson, printLine, progressLine } from "./terminal.js";

export const compareCommand: Verb = (program, exit) => {
  const command = program
    .command("compare <first> <second>")
    .description("compare what the databases of two environments hold, field by field")
    .option("--rev <revision>", "whose description of the datasets counts", "HEAD")
    .option("--config <rev|dir>", "where the trusted configuration is read from", "HEAD")
    .option("--json", "print the differences as JSON")
    .option("--exit-code", "exit 2 where they differ")
    .action(async (first: string, second: string) => {
      const flags = command.optsWithGlobals<CompareFlags>();
      const [{ compareEnvironments }, { printFields }] = await Promise.all([
        import("../operations/compare-environments.js"),
        import("./fields.js"),
      ]);
      const progress = progressLine();
      const { differs, ...result } = await compareEnvironments({
        directory: flags.directory,
        environments: [first, second],
        revision: flags.rev,
        config: flags.config,
        progress: progress.update,
      });
      progress.clear();
      if (flags.json) printJson({ ...result, differs });
      else {
        for (const part of result.datasets) printDataset(part, first, second, printFields);
        print(summary(result.datasets, first, second));
      }
      if (differs && flags.exitCode) exit(2);
    });
};

interface CompareFlags extends GlobalFlags {
  rev: string;
  config: string;
  json?: boolean;
  exitCode?: boolean;
}

type PrintFields = typeof import("./fields.js")["printFields"];

function printDataset(part: ComparedDataset, first: string, second: string, printFields: PrintFields): void {
  if (part.onlyFirst.length + part.onlySecond.length + part.differing.length === 0) return;
  print(printable(part.dataset));
  for (const { name } of part.onlyFirst) printLine({ mark: "-", text: printable(`  - ${name} (only in ${first})`) });
  for (const { name } of part.onlySecond) printLine({ mark: "+", text: printable(`  + ${name} (only in ${second})`) });
  for (const { name, fields } of part.differing) {
    printLine({ mark: "~", text: printable(`  ~ ${name}`) });
    printFields(fields, false);
  }
  print("");
}

function summary(datasets: readonly ComparedDataset[], first: string, second: string): string {
  const sum = (of: (part: ComparedDataset) => number) => datasets.reduce((total, part) => total + of(part), 0);
  const only = [
    [sum(({ onlyFirst }) => onlyFirst.length), `only in ${first}`],
    [sum(({ onlySecond }) => onlySecond.length), `only in ${second}`],
    [sum(({ differing }) => differing.length), "different"],
  ] as const;
  const said = only.filter(([n]) => n > 0).map(([n, what]) => `${n} ${what}`);
  return `${said.length > 0 ? said.join(", ") : "No differences"}; ${sum(({ same }) => same)} the same.`;
}
