import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { HeddleError } from "../model/errors.js";
import type { Metrics } from "./metrics.js";

export interface Address {
  host: string;
  port: number;
}

/**
 * Serves `/healthz` (the process lives), `/readyz` (the last round was good) and `/metrics` until it is disposed of; gives
 * where it listens. HDL107 where that is not possible.
 */
export async function serveProbes({ host, port }: Address, metrics: Metrics): Promise<Address & AsyncDisposable> {
  const pages: Record<string, () => { status: number; type: string; text: string }> = {
    "/healthz": () => ({ status: 200, type: "text/plain", text: "ok\n" }),
    "/readyz": () =>
      metrics.ready()
        ? { status: 200, type: "text/plain", text: "ok\n" }
        : { status: 503, type: "text/plain", text: "the last round failed, or none has ended yet\n" },
    "/metrics": () => ({ status: 200, type: "text/plain; version=0.0.4; charset=utf-8", text: metrics.render() }),
  };
  const server = createServer(({ method, url = "/" }, response) => {
    const page = pages[url.split("?")[0]!];
    if (!page) return void response.writeHead(404).end();
    if (method !== "GET" && method !== "HEAD") return void response.writeHead(405, { allow: "GET, HEAD" }).end();
    const { status, type, text } = page();
    response.writeHead(status, { "content-type": type, "cache-control": "no-store" }).end(text);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause: NodeJS.ErrnoException) =>
      reject(new HeddleError("HDL107", `cannot listen on ${host}:${port}: ${cause.code}`, { cause })),
    );
    server.listen(port, host, resolve);
  });
  return {
    host,
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
