import { type CompareFlags, compareFlags, compareOptions } from "./compare-flags.js";
import { grantFlags, grantsOf } from "./grants.js";
import type { GlobalFlags, Verb } from "./program.js";
import { type ReportFlags, reporter, reportFlags } from "./report.js";
import { progressLine } from "./terminal.js";

export const planCommand: Verb = (program, exit) => {
  const command = program
    .command("plan <environment>")
    .description("show what apply would change in an environment's database; writes nothing")
    .option("--full", "compare what may have drifted as well, not only what git changed since it was applied")
    .option("--rev <revision>", "the revision to plan for", "HEAD")
    .option("--config <rev|dir>", "where the trusted configuration is read from", "HEAD")
    .option("--out <file>", "save the plan, with the consents given here, for apply --plan")
    .option("--exit-code", "exit 2 for changes, 3 if apply would refuse, 4 if it would conflict");
  grantFlags(reportFlags(compareFlags(command))).action(async (environment: string) => {
    const flags = command.optsWithGlobals<PlanFlags>();
    const { plan } = await import("../operations/plan.js");
    const progress = progressLine();
    const report = reporter(flags);
    const { outcome } = await plan({
      directory: flags.directory,
      environment,
      revision: flags.rev,
      config: flags.config,
      ...(flags.full && { full: true }),
      ...compareOptions(flags),
      ...(flags.out !== undefined && { out: flags.out }),
      grants: grantsOf(flags),
      progress: progress.update,
      warn: progress.warn,
      present: (shown) => {
        progress.clear();
        return report.present(shown);
      },
    });
    if (flags.exitCode) exit({ nothing: 0, changes: 2, refused: 3, conflict: 4 }[outcome]);
  });
};

interface PlanFlags extends GlobalFlags, ReportFlags, CompareFlags {
  rev: string;
  full?: boolean;
  config: string;
  out?: string;
  exitCode?: boolean;
}
