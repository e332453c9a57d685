import { connect, createServer, type Socket } from "node:net";
import { onTestFinished } from "vitest";

/** When a proxy cuts the connection that commits: before the server gets the COMMIT, before its answer comes back, or after. */
export type Cut = "before" | "during" | "after";

/**
 * A proxy before a PostgreSQL server (unencrypted); gives the URL through it. It cuts connections on which a transaction
 * that wrote something is committed, as often as `cuts` says.
 */
export async function startProxy(url: string, cut: Cut, cuts = 1) {
  const target = new URL(url);
  const sockets = new Set<Socket>();
  const state = { left: cuts, commits: 0 };
  const server = createServer((client) => {
    const upstream = connect(Number(target.port), target.hostname);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on("error", () => {}).on("close", () => sockets.delete(socket));
    }
    const end = () => {
      client.destroy();
      upstream.destroy();
    };
    let writes = false;
    let cutting = false;
    client.on("data", (data) => {
      if (data.includes("READ WRITE")) writes = true;
      const commits = writes && data.includes("COMMIT\0");
      if (commits) state.commits++;
      if (commits && state.left > 0) {
        state.left--;
        if (cut === "before") return end();
        cutting = true;
      }
      upstream.write(data);
      if (commits) writes = false;
    });
    upstream.on("data", (data) => {
      if (cutting && cut === "during") return end();
      client.write(data);
      // The answer goes out first.
      if (cutting) client.end(() => upstream.destroy());
    });
    client.on("close", () => upstream.destroy());
    upstream.on("close", () => client.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const through = new URL(url);
  through.port = String((server.address() as { port: number }).port);
  return { url: through.href, state };
}
