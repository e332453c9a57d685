import type { GlobalFlags, Verb } from "./program.js";
import { printJson, printLine, progressLine } from "./terminal.js";

export const driftCommand: Verb = (program, exit) => {
  const command = program
    .command("drift <environment>")
    .description("compare an environment's database with the revision applied to it; exit 2 where they differ")
    .option("--config <rev|dir>", "where the trusted configuration is read from", "HEAD")
    .option("--json", "print the differences as JSON")
    .action(async (environment: string) => {
      const flags = command.optsWithGlobals<DriftFlags>();
      const [{ drift }, { renderJson, renderText }] = await Promise.all([
        import("../operations/drift.js"),
        import("../plan/render.js"),
      ]);
      const progress = progressLine();
      const { drifted } = await drift({
        directory: flags.directory,
        environment,
        config: flags.config,
        progress: progress.update,
        present: async ({ plan, context }) => {
          progress.clear();
          if (flags.json) printJson(await renderJson(plan, [], context));
          else for await (const line of renderText(plan, [], context)) printLine(line);
        },
      });
      if (drifted) exit(2);
    });
};

interface DriftFlags extends GlobalFlags {
  config: string;
  json?: boolean;
}
