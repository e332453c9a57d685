import { createHmac } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { EnvironmentConfig, WebhookConfig } from "../config/config.js";
import type { Secret } from "../config/secret.js";
import { resolve } from "../config/template.js";
import { HeddleError } from "../model/errors.js";

export interface Webhook {
  /** Where it stands in the configuration, since neither its URL nor its secret is ever shown. */
  label: string;
  url: Secret;
  secret: Secret;
}

/** Pauses before the second and third attempt, the most that one attempt takes, and that all of them take, in ms. */
const limits = { pauses: [500, 1500], attempt: 4_000, all: 10_000 };

/** An environment's webhooks with their variables read; what stands in the way of one is text. */
export function webhooksOf({ notify }: EnvironmentConfig): { on: WebhookConfig["on"]; hook: Webhook | string }[] {
  return notify.map((config, index) => ({ on: config.on, hook: webhook(config, `notify[${index}]`) }));
}

function webhook({ url, secret }: WebhookConfig, label: string): Webhook | string {
  try {
    const found = resolve({ url, secret });
    if (!/^https?:\/\//.test(found.url.reveal()) || !URL.canParse(found.url.reveal())) {
      return `${label}: its variable holds no http or https URL`;
    }
    if (found.secret.reveal().length < 16) return `${label}: its secret is shorter than 16 characters`;
    return { label, ...found };
  } catch (error) {
    if (!(error instanceof HeddleError)) throw error;
    return `${label}: ${error.problems.map(({ message }) => message).join(", ")}`;
  }
}

/**
 * Posts a signed event, again where that may help; takes at most `limits.all` ms, less where `signal` ends it. Redirects
 * are not followed. Gives why it was not delivered, in words without URL, secret or answer; undefined where it was.
 */
export async function deliver(hook: Webhook, body: string, signal?: AbortSignal): Promise<string | undefined> {
  using end = timeLimit(limits.all, signal);
  for (const pause of [...limits.pauses, undefined]) {
    const { failure, again } = await post(hook, body, end.signal);
    if (failure === undefined) return undefined;
    const stopped =
      pause === undefined || !again || (await sleep(pause, false, { signal: end.signal }).catch(() => true));
    if (stopped) return `${hook.label}: ${failure}`;
  }
  return undefined;
}

/**
 * A signal that comes after so many ms, or with another one. Not by AbortSignal.any and timeout: Node.js 20 may collect
 * those as garbage while they are waited for, and then they never come.
 */
function timeLimit(ms: number, other?: AbortSignal): Disposable & { signal: AbortSignal } {
  const controller = new AbortController();
  const abort = () => controller.abort();
  const timer = setTimeout(abort, ms);
  other?.addEventListener("abort", abort);
  if (other?.aborted) abort();
  return {
    signal: controller.signal,
    [Symbol.dispose]() {
      clearTimeout(timer);
      other?.removeEventListener("abort", abort);
    },
  };
}

/** `X-Heddle-Signature: t=SECONDS,v1=HEX`: HMAC-SHA256 (RFC 2104) of the seconds, a dot, and the body's bytes. */
function signature(secret: Secret, body: string, seconds: number): string {
  const digest = createHmac("sha256", secret.reveal()).update(`${seconds}.${body}`).digest("hex");
  return `t=${seconds},v1=${digest}`;
}

async function post(hook: Webhook, body: string, end: AbortSignal): Promise<{ failure?: string; again?: boolean }> {
  using limit = timeLimit(limits.attempt, end);
  const { signal } = limit;
  try {
    const {
      ok,
      status,
      body: answer,
    } = await fetch(hook.url.reveal(), {
      method: "POST",
      redirect: "manual",
      headers: {
        "content-type": "application/cloudevents+json; charset=utf-8",
        "x-heddle-signature": signature(hook.secret, body, Math.floor(Date.now() / 1000)),
        "user-agent": "heddle",
      },
      body,
      signal,
    });
    await answer?.cancel();
    if (ok) return {};
    return { failure: `answered ${status}`, again: status === 408 || status === 429 || status >= 500 };
  } catch (error) {
    // What the error says may quote the URL.
    const code = (error as { cause?: { code?: unknown } }).cause?.code;
    const why = signal.aborted ? "gave no answer in time" : "cannot be reached";
    return { failure: /^[A-Z_]+$/.test(String(code)) ? `${why} (${code})` : why, again: true };
  }
}
