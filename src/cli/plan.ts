import { grantFlags, grantsOf } from "./grants.js";
import type { GlobalFlags, Verb } from "./program.js";
import { printJson, printLine, progressLine } from "./terminal.js";

export const planCommand: Verb = (program, exit) => {
  const command = program
    .command("plan <environment>")
    .description("show what apply would change in an environment's database; writes nothing")
    .option("--rev <revision>", "the revision to plan for", "HEAD")
    .option("--config <rev|dir>", "where the trusted configuration is read from", "HEAD")
    .option("--out <file>", "save the plan, with the consents given here, for apply --plan")
    .option("--json", "print the plan as JSON")
    .option("--exit-code", "exit 2 for changes, 3 if apply would refuse, 4 if it would conflict");
  grantFlags(command).action(async (environment: string) => {
    const flags = command.optsWithGlobals<PlanFlags>();
    const [{ plan }, { renderJson, renderText }] = await Promise.all([
      import("../operations/plan.js"),
      import("../plan/render.js"),
    ]);
    const progress = progressLine();
    const { outcome } = await plan({
      directory: flags.directory,
      environment,
      revision: flags.rev,
      config: flags.config,
      ...(flags.out !== undefined && { out: flags.out }),
      grants: grantsOf(flags),
      progress: progress.update,
      present: async ({ plan, missing, context }) => {
        progress.clear();
        if (flags.json) printJson(await renderJson(plan, missing, context));
        else for await (const line of renderText(plan, missing, context)) printLine(line);
      },
    });
    if (flags.exitCode) exit({ nothing: 0, changes: 2, refused: 3, conflict: 4 }[outcome]);
  });
};

interface PlanFlags extends GlobalFlags {
  rev: string;
  config: string;
  out?: string;
  json?: boolean;
  exitCode?: boolean;
}
