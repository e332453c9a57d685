#!/usr/bin/env node
import { runCli } from "./cli/program.js";
import { reportLostOutput } from "./cli/terminal.js";

// A reader that went away (`| head`), or a full disk behind `>`, must not stop an apply half-way.
let lost: NodeJS.ErrnoException | undefined;
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") lost ??= error;
  });
}

process.exitCode = await runCli(process.argv.slice(2));
process.once("beforeExit", () => {
  if (!lost) return;
  reportLostOutput(lost);
  process.exitCode ||= 1;
});
