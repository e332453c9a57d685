import type { GlobalFlags, Verb } from "./program.js";
import { print, printJson, printLine, progressLine } from "./terminal.js";

export const verifyCommand: Verb = (program, exit) => {
  const command = program
    .command("verify")
    .description("prove a revision's data: files, names, schemas and git's objects; on demand against databases")
    .option("--rev <revision>", "the revision to verify", "HEAD")
    .option("--against <environment>", "compare it with this environment's database; exit 2 where they differ")
    .option(
      "--roundtrip [env:NAME]",
      "write it into an empty database (a scratch one if none is named) and read it back",
    )
    .option("--config <rev|dir>", "where the trusted configuration is read from", "HEAD")
    .option("--json", "print the result as JSON")
    .action(async () => {
      const flags = command.optsWithGlobals<VerifyFlags>();
      const [{ verify }, { renderText }] = await Promise.all([
        import("../operations/verify.js"),
        import("../plan/render-text.js"),
      ]);
      const progress = progressLine();
      const result = await verify({
        ...flags,
        revision: flags.rev,
        progress: progress.update,
        present: async ({ plan, context }) => {
          progress.clear();
          if (!flags.json) for await (const line of renderText(plan, [], context)) printLine(line);
        },
      });
      progress.clear();
      if (flags.json) printJson(result);
      else {
        for (const note of result.notes) print(`! ${note}`);
        print(`${result.revision.slice(0, 10)}: ${result.entries} entries are sound, and so are git's objects.`);
        if (result.roundtrip) {
          for (const { dataset, message } of result.roundtrip.unbuilt) print(`! not tried: ${dataset}: ${message}`);
          print(`Round trip: ${result.roundtrip.entries} entries came back the same.`);
        }
      }
      if (result.differs) exit(2);
      // A proof that proved nothing must not look like one.
      if (result.roundtrip && result.roundtrip.entries === 0 && result.roundtrip.unbuilt.length > 0) exit(1);
    });
};

interface VerifyFlags extends GlobalFlags {
  rev: string;
  config: string;
  against?: string;
  roundtrip?: true | string;
  json?: boolean;
}
