import { Option } from "commander";
import { HeddleError } from "../model/errors.js";
import type { GlobalFlags, Verb } from "./program.js";
import { printPiece, printText, tell } from "./terminal.js";

export const renderCommand: Verb = (program) => {
  const command = program
    .command("render <environment> [entry]")
    .description(
      "print what an environment would get, after its overlay; [entry] is DATASET or DATASET/KEY; asks no database",
    )
    .option("--rev <revision>", "the revision to render", "HEAD")
    .option("--config <rev|dir>", "where the trusted configuration is read from", "HEAD")
    .addOption(new Option("--format <format>", "one JSON document, or files as in data/").choices(["json", "files"]))
    .option("--out <dir>", "the directory for --format files; new or empty")
    .action(async (environment: string, entry: string | undefined) => {
      const { rev, config, directory, format, out } = command.optsWithGlobals<RenderFlags>();
      if ((format === "files") !== (out !== undefined) && format !== undefined) {
        throw new HeddleError("HDL100", "--format files and --out DIR belong together");
      }
      const [{ render }, { renderFields }] = await Promise.all([
        import("../operations/render.js"),
        import("../model/json.js"),
      ]);
      const { datasets, notes, ...head } = await render({
        directory,
        environment,
        revision: rev,
        config,
        ...(entry !== undefined && { entry }),
        ...(out !== undefined && { out }),
      });
      for (const note of notes) tell(`! ${note}`);
      if (out !== undefined) return;
      await printPiece(`${JSON.stringify(head, null, 2).slice(0, -2)},\n  "datasets": [`);
      for (const [i, { entries, ...dataset }] of datasets.entries()) {
        await printPiece(`${i === 0 ? "" : ","}\n${JSON.stringify(dataset).slice(0, -1)}, "entries": [`);
        let separator = "\n";
        for await (const batch of entries()) {
          for (const { name, key, fields } of batch) {
            const about = JSON.stringify({ name, key }).slice(0, -1);
            printText(`${separator}${about}, "fields": ${renderFields(fields).trimEnd()}}`);
            separator = ",\n";
          }
        }
        await printPiece("]}");
      }
      await printPiece("\n  ]\n}\n");
    });
};

interface RenderFlags extends GlobalFlags {
  rev: string;
  config: string;
  format?: "json" | "files";
  out?: string;
}
