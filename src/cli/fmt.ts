import type { GlobalFlags, Verb } from "./program.js";
import { print, printJson } from "./terminal.js";

export const fmtCommand: Verb = (program, exit) => {
  const command = program
    .command("fmt")
    .description("rewrite data files into canonical form and under their right names")
    .option("--check", "write nothing; exit 1 where a file is not as it should be")
    .option("--json", "print the files as JSON")
    .action(async () => {
      const { directory, check = false, json } = command.optsWithGlobals<FmtFlags>();
      const { fmt } = await import("../operations/fmt.js");
      const files = await fmt({ directory, check });
      if (json) printJson(files);
      else {
        for (const { file, place } of files) print(file === place ? file : `${file} → ${place}`);
        const count = `${files.length} ${files.length === 1 ? "file" : "files"}`;
        print(
          files.length === 0 ? "All files are in canonical form." : `${count} ${check ? "to rewrite" : "rewritten"}.`,
        );
      }
      if (check && files.length > 0) exit(1);
    });
};

interface FmtFlags extends GlobalFlags {
  check?: boolean;
  json?: boolean;
}
