import { readFile } from "node:fs/promises";
import { HeddleError } from "../model/errors.js";
import type { GlobalFlags, Verb } from "./program.js";
import { print, readInput } from "./terminal.js";

export const addCommand: Verb = (program) => {
  const command = program
    .command("add <dataset>")
    .description("write a new manifest under its right name, from JSON on standard input or in a file")
    .option("--from <file>", "read the entry from this file")
    .action(async (dataset: string) => {
      const { directory, from } = command.optsWithGlobals<GlobalFlags & { from?: string }>();
      const { add } = await import("../operations/add.js");
      const text = from === undefined ? await readInput() : await readFile(from, "utf8").catch(() => unreadable(from));
      print(`wrote ${await add({ directory, dataset, text })}`);
    });
};

function unreadable(file: string): never {
  throw new HeddleError("HDL100", `${file} cannot be read`, { hint: "name a file with the entry as JSON" });
}
