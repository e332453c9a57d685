import type { GlobalFlags, Verb } from "./program.js";
import { print } from "./terminal.js";

export const initCommand: Verb = (program) => {
  const command = program
    .command("init")
    .description("write a commented starter configuration, a CI workflow, .gitignore and .gitattributes")
    .option("--from <env:NAME>", "read this database's catalogue and propose datasets")
    .action(async () => {
      const { directory, from } = command.optsWithGlobals<GlobalFlags & { from?: string }>();
      const { init } = await import("../operations/init.js");
      const { readCatalogue } = await import("../operations/catalogue.js");
      const written = await init({ directory, ...(from && { from: await readCatalogue(from) }) });
      for (const path of written) print(`wrote ${path}`);
      print("Next: edit weave-configs/heddle.yaml, then run heddle validate and heddle weave.");
    });
};
