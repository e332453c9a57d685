import { readFileSync } from "node:fs";
import { Command, CommanderError } from "commander";
import { databaseArgument } from "../config/argument.js";
import { HeddleError } from "../model/errors.js";
import { addCommand } from "./add.js";
import { applyCommand } from "./apply.js";
import { bindingCommand } from "./binding.js";
import { blameCommand } from "./blame.js";
import { configCommand } from "./config.js";
import { demoCommand } from "./demo.js";
import { diffCommand } from "./diff.js";
import { doctorCommand } from "./doctor.js";
import { driftCommand } from "./drift.js";
import { eventsCommand } from "./events.js";
import { fmtCommand } from "./fmt.js";
import { gitSetupCommand } from "./git-setup.js";
import { historyCommand } from "./history.js";
import { initCommand } from "./init.js";
import { logCommand } from "./log.js";
import { planCommand } from "./plan.js";
import { rollbackCommand } from "./rollback.js";
import { showCommand } from "./show.js";
import { statusCommand } from "./status.js";
import { printError } from "./terminal.js";
import { undoCommand } from "./undo.js";
import { unlockCommand } from "./unlock.js";
import { validateCommand } from "./validate.js";
import { verifyCommand } from "./verify.js";
import { weaveCommand } from "./weave.js";

/** Flags that every verb has. */
export interface GlobalFlags {
  /** Where to look for the project from. */
  directory: string;
  debug?: boolean;
}

const verbs = [
  initCommand,
  weaveCommand,
  planCommand,
  bindingCommand,
  applyCommand,
  driftCommand,
  statusCommand,
  historyCommand,
  undoCommand,
  unlockCommand,
  logCommand,
  showCommand,
  diffCommand,
  blameCommand,
  rollbackCommand,
  eventsCommand,
  validateCommand,
  verifyCommand,
  fmtCommand,
  addCommand,
  configCommand,
  doctorCommand,
  gitSetupCommand,
  demoCommand,
];

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
  for (const verb of verbs) {
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

function version(): string {
  return (JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as { version: string })
    .version;
}
