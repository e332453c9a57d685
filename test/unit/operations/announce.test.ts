import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { loadConfig } from "../../../src/config/load.js";
import { announce } from "../../../src/operations/announce.js";
import { documentedCheck, secret, startReceiver } from "../../support/receiver.js";

const environmentWith = async (notify: string) => {
  const text = `apiVersion: heddle/v1
kind: Weave
metadata: { name: shop }
spec: { source: { url: "\${DB}" }, select: [{ dataset: items }] }
---
apiVersion: heddle/v1
kind: Environment
metadata: { name: copy }
spec: { database: { url: "\${DB}" }, weaves: [shop], notify: ${notify} }
`;
  return (await loadConfig([{ path: "a.yaml", text }])).environments[0]!;
};
const hook = '{ url: "${HOOK_URL}", secret: "${HOOK_SECRET}" }';

let receiver: Awaited<ReturnType<typeof startReceiver>>;
beforeEach(async () => {
  receiver = await startReceiver();
  vi.stubEnv("HOOK_URL", receiver.url);
  vi.stubEnv("HOOK_SECRET", secret);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await receiver.stop();
});

/** Announces that something was applied; gives the warnings. */
async function applied(notify = `[${hook}]`, more: object = {}): Promise<string[]> {
  const warnings: string[] = [];
  const warn = (text: string) => warnings.push(text);
  await announce(await environmentWith(notify), "applied", { verb: "apply" }, { warn, ...more });
  return warnings;
}

describe("delivery", () => {
  test("a failure that may pass is tried again with the same id, each time signed", async () => {
    receiver.state.answer = (attempt) => (attempt < 3 ? 503 : 204);
    expect(await applied()).toEqual([]);
    expect(receiver.deliveries.map(({ signed }) => signed)).toEqual([true, true, true]);
    expect(new Set(receiver.deliveries.map(({ event }) => event.id)).size).toBe(1);
  });

  test("it ends after three attempts, and after one that cannot be helped", async () => {
    receiver.state.answer = () => 500;
    expect(await applied()).toEqual(["copy: not notified (applied): notify[0]: answered 500"]);
    expect(receiver.deliveries).toHaveLength(3);
    receiver.state.answer = () => 410;
    expect(await applied()).toEqual(["copy: not notified (applied): notify[0]: answered 410"]);
    expect(receiver.deliveries).toHaveLength(4);
  });

  test("no redirect is followed", async () => {
    const other = await startReceiver();
    try {
      receiver.state.answer = () => 307;
      receiver.state.location = other.url;
      expect(await applied()).toEqual(["copy: not notified (applied): notify[0]: answered 307"]);
      expect([receiver.deliveries.length, other.deliveries.length]).toEqual([1, 0]);
    } finally {
      await other.stop();
    }
  });

  test("a webhook that never answers is given up, at once where all is to stop, and holds up no other", async () => {
    const other = await startReceiver();
    vi.stubEnv("OTHER_URL", other.url);
    try {
      receiver.state.answer = () => 0;
      const silent = "copy: not notified (applied): notify[0]: gave no answer in time";
      expect(await applied(`[${hook}, { url: "\${OTHER_URL}", secret: "\${HOOK_SECRET}" }]`)).toEqual([silent]);
      expect(receiver.deliveries.length).toBeGreaterThan(1);
      expect(other.deliveries).toHaveLength(1);
      const stop = new AbortController();
      const stopped = applied(undefined, { signal: stop.signal });
      const before = receiver.deliveries.length;
      while (receiver.deliveries.length === before) await new Promise((go) => setTimeout(go, 5));
      stop.abort();
      expect(await stopped).toEqual([silent]);
      expect(receiver.deliveries).toHaveLength(before + 1);
    } finally {
      await other.stop();
    }
  });

  test.each([
    ["HOOK_URL", "", "the variable HOOK_URL is empty"],
    ["HOOK_URL", "http://127.0.0.1:9/hidden", "cannot be reached"],
    ["HOOK_URL", "ftp://hidden", "its variable holds no http or https URL"],
    ["HOOK_URL", "https://hidden:port/", "its variable holds no http or https URL"],
    ["HOOK_SECRET", "hidden", "its secret is shorter than 16 characters"],
  ])("%s=%s: %s", async (variable, value, why) => {
    vi.stubEnv(variable, value);
    const [warning, ...others] = await applied();
    expect(warning).toContain(`copy: not notified (applied): notify[0]: ${why}`);
    expect(warning).not.toContain("hidden");
    expect(others).toEqual([]);
  });
});

test("a webhook is told what it asks for, and in repeated work nothing twice in a row", async () => {
  expect(await applied('[{ url: "${HOOK_URL}", secret: "${HOOK_SECRET}", on: [drifted] }]')).toEqual([]);
  expect(receiver.deliveries).toEqual([]);
  const told = new Map();
  for (let i = 0; i < 3; i++) await applied(undefined, { told });
  expect(receiver.deliveries).toHaveLength(1);
  told.clear();
  await applied(undefined, { told });
  expect(receiver.deliveries).toHaveLength(2);
});

test("the check that the page gives refuses another body, secret or time", async () => {
  const { isFromHeddle } = await documentedCheck();
  await applied();
  const { headers, body } = receiver.deliveries[0]!;
  const header = String(headers["x-heddle-signature"]);
  const now = Date.now() / 1000;
  expect(isFromHeddle(header, body, secret)).toBe(true);
  expect(isFromHeddle(header, Buffer.concat([body, Buffer.from(" ")]), secret)).toBe(false);
  expect(isFromHeddle(header, body, `${secret}!`)).toBe(false);
  expect(isFromHeddle(header, body, secret, now + 301)).toBe(false);
  expect(isFromHeddle(header.replace(/^t=\d+/, `t=${Math.floor(now) + 5}`), body, secret)).toBe(false);
});
