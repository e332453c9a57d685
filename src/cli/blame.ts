import { printable } from "../model/printable.js";
import type { GlobalFlags, Verb } from "./program.js";
import { print, printJson } from "./terminal.js";

export const blameCommand: Verb = (program) => {
  const command = program
    .command("blame <entry>")
    .description(
      "tell of each field of an entry, [WEAVE:]DATASET/KEY, who set its value, when, and by which pull request",
    )
    .option("--at <time|rev>", "of the entry as it was then; the newest state if not given")
    .option("--branch <name>", "the branch whose history is asked; HEAD if not given")
    .option("--json", "print the fields as JSON")
    .action(async (entry: string) => {
      const { json, ...flags } = command.optsWithGlobals<
        GlobalFlags & { at?: string; branch?: string; json?: boolean }
      >();
      const [{ blame }, { fieldName, shorten }] = await Promise.all([
        import("../operations/blame.js"),
        import("../plan/words.js"),
      ]);
      const fields = await blame({ ...flags, entry });
      if (json) return printJson(fields);
      for (const field of fields) {
        const { commit, time, author, subject, pullRequest } = field;
        print(`${fieldName(field)}: ${shorten(field.value, 60)}`);
        const request = pullRequest === undefined || subject.includes(`#${pullRequest}`) ? "" : ` (#${pullRequest})`;
        print(printable(`    ${commit.slice(0, 10)}  ${time}  ${author}  ${subject}${request}`));
      }
    });
};
