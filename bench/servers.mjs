// The servers that the tests would take: real ones, whose data lives no longer than the run.
import { createViteServer } from "vitest/node";

/** Starts PostgreSQL; `url` is a superuser's, to the maintenance database. The server does not wait for the disk. */
export async function startPostgres() {
  return fromSupport("postgres-server", ({ startPostgres }) => startPostgres());
}

/** Starts whatever speaks MongoDB's protocol here; `server` says what it is. Throws where nothing does. */
export async function startMongodb() {
  const found = await fromSupport("mongodb-server", ({ startMongodb }) => startMongodb());
  if (typeof found === "string") throw new Error(`no MongoDB here:\n${found}`);
  return found;
}

/** Test support is TypeScript, which Node.js 20 does not read. */
async function fromSupport(name, work) {
  const vite = await createViteServer({
    configFile: false,
    logLevel: "error",
    appType: "custom",
    server: { middlewareMode: true, ws: false },
  });
  try {
    return await work(await vite.ssrLoadModule(`/test/support/${name}.ts`));
  } finally {
    await vite.close();
  }
}
