import { type CompareFlags, compareFlags, compareOptions } from "./compare-flags.js";
import type { GlobalFlags, Verb } from "./program.js";
import { type ReportFlags, reporter, reportFlags } from "./report.js";
import { progressLine } from "./terminal.js";

export const driftCommand: Verb = (program, exit) => {
  const command = program
    .command("drift <environment>")
    .description("compare an environment's database with the revision applied to it; exit 2 where they differ")
    .option("--config <rev|dir>", "where the trusted configuration is read from", "HEAD");
  reportFlags(compareFlags(command)).action(async (environment: string) => {
    const flags = command.optsWithGlobals<DriftFlags>();
    const { drift } = await import("../operations/drift.js");
    const progress = progressLine();
    const report = reporter(flags, { title: `Drift of ${environment}` });
    const { drifted } = await drift({
      directory: flags.directory,
      environment,
      config: flags.config,
      ...compareOptions(flags),
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

interface DriftFlags extends GlobalFlags, ReportFlags, CompareFlags {
  config: string;
}
