import { grantFlags, grantsOf } from "./grants.js";
import type { GlobalFlags, Verb } from "./program.js";
import { stopSignal } from "./stop-signal.js";
import { confirmFor, print, printJson, printLine, progressLine } from "./terminal.js";

export const undoCommand: Verb = (program) => {
  const command = program
    .command("undo <environment> [id]")
    .description("restore what an apply changed (the newest, or back to before the one named) from its pre-images")
    .option("--config <rev|dir>", "where the trusted configuration is read from", "HEAD")
    .option("-y, --yes", "go on without asking; grants no consent")
    .option("--json", "print the plan and the result as JSON");
  grantFlags(command).action(async (environment: string, id: string | undefined) => {
    const flags = command.optsWithGlobals<UndoFlags>();
    const [{ undo }, { renderJson, renderText, summary }] = await Promise.all([
      import("../operations/undo.js"),
      import("../plan/render.js"),
    ]);
    const progress = progressLine();
    let shown: object | undefined;
    const signal = stopSignal();
    const { plan, undone } = await undo({
      directory: flags.directory,
      environment,
      config: flags.config,
      ...(id !== undefined && { id }),
      signal,
      grants: grantsOf(flags),
      progress: progress.update,
      present: async ({ plan, missing, context }) => {
        progress.clear();
        if (flags.json) shown = await renderJson(plan, missing, context);
        else for await (const line of renderText(plan, missing, context)) printLine(line);
      },
      confirm: confirmFor(`Undo this in ${environment}?`, flags.yes, signal),
    });
    progress.clear();
    if (flags.json) return printJson({ ...shown, undone });
    print(`Took back ${undone.map((one) => one.slice(0, 8)).join(", ")} in ${environment}: ${summary(plan)}`);
    print(
      "The environment is held: an apply that would bring it again asks for --release-hold, until git wants something else.",
    );
  });
};

interface UndoFlags extends GlobalFlags {
  config: string;
  yes?: boolean;
  json?: boolean;
}
