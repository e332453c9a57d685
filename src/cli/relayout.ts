import { HeddleError } from "../model/errors.js";
import { printable } from "../model/printable.js";
import type { RelayoutOptions } from "../operations/relayout.js";
import type { GlobalFlags, Verb } from "./program.js";
import { print, printJson } from "./terminal.js";

export const relayoutCommand: Verb = (program) => {
  const command = program
    .command("relayout <dataset>")
    .description("make one commit that lays a dataset's entries out in another way, and changes no data")
    .option("--to <layout>", "files: a file for each entry; lines: packed as lines into few files")
    .option("--fan-out <levels>", "of files: levels of directories, 0, 1 or 2; else by the number of entries")
    .option("--shards <number>", "of lines: files that they are in, 16, 256 or 4096; else by the number of entries")
    .option("--branch <name>", "commit to this branch instead of the checked-out one")
    .option("--json", "print the result as JSON")
    .action(async (dataset: string) => {
      const { directory, branch, to, fanOut, shards, json } = command.optsWithGlobals<RelayoutFlags>();
      const { layoutText, relayout } = await import("../operations/relayout.js");
      const result = await relayout({
        directory,
        dataset,
        ...(branch !== undefined && { branch }),
        ...(to !== undefined && { to: oneOf("--to", ["files", "lines"] as const, to) }),
        ...(fanOut !== undefined && { fanout: Number(oneOf("--fan-out", ["0", "1", "2"], fanOut)) as Fanout }),
        ...(shards !== undefined && { shards: Number(oneOf("--shards", ["16", "256", "4096"], shards)) as Shards }),
      });
      if (json) return printJson(result);
      const { commit, entries, from } = result;
      const name = printable(`${result.weave}/${result.dataset}`);
      const laid = layoutText(result.to);
      print(
        commit
          ? `${name}: ${entries} entries from ${layoutText(from)} to ${laid}; committed ${commit.slice(0, 10)} to ${result.branch}.`
          : `${name}: ${entries} entries are ${laid} already; no commit.`,
      );
    });
};

type Fanout = NonNullable<RelayoutOptions["fanout"]>;
type Shards = NonNullable<RelayoutOptions["shards"]>;

interface RelayoutFlags extends GlobalFlags {
  branch?: string;
  to?: string;
  fanOut?: string;
  shards?: string;
  json?: boolean;
}

function oneOf<T extends string>(flag: string, choices: readonly T[], given: string): T {
  const found = choices.find((choice) => choice === given);
  if (found !== undefined) return found;
  throw new HeddleError("HDL100", `${flag} takes ${choices.join(", ")}`);
}
