import { grantFlags, grantsOf, positiveNumber } from "./grants.js";
import type { GlobalFlags, Verb } from "./program.js";
import { type ReportFlags, reporter, reportFlags } from "./report.js";
import { stopSignal } from "./stop-signal.js";
import { confirmFor, progressLine } from "./terminal.js";

export const applyCommand: Verb = (program) => {
  const command = program
    .command("apply <environment>")
    .description("make an environment's database what a revision says")
    .option("--full", "compare what may have drifted as well, not only what git changed since it was applied")
    .option("--exact", "compare every entry, whatever the database's fingerprints say")
    .option("--concurrency <n>", "compare so many datasets at a time, on PostgreSQL (at most 8)", positiveNumber)
    .option("--rev <revision>", "the revision to apply", "HEAD")
    .option("--config <rev|dir>", "where the trusted configuration is read from", "HEAD")
    .option("--plan <file>", "apply exactly this saved plan, or nothing")
    .option("--resume", "first finish an apply that broke off, with the consents that it had")
    .option("-y, --yes", "go on without asking; grants no consent");
  grantFlags(reportFlags(command)).action(async (environment: string) => {
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
      ...(flags.exact && { exact: true }),
      ...(flags.concurrency !== undefined && { concurrency: flags.concurrency }),
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

interface ApplyFlags extends GlobalFlags, ReportFlags {
  rev: string;
  full?: boolean;
  exact?: boolean;
  concurrency?: number;
  config: string;
  plan?: string;
  resume?: boolean;
  yes?: boolean;
}
