import { type CompareFlags, compareFlags, compareOptions } from "./compare-flags.js";
import { grantFlags, grantsOf } from "./grants.js";
import type { GlobalFlags, Verb } from "./program.js";
import { type ReportFlags, reporter, reportFlags } from "./report.js";
import { stopSignal } from "./stop-signal.js";
import { confirmFor, progressLine } from "./terminal.js";

export const applyCommand: Verb = (program) => {
  const command = program
    .command("apply <environment>")
    .description("make an environment's database what a revision says")
    .option("--full", "compare what may have drifted as well, not only what git changed since it was applied")
    .option("--rev <revision>", "the revision to apply", "HEAD")
    .option("--config <rev|dir>", "where the trusted configuration is read from", "HEAD")
    .option("--plan <file>", "apply exactly this saved plan, or nothing")
    .option("--resume", "first finish an apply that broke off, with the consents that it had")
    .option("-y, --yes", "go on without asking; grants no consent");
  grantFlags(reportFlags(compareFlags(command))).action(async (environment: string) => {
    const flags = command.optsWithGlobals<ApplyFlags>();
    const [{ apply }, { summary }] = await Promise.all([import("../operations/apply.js"), import("../plan/words.js")]);
    const progress = progressLine();
    const report = reporter(flags, { finishes: true });
    const signal = stopSignal();
    const { plan, written, resumed } = await apply({
      directory: flags.directory,
      environment,
      revision: flags.rev,
      config: flags.config,
      ...(flags.full && { full: true }),
      ...compareOptions(flags),
      ...(flags.plan !== undefined && { plan: flags.plan }),
      ...(flags.resume && { resume: true }),
      signal,
      grants: grantsOf(flags),
      progress: progress.update,
      warn: progress.warn,
      present: (shown) => {
        progress.clear();
        return report.present(shown);
      },
      confirm: confirmFor(`Apply this to ${environment}?`, flags.yes, signal),
    });
    progress.clear();
    const revision = plan.revision.slice(0, 10);
    const lines = [
      ...(resumed ? [`Finished what had broken off in ${environment}: ${summary(resumed)}`] : []),
      written
        ? `Applied ${revision} to ${environment}: ${summary(plan)}`
        : `${environment} already is at ${revision}; nothing written.`,
    ];
    await report.finish(lines, { written, ...(resumed && { resumed: resumed.id }) });
  });
};

interface ApplyFlags extends GlobalFlags, ReportFlags, CompareFlags {
  rev: string;
  full?: boolean;
  config: string;
  plan?: string;
  resume?: boolean;
  yes?: boolean;
}
