import { type ChildProcess, spawn } from "node:child_process";
import { createServer } from "node:net";
import { fileURLToPath } from "node:url";

/** A server process that ends, with its directory, no later than this process does. */
export interface ServerProcess {
  /** The first match of `ready` in the server's output. */
  readonly match: RegExpMatchArray;
  stop(): Promise<void>;
}

export interface ServerCommand {
  readonly command: string;
  readonly args: readonly string[];
  /** Working directory, deleted when the server has ended. */
  readonly directory: string;
  /** What asks this server to end without waiting for its clients. */
  readonly signal: NodeJS.Signals;
  readonly uid?: number;
  readonly gid?: number;
}

/** Starts a server under keeper.mjs and waits until its output (stdout or stderr) matches `ready`. */
export async function startServer(server: ServerCommand, ready: RegExp, timeoutMs = 60_000): Promise<ServerProcess> {
  const keeper = fileURLToPath(new URL("./keeper.mjs", import.meta.url));
  // Detached: Ctrl-C in a terminal reaches the whole process group, and the keeper must outlive it to clean up.
  const child = spawn(process.execPath, [keeper, JSON.stringify(server)], { detached: true, stdio: "pipe" });
  const match = await waitFor(child, server.command, ready, timeoutMs).catch(async (error: unknown) => {
    await stop(child);
    throw error;
  });
  // Nothing but an open test keeps the run going: its end ends the server.
  child.unref();
  for (const stream of [child.stdin, child.stdout, child.stderr]) (stream as unknown as { unref(): void }).unref();
  return { match, stop: () => stop(child) };
}

/** A TCP port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve, reject) => probe.once("listening", resolve).once("error", reject));
  const { port } = probe.address() as { port: number };
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

function waitFor(child: ChildProcess, command: string, ready: RegExp, timeoutMs: number): Promise<RegExpMatchArray> {
  return new Promise((resolve, reject) => {
    let output: string | undefined = "";
    const fail = (reason: string) => reject(new Error(`${command} ${reason}\n${output ?? ""}`));
    const timer = setTimeout(() => fail(`was not ready within ${timeoutMs} ms`), timeoutMs);
    child.once("error", (error) => fail(error.message));
    child.once("exit", (code) => {
      clearTimeout(timer);
      fail(`ended with code ${code}`);
    });
    // The output is read to the end, else a full pipe would stop the server.
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => {
        if (output === undefined) return;
        output += text;
        const match = output.match(ready);
        if (!match) return;
        clearTimeout(timer);
        output = undefined;
        resolve(match);
      });
    }
  });
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.ref();
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.stdin?.end();
  await ended;
}
