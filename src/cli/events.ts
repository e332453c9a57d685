import { Option } from "commander";
import { HeddleError } from "../model/errors.js";
import { printable } from "../model/printable.js";
import type { EntryEvent } from "../operations/entry-event.js";
import type { GlobalFlags, Verb } from "./program.js";
import { print, printJson, printStream, progressLine } from "./terminal.js";

export const eventsCommand: Verb = (program) => {
  const command = program
    .command("events [dataset]")
    .description("print what happened to entries, oldest first, or keep a table of it in PostgreSQL")
    .option("--since <rev|time>", "only what happened after this")
    .option("--until <rev|time>", "only what happened until this")
    .addOption(new Option("--format <format>", "how events are printed").choices(["text", "jsonl"]).default("text"))
    .option("--branch <name>", "the branch whose history is asked; HEAD if not given")
    .option("--into <env:NAME>", "write them into a table of the PostgreSQL database whose URL is in this variable")
    .option("--table <name>", "with --into: the table; heddle_events if not given")
    .option("--restart", "with --into: delete what the table holds and begin again")
    .option("--json", "with --into: print the result as JSON")
    .action(async (dataset: string | undefined) => {
      const flags = command.optsWithGlobals<EventsFlags>();
      if (flags.into !== undefined) return importInto({ ...flags, into: flags.into }, dataset);
      if (flags.table !== undefined || flags.restart || flags.json) {
        throw new HeddleError("HDL100", "--table, --restart and --json belong to --into", {
          hint: "--format jsonl prints JSON",
        });
      }
      const { events } = await import("../operations/events.js");
      const line = flags.format === "jsonl" ? JSON.stringify : (event: EntryEvent) => printable(describe(event));
      await printStream(events({ ...flags, ...(dataset !== undefined && { dataset }) }), line);
    });
};

interface EventsFlags extends GlobalFlags {
  since?: string;
  until?: string;
  format: "text" | "jsonl";
  branch?: string;
  into?: string;
  table?: string;
  restart?: boolean;
  json?: boolean;
}

function describe({ time, type, subject, data }: EntryEvent): string {
  const fields = data.changed?.map((path) => path.slice(1)).join(", ") ?? "";
  const what = type.slice(type.lastIndexOf(".") + 1).padEnd(10);
  return `${data.revision.slice(0, 10)}  ${time}  ${what}  ${subject}${fields && ` (${fields})`}`;
}

async function importInto(flags: EventsFlags & { into: string }, dataset: string | undefined): Promise<void> {
  if (dataset !== undefined || flags.since !== undefined || flags.until !== undefined) {
    throw new HeddleError(
      "HDL100",
      "--into keeps all events of a branch: a dataset, --since and --until cannot go with it",
    );
  }
  const { importEvents } = await import("../operations/import-events.js");
  const progress = progressLine();
  const result = await importEvents({ ...flags, progress: progress.update });
  progress.clear();
  if (flags.json) return printJson(result);
  print(`${result.table} has come to ${result.revision.slice(0, 10)}: ${result.added} added, ${result.events} in all.`);
}
