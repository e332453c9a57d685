import { printable } from "../model/printable.js";
import type { RollbackResult, ShownRollback } from "../operations/rollback.js";
import type { GlobalFlags, Verb } from "./program.js";
import { confirmFor, print, printJson, printLine } from "./terminal.js";

export const rollbackCommand: Verb = (program) => {
  const command = program
    .command("rollback")
    .description("make one commit that gives entries back what they were, and leaves everything else as it is")
    .option("--to <rev>", "as they were at this revision")
    .option("--before <time>", "as the branch had them just before this time")
    .option("--commit <rev>", "take back what this commit changed, and nothing else")
    .option("--dataset <names...>", "only entries of these datasets")
    .option("--where <jsonata>", "only entries for which this is true, as they are or as they were")
    .option("--branch <name>", "commit to this branch instead of the checked-out one")
    .option("-y, --yes", "go on without asking")
    .option("--json", "print what is taken back, and the result, as JSON")
    .action(async () => {
      const { dataset, yes, json, ...flags } = command.optsWithGlobals<RollbackFlags>();
      const { rollback } = await import("../operations/rollback.js");
      let shown: object | undefined;
      const result = await rollback({
        ...flags,
        ...(dataset && { datasets: dataset }),
        present: async (rollback) => {
          if (json) shown = await rollbackJson(rollback);
          else await printRollback(rollback);
        },
        confirm: confirmFor("Commit this?", yes),
      });
      if (json) return printJson({ ...shown, ...result });
      print(describeResult(result));
    });
};

interface RollbackFlags extends GlobalFlags {
  to?: string;
  before?: string;
  commit?: string;
  dataset?: string[];
  where?: string;
  branch?: string;
  yes?: boolean;
  json?: boolean;
}

export function describeResult({ commit, branch }: RollbackResult): string {
  return commit ? `Committed ${commit.slice(0, 10)} to ${branch}.` : "Nothing to restore; no commit.";
}

/** Prints what will be restored, and what that takes back. */
export async function printRollback({ datasets, takesBack, changedLater, notes }: ShownRollback): Promise<void> {
  const [{ renderDataset }, { summary }] = await Promise.all([
    import("../plan/render-text.js"),
    import("../plan/words.js"),
  ]);
  for (const note of notes) printLine({ mark: "!", text: `! ${printable(note)}` });
  for (const { plan, context } of datasets) for await (const line of renderDataset(plan, context)) printLine(line);
  for (const { id, subject, author, time, entries } of takesBack) {
    const count = entries === 1 ? "1 entry" : `${entries} entries`;
    printLine({ mark: " ", text: printable(`takes back ${id.slice(0, 10)} ${time} ${author}: ${subject} (${count})`) });
  }
  for (const { dataset, name } of changedLater) {
    printLine({ mark: "!", text: printable(`! changed again later: ${dataset}/${name}`) });
  }
  print(summary({ datasets: datasets.map(({ plan }) => plan) }));
}

/** The same as data; values redacted as in a plan. */
export async function rollbackJson({ datasets, ...rest }: ShownRollback): Promise<object> {
  const { showChanges } = await import("../plan/show.js");
  const shown = [];
  for (const { plan, context } of datasets) {
    const changes = [];
    for await (const change of showChanges(plan, plan.changes, context)) changes.push(change);
    shown.push({ weave: plan.weave, dataset: plan.dataset.name, changes });
  }
  return { ...rest, datasets: shown };
}
