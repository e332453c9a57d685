import { grantFlags, grantsOf } from "./grants.js";
import type { GlobalFlags, Verb } from "./program.js";
import { type ReportFlags, reporter, reportFlags } from "./report.js";
import { stopSignal } from "./stop-signal.js";
import { confirmFor, progressLine } from "./terminal.js";

export const undoCommand: Verb = (program) => {
  const command = program
    .command("undo <environment> [id]")
    .description("restore what an apply changed (the newest, or back to before the one named) from its pre-images")
    .option("--config <rev|dir>", "where the trusted configuration is read from", "HEAD")
    .option("-y, --yes", "go on without asking; grants no consent");
  grantFlags(reportFlags(command)).action(async (environment: string, id: string | undefined) => {
    const flags = command.optsWithGlobals<UndoFlags>();
    const [{ undo }, { summary }] = await Promise.all([import("../operations/undo.js"), import("../plan/words.js")]);
    const progress = progressLine();
    const report = reporter(flags, { title: `Undo in ${environment}`, finishes: true });
    const signal = stopSignal();
    const { plan, undone } = await undo({
      directory: flags.directory,
      environment,
      config: flags.config,
      ...(id !== undefined && { id }),
      signal,
      grants: grantsOf(flags),
      progress: progress.update,
      warn: progress.warn,
      present: (shown) => {
        progress.clear();
        return report.present(shown);
      },
      confirm: confirmFor(`Undo this in ${environment}?`, flags.yes, signal),
    });
    progress.clear();
    const lines = [
      `Took back ${undone.map((one) => one.slice(0, 8)).join(", ")} in ${environment}: ${summary(plan)}`,
      "The environment is held: an apply that would bring it again asks for --release-hold, until git wants something else.",
    ];
    await report.finish(lines, { undone });
  });
};

interface UndoFlags extends GlobalFlags, ReportFlags {
  config: string;
  yes?: boolean;
}
