import { execFile } from "node:child_process";
import { access, constants, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { MongoClient } from "mongodb";
import { secantusPython } from "./secantusdb.js";
import { freePort, type ServerProcess, startServer } from "./server-process.js";

const run = promisify(execFile);

export interface MongodbServer {
  readonly url: string;
  /** Name and version, for the run's log and for tests that differ between servers. */
  readonly server: string;
  stop(): Promise<void>;
}

/** The ways to get a server, best first; each gives undefined where it has nothing to offer. */
const candidates: Record<string, (standalone: boolean) => Promise<MongodbServer | undefined>> = {
  mongod: async (standalone) => {
    const binary = await onPath("mongod");
    return binary === undefined ? undefined : startMongod(binary, standalone);
  },
  "secantusd-rs": async (standalone) => {
    const binary = await onPath("secantusd-rs");
    return binary === undefined ? undefined : startSecantus(binary, [], standalone);
  },
  "mongodb-memory-server": async (standalone) => {
    if (!(await reachable("https://fastdl.mongodb.org/"))) return undefined;
    const { MongoBinary } = await import("mongodb-memory-server-core");
    return startMongod(await MongoBinary.getPath({ version: "8.0.4" }), standalone);
  },
  "secantusd-py": async (standalone) =>
    startSecantus(await secantusPython(), ["-c", "from secantus.cli import main; main()"], standalone),
};

/**
 * Starts a MongoDB that answers as a single-node replica set, or as a standalone server. `only` names one candidate to insist on.
 * Gives the reasons as text where none can be had.
 */
export async function startMongodb(only?: string, standalone = false): Promise<MongodbServer | string> {
  if (only && !(only in candidates)) throw new Error(`unknown server ${only}: ${Object.keys(candidates).join(", ")}`);
  const reasons: string[] = [];
  for (const name of only ? [only] : Object.keys(candidates)) {
    try {
      const server = await candidates[name]?.(standalone);
      if (server) return server;
      reasons.push(`${name}: not found`);
    } catch (error) {
      reasons.push(`${name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return reasons.join("\n");
}

async function startMongod(binary: string, standalone: boolean): Promise<MongodbServer> {
  const directory = await mkdtemp(join(tmpdir(), "heddle-mongodb-"));
  const port = await freePort();
  const place = ["--dbpath", directory, "--port", String(port), "--bind_ip", "127.0.0.1"];
  const args = [...place, ...(standalone ? [] : ["--replSet", "heddle"])];
  const ready = /Waiting for connections/;
  const server = await started({ command: binary, args, directory, signal: "SIGTERM" }, ready);
  const url = `mongodb://127.0.0.1:${port}/?directConnection=true`;
  return checked(server, url, async (client) => {
    const { version } = await client.db("admin").command({ buildInfo: 1 });
    if (standalone) return `mongod ${version}`;
    await client
      .db("admin")
      .command({ replSetInitiate: { _id: "heddle", members: [{ _id: 0, host: `127.0.0.1:${port}` }] } });
    for (;;) {
      const hello = await client.db("admin").command({ hello: 1 });
      if (hello.isWritablePrimary) break;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    return `mongod ${version}`;
  });
}

async function startSecantus(command: string, before: string[], standalone: boolean): Promise<MongodbServer> {
  const directory = await mkdtemp(join(tmpdir(), "heddle-mongodb-"));
  const storage = ["--host", "127.0.0.1", "--port", "0", "--storage-path", directory, "--cache-size", "256M"];
  const ready = /listening on 127\.0\.0\.1:(\d+)/;
  const server = await started(
    { command, args: [...before, ...storage, ...(standalone ? ["--standalone"] : [])], directory, signal: "SIGTERM" },
    ready,
  );
  const url = `mongodb://127.0.0.1:${server.match[1]}/?directConnection=true`;
  return checked(server, url, async () => {
    if (before.length === 0) return (await run(command, ["--version"])).stdout.split("\n")[0] ?? "";
    const version = "import importlib.metadata as m; print(m.version('SecantusDB'))";
    return `secantusd-py ${(await run(command, ["-c", version])).stdout.trim()}`;
  });
}

async function started(server: Parameters<typeof startServer>[0], ready: RegExp): Promise<ServerProcess> {
  try {
    return await startServer(server, ready);
  } catch (error) {
    await rm(server.directory, { recursive: true, force: true });
    throw error;
  }
}

/** A server is handed out once a client has really spoken to it. */
async function checked(
  { stop }: ServerProcess,
  url: string,
  describe: (client: MongoClient) => Promise<string>,
): Promise<MongodbServer> {
  const client = new MongoClient(url, { serverSelectionTimeoutMS: 30_000 });
  try {
    const server = await describe(client);
    await client.db("admin").command({ ping: 1 });
    return { url, server, stop };
  } catch (error) {
    await stop();
    throw error;
  } finally {
    await client.close();
  }
}

async function onPath(name: string): Promise<string | undefined> {
  for (const directory of (process.env.PATH ?? "").split(delimiter)) {
    const file = join(directory, name);
    if (
      directory &&
      (await access(file, constants.X_OK).then(
        () => true,
        () => false,
      ))
    )
      return file;
  }
  return undefined;
}

/** Asked first because a download that cannot be reached would otherwise be retried for minutes. */
async function reachable(url: string): Promise<boolean> {
  return fetch(url, { method: "HEAD", signal: AbortSignal.timeout(3000) }).then(
    () => true,
    () => false,
  );
}
