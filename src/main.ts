#!/usr/bin/env node
import { printVersion } from "./cli/version.js";

// A reader that went away (`| head`), or a full disk behind `>`, must not stop an apply half-way.
let lost: NodeJS.ErrnoException | undefined;
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") lost ??= error;
  });
}

const args = process.argv.slice(2);
if (!printVersion(args)) process.exitCode = await (await import("./cli/program.js")).runCli(args);
process.once("beforeExit", async () => {
  if (!lost) return;
  const [{ printError }, { HeddleError }] = await Promise.all([
    import("./cli/terminal.js"),
    import("./model/errors.js"),
  ]);
  const error = new HeddleError("HDL106", `output was lost (${lost.code}); what the command did, it did all the same`);
  printError(error, false);
  process.exitCode ||= error.exitCode;
});
