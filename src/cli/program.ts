import { Command, CommanderError } from "commander";
import { databaseArgument } from "../config/argument.js";
import { HeddleError } from "../model/errors.js";
import { printError } from "./terminal.js";
import { version } from "./version.js";

/** Flags that every verb has. */
export interface GlobalFlags {
  /** Where to look for the project from. */
  directory: string;
  debug?: boolean;
}

/** By name, in the order of the help. Only what a command line names is loaded; all of them where it names none. */
const verbs: Record<string, () => Promise<Verb>> = {
  init: async () => (await import("./init.js")).initCommand,
  weave: async () => (await import("./weave.js")).weaveCommand,
  plan: async () => (await import("./plan.js")).planCommand,
  binding: async () => (await import("./binding.js")).bindingCommand,
  apply: async () => (await import("./apply.js")).applyCommand,
  render: async () => (await import("./render.js")).renderCommand,
  compare: async () => (await import("./compare.js")).compareCommand,
  drift: async () => (await import("./drift.js")).driftCommand,
  status: async () => (await import("./status.js")).statusCommand,
  history: async () => (await import("./history.js")).historyCommand,
  undo: async () => (await import("./undo.js")).undoCommand,
  unlock: async () => (await import("./unlock.js")).unlockCommand,
  log: async () => (await import("./log.js")).logCommand,
  show: async () => (await import("./show.js")).showCommand,
  diff: async () => (await import("./diff.js")).diffCommand,
  blame: async () => (await import("./blame.js")).blameCommand,
  restore: async () => (await import("./restore.js")).restoreCommand,
  grep: async () => (await import("./grep.js")).grepCommand,
  optimize: async () => (await import("./optimize.js")).optimizeCommand,
  rollback: async () => (await import("./rollback.js")).rollbackCommand,
  events: async () => (await import("./events.js")).eventsCommand,
  sync: async () => (await import("./sync.js")).syncCommand,
  validate: async () => (await import("./validate.js")).validateCommand,
  verify: async () => (await import("./verify.js")).verifyCommand,
  fmt: async () => (await import("./fmt.js")).fmtCommand,
  add: async () => (await import("./add.js")).addCommand,
  relayout: async () => (await import("./relayout.js")).relayoutCommand,
  config: async () => (await import("./config.js")).configCommand,
  doctor: async () => (await import("./doctor.js")).doctorCommand,
  "git-setup": async () => (await import("./git-setup.js")).gitSetupCommand,
  github: async () => (await import("./github.js")).githubCommand,
  demo: async () => (await import("./demo.js")).demoCommand,
};

/** Runs one command line; gives the exit code and prints errors. Verbs load what they need when they run. */
export async function runCli(args: readonly string[]): Promise<number> {
  let exitCode = 0;
  const program = new Command("heddle")
    .description(
      "Keep selected MongoDB documents and PostgreSQL rows in git: weave them into commits, apply any revision back.",
    )
    .version(version(), "-V, --version")
    .option("-C, --directory <dir>", "where to look for the project from", ".")
    .option("--debug", "show where an error came from")
    .exitOverride();
  const named = new Set(args.filter((arg) => Object.hasOwn(verbs, arg)));
  for (const name of named.size > 0 ? named : Object.keys(verbs)) {
    const verb = await verbs[name]!();
    verb(program, (code) => {
      exitCode = code;
    });
  }
  for (const command of [program, ...program.commands, ...program.commands.flatMap((c) => c.commands)]) {
    command.exitOverride().configureOutput({ outputError: () => {} });
  }
  try {
    // Wherever it stands: no later message may repeat it.
    for (const arg of args) if (arg.includes("://")) databaseArgument(arg.slice(arg.search(/[a-z][a-z0-9+.-]*:\/\//i)));
    await program.parseAsync(args, { from: "user" });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) {
      if (error.exitCode === 0 || error.code === "commander.help") return error.exitCode;
      const message = error.message.replace(/^error: /, "");
      printError(new HeddleError("HDL100", message, { hint: "heddle help shows what there is" }), false);
      return 1;
    }
    printError(error, args.includes("--debug"));
    return error instanceof HeddleError ? error.exitCode : 1;
  }
}

/** A verb adds itself to the program; it calls `exit` where its exit code is not 0. */
export type Verb = (program: Command, exit: (code: number) => void) => void;
