#!/usr/bin/env node
import { runCli } from "./cli/program.js";

// A reader that went away (`| head`) must not stop an apply half-way.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
  });
}

process.exitCode = await runCli(process.argv.slice(2));
