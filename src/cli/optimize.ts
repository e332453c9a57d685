import type { GlobalFlags, Verb } from "./program.js";
import { print, printJson } from "./terminal.js";

export const optimizeCommand: Verb = (program) => {
  const command = program
    .command("optimize")
    .description("make the repository's history fast to read: packs, and a commit-graph with changed-path filters")
    .option("--json", "print what was done as JSON")
    .action(async () => {
      const { directory, json } = command.optsWithGlobals<GlobalFlags & { json?: boolean }>();
      const { optimize } = await import("../operations/optimize.js");
      const result = await optimize({ directory });
      if (json) return printJson(result);
      const { before, after, commitGraph } = result;
      print(`Loose objects: ${before.loose} → ${after.loose}; packs: ${before.packs} → ${after.packs}.`);
      print(
        commitGraph
          ? "The commit-graph tells of every commit which paths it changed."
          : "A shallow clone has no commit-graph: git fetch --unshallow --filter=blob:none",
      );
    });
};
