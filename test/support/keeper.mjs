// Runs one test server and ends it, with its directory, when the pipe on stdin closes: whatever way the test run ends
// (done, Ctrl-C, SIGKILL), no server outlives it. Plain JavaScript because it is started by node itself.
// Argument: one JSON object { command, args, directory, signal, uid?, gid? }.
import { spawn } from "node:child_process";
import { rmSync } from "node:fs";

const { command, args, directory, signal, uid, gid } = JSON.parse(process.argv[2]);
const server = spawn(command, args, { cwd: directory, uid, gid, stdio: ["ignore", "inherit", "inherit"] });

const finish = (code) => {
  rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
  process.exit(code);
};
server.on("error", (error) => {
  process.stderr.write(`${error.message}\n`);
  finish(1);
});
server.on("exit", (code) => finish(code ?? 1));

const stop = () => {
  server.kill(signal);
  setTimeout(() => server.kill("SIGKILL"), 5000);
};
process.stdin.on("end", stop).on("error", stop).resume();
// The reader of our output may be gone before the server's last words.
process.stdout.on("error", () => {});
process.stderr.on("error", () => {});
for (const name of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(name, stop);
