import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";

/** What a webhook got. */
interface Delivery {
  headers: Record<string, string | string[] | undefined>;
  body: Buffer;
  /** Whether the signature is good, as the code in docs/notifications.md says. */
  signed: boolean;
  event: { id: string; type: string; source: string; data: Record<string, unknown> };
}

export const secret = "a secret of some length";

/** A webhook's server. It answers with what `answer` says, 204 where nothing else is set; 0 is no answer at all. */
export async function startReceiver() {
  const { isFromHeddle } = await documentedCheck();
  const deliveries: Delivery[] = [];
  const state: { answer: (attempt: number) => number; location?: string } = { answer: () => 204 };
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    const signed = isFromHeddle(String(request.headers["x-heddle-signature"]), body, secret);
    deliveries.push({ headers: request.headers, body, signed, event: JSON.parse(body.toString()) });
    const status = state.answer(deliveries.length);
    if (status === 0) return;
    if (state.location !== undefined) response.setHeader("location", state.location);
    response.writeHead(status).end("an answer that nobody repeats");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/token-in-the-path`,
    deliveries,
    state,
    stop: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}

/** The code that the page gives to people who write webhooks. */
export async function documentedCheck(): Promise<{
  isFromHeddle(header: string, body: Buffer, secret: string, now?: number): boolean;
}> {
  const page = readFileSync(join(import.meta.dirname, "../../docs/notifications.md"), "utf8");
  const code = /^```js verify\n(.*?)^```$/ms.exec(page)![1]!;
  return import(`data:text/javascript,${encodeURIComponent(code)}`);
}
