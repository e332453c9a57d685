import { grantFlags, grantsOf } from "./grants.js";
import type { GlobalFlags, Verb } from "./program.js";
import { stopSignal } from "./stop-signal.js";
import { confirmFor, print, printJson, printLine, progressLine } from "./terminal.js";

export const applyCommand: Verb = (program) => {
  const command = program
    .command("apply <environment>")
    .description("make an environment's database what a revision says")
    .option("--rev <revision>", "the revision to apply", "HEAD")
    .option("--config <rev|dir>", "where the trusted configuration is read from", "HEAD")
    .option("--plan <file>", "apply exactly this saved plan, or nothing")
    .option("--resume", "first finish an apply that broke off, with the consents that it had")
    .option("-y, --yes", "go on without asking; grants no consent")
    .option("--json", "print the plan and the result as JSON");
  grantFlags(command).action(async (environment: string) => {
    const flags = command.optsWithGlobals<ApplyFlags>();
    const [{ apply }, { renderJson, renderText, summary }] = await Promise.all([
      import("../operations/apply.js"),
      import("../plan/render.js"),
    ]);
    const progress = progressLine();
    let shown: object | undefined;
    const signal = stopSignal();
    const { plan, written, resumed } = await apply({
      directory: flags.directory,
      environment,
      revision: flags.rev,
      config: flags.config,
      ...(flags.plan !== undefined && { plan: flags.plan }),
      ...(flags.resume && { resume: true }),
      signal,
      grants: grantsOf(flags),
      progress: progress.update,
      present: async ({ plan, missing, context }) => {
        progress.clear();
        if (flags.json) shown = await renderJson(plan, missing, context);
        else for await (const line of renderText(plan, missing, context)) printLine(line);
      },
      confirm: confirmFor(`Apply this to ${environment}?`, flags.yes, signal),
    });
    progress.clear();
    if (flags.json) return printJson({ ...shown, written, ...(resumed && { resumed: resumed.id }) });
    if (resumed) print(`Finished what had broken off in ${environment}: ${summary(resumed)}`);
    if (written) print(`Applied ${plan.revision.slice(0, 10)} to ${environment}: ${summary(plan)}`);
    else print(`${environment} already is at ${plan.revision.slice(0, 10)}; nothing written.`);
  });
};

interface ApplyFlags extends GlobalFlags {
  rev: string;
  config: string;
  plan?: string;
  resume?: boolean;
  yes?: boolean;
  json?: boolean;
}
