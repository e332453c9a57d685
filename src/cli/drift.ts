import { positiveNumber } from "./grants.js";
import type { GlobalFlags, Verb } from "./program.js";
import { type ReportFlags, reporter, reportFlags } from "./report.js";
import { progressLine } from "./terminal.js";

export const driftCommand: Verb = (program, exit) => {
  const command = program
    .command("drift <environment>")
    .description("compare an environment's database with the revision applied to it; exit 2 where they differ")
    .option("--exact", "compare every entry, whatever the database's fingerprints say")
    .option("--concurrency <n>", "compare so many datasets at a time, on PostgreSQL (at most 8)", positiveNumber)
    .option("--config <rev|dir>", "where the trusted configuration is read from", "HEAD");
  reportFlags(command).action(async (environment: string) => {
    const flags = command.optsWithGlobals<DriftFlags>();
    const { drift } = await import("../operations/drift.js");
    const progress = progressLine();
    const report = reporter(flags, { title: `Drift of ${environment}` });
    const { drifted } = await drift({
      directory: flags.directory,
      environment,
      config: flags.config,
      ...(flags.exact && { exact: true }),
      ...(flags.concurrency !== undefined && { concurrency: flags.concurrency }),
      progress: progress.update,
      warn: progress.warn,
      present: ({ plan, context }) => {
        progress.clear();
        return report.present({ plan, missing: [], context });
      },
    });
    if (drifted) exit(2);
  });
};

interface DriftFlags extends GlobalFlags, ReportFlags {
  config: string;
  exact?: boolean;
  concurrency?: number;
}
