import { printable } from "../model/printable.js";
import type { GlobalFlags, Verb } from "./program.js";
import { print, printJson, tell } from "./terminal.js";

export const diffCommand: Verb = (program) => {
  const command = program
    .command("diff <entry> <from> [to]")
    .description("compare an entry, [WEAVE:]DATASET/KEY, between two times or revisions, field by field")
    .option("--branch <name>", "the branch whose history is asked; HEAD if not given")
    .option("--json", "print the differences as JSON")
    .action(async (entry: string, from: string, to: string | undefined) => {
      const { json, ...flags } = command.optsWithGlobals<GlobalFlags & { branch?: string; json?: boolean }>();
      const [{ diff }, { printFields }] = await Promise.all([import("../operations/diff.js"), import("./fields.js")]);
      const found = await diff({ ...flags, entry, from, ...(to !== undefined && { to }) });
      for (const note of found.notes) tell(`! ${note}`);
      if (json) return printJson(found);
      const what = { created: "was created", updated: "changed", deleted: "was deleted", equal: "is the same" }[
        found.kind
      ];
      print(printable(`${found.dataset}/${found.name} ${what}: ${found.from.slice(0, 10)} → ${found.to.slice(0, 10)}`));
      printFields(found.fields, found.kind === "created");
    });
};
