import { grantFlags, grantsOf } from "./grants.js";
import type { GlobalFlags, Verb } from "./program.js";
import { describeResult, printRollback, rollbackJson } from "./rollback.js";
import { stopSignal } from "./stop-signal.js";
import { confirmFor, print, printJson, printLine, progressLine } from "./terminal.js";

export const restoreCommand: Verb = (program) => {
  const command = program
    .command("restore <entry>")
    .description("write the version that an entry had at a time or revision as a new commit")
    .requiredOption("--at <time|rev>", "the time or revision whose version it becomes")
    .option("--branch <name>", "commit to this branch instead of the checked-out one")
    .option("--apply <environment>", "apply the branch to this environment afterwards")
    .option("--config <rev|dir>", "with --apply: where the trusted configuration is read from", "HEAD")
    .option("-y, --yes", "go on without asking; grants no consent")
    .option("--json", "print what is restored, and the result, as JSON");
  grantFlags(command).action(async (entry: string) => {
    const { yes, json, apply: environment, ...flags } = command.optsWithGlobals<RestoreFlags>();
    const [{ restore }, { renderText }, { summary }, { countChanges }] = await Promise.all([
      import("../operations/restore.js"),
      import("../plan/render-text.js"),
      import("../plan/words.js"),
      import("../plan/plan.js"),
    ]);
    const progress = progressLine();
    const signal = environment === undefined ? undefined : stopSignal();
    let shown: object | undefined;
    const { applied, ...result } = await restore({
      directory: flags.directory,
      entry,
      at: flags.at,
      ...(flags.branch !== undefined && { branch: flags.branch }),
      present: async (rollback) => {
        if (json) shown = await rollbackJson(rollback);
        else await printRollback(rollback);
      },
      confirm: confirmFor("Commit this?", yes, signal),
      committed: (result) => {
        if (!json) print(describeResult(result));
      },
      ...(environment !== undefined && {
        apply: {
          environment,
          config: flags.config,
          signal: signal!,
          grants: grantsOf(flags),
          progress: progress.update,
          warn: progress.warn,
          present: async ({ plan, missing, context }) => {
            progress.clear();
            if (!json) for await (const line of renderText(plan, missing, context)) printLine(line);
          },
          confirm: confirmFor(`Apply this to ${environment}?`, yes, signal),
        },
      }),
    });
    progress.clear();
    const done = applied && { environment, written: applied.written, counts: countChanges(applied.plan) };
    if (json) return printJson({ ...shown, ...result, ...(done && { applied: done }) });
    if (applied?.written) print(`Applied to ${environment}: ${summary(applied.plan)}`);
    else if (applied) print(`${environment} already is at ${applied.plan.revision.slice(0, 10)}; nothing written.`);
  });
};

interface RestoreFlags extends GlobalFlags {
  at: string;
  branch?: string;
  apply?: string;
  config: string;
  yes?: boolean;
  json?: boolean;
}
