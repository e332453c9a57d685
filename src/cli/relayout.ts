import { HeddleError } from "../model/errors.js";
import { printable } from "../model/printable.js";
import type { RelayoutOptions } from "../operations/relayout.js";
import type { GlobalFlags, Verb } from "./program.js";
import { print, printJson } from "./terminal.js";

export const relayoutCommand: Verb = (program) => {
  const command = program
    .command("relayout <dataset>")
    .description("make one commit that spreads a dataset's files over directories in another way, and changes no data")
    .option("--fan-out <levels>", "levels of directories: 0, 1 or 2; else by the number of entries")
    .option("--branch <name>", "commit to this branch instead of the checked-out one")
    .option("--json", "print the result as JSON")
    .action(async (dataset: string) => {
      const { directory, branch, fanOut, json } = command.optsWithGlobals<RelayoutFlags>();
      const { relayout } = await import("../operations/relayout.js");
      const result = await relayout({
        directory,
        dataset,
        ...(branch !== undefined && { branch }),
        ...(fanOut !== undefined && { fanout: levels(fanOut) }),
      });
      if (json) return printJson(result);
      const { commit, entries, from, to } = result;
      const name = printable(`${result.weave}/${result.dataset}`);
      print(
        commit
          ? `${name}: ${entries} entries moved from fan-out ${from.fanout} to ${to.fanout}; committed ${commit.slice(0, 10)} to ${result.branch}.`
          : `${name}: ${entries} entries lie at fan-out ${to.fanout} already; no commit.`,
      );
    });
};

interface RelayoutFlags extends GlobalFlags {
  branch?: string;
  fanOut?: string;
  json?: boolean;
}

function levels(text: string): NonNullable<RelayoutOptions["fanout"]> {
  if (text === "0" || text === "1" || text === "2") return Number(text) as 0 | 1 | 2;
  throw new HeddleError("HDL100", "--fan-out takes 0, 1 or 2");
}
