import { setTimeout as sleep } from "node:timers/promises";
import type { GithubSettings } from "../../config/github.js";
import { HeddleError } from "../../model/errors.js";
import { printable } from "../../model/printable.js";

/** GitHub's REST API for one repository; paths begin after `/repos/OWNER/NAME`. */
export interface Github {
  settings: GithubSettings;
  /** The parsed answer; undefined where there is none. HDL700 where GitHub cannot be reached or refuses. */
  call<T>(method: Method, path: string, body?: object): Promise<T>;
  /** All items of a list, page by page. */
  list<T>(path: string): AsyncGenerator<T>;
  /** Who the token is, as comments and issues name their author. */
  login(): Promise<string>;
}

type Method = "GET" | "POST" | "PATCH" | "DELETE";

const pageSize = 100;
const tries = 4;
/** For one answer, and the longest pause that a server may ask for, in ms. */
const patience = 30_000;

export function openGithub(settings: GithubSettings): Github {
  const base = `${settings.api}/repos/${settings.repository}`;
  const call = async <T>(method: Method, path: string, body?: object) =>
    (await request(settings, method, `${base}${path}`, body)) as T;
  return {
    settings,
    call,
    async *list<T>(path: string) {
      for (let page = 1; ; page++) {
        const items = await call<T[]>(
          "GET",
          `${path}${path.includes("?") ? "&" : "?"}per_page=${pageSize}&page=${page}`,
        );
        yield* items;
        if (items.length < pageSize) return;
      }
    },
    async login() {
      const query = { query: "query { viewer { login } }" };
      const answer = await request(settings, "POST", settings.graphql, query);
      return (answer as { data: { viewer: { login: string } } }).data.viewer.login;
    },
  };
}

async function request(settings: GithubSettings, method: Method, url: string, body?: object): Promise<unknown> {
  const what = `${method} ${new URL(url).pathname}`;
  for (let attempt = 1; ; attempt++) {
    const response = await send(settings, method, url, body).catch((cause: unknown) => {
      if (attempt < tries && method !== "POST") return undefined;
      throw new HeddleError("HDL700", `GitHub cannot be reached: ${what}`, { cause, hint: "run it again" });
    });
    if (response?.ok) return response.status === 204 ? undefined : await response.json();
    if (attempt === tries || (response && !isPassing(response, method))) throw await refusal(what, response!);
    await sleep(pause(response, attempt));
  }
}

function send({ token }: GithubSettings, method: Method, url: string, body: object | undefined): Promise<Response> {
  return fetch(url, {
    method,
    headers: {
      authorization: `Bearer ${token.reveal()}`,
      accept: "application/vnd.github+json",
      "x-github-api-version": "2022-11-28",
      "user-agent": "heddle",
      ...(body && { "content-type": "application/json" }),
    },
    ...(body && { body: JSON.stringify(body) }),
    redirect: "error",
    signal: AbortSignal.timeout(patience),
  });
}

/** Worth another try. A POST that a server failed at may have been done all the same. */
function isPassing({ status, headers }: Response, method: Method): boolean {
  return status === 429 || (status === 403 && headers.has("retry-after")) || (status >= 500 && method !== "POST");
}

function pause(response: Response | undefined, attempt: number): number {
  const asked = Number(response?.headers.get("retry-after") ?? Number.NaN) * 1000;
  return Math.min(Number.isNaN(asked) ? 250 * 2 ** attempt : asked, patience);
}

async function refusal(what: string, response: Response): Promise<HeddleError> {
  const { message } = (await response.json().catch(() => ({}))) as { message?: unknown };
  const said = typeof message === "string" ? `: ${printable(message).slice(0, 300)}` : "";
  const denied = [401, 403, 404].includes(response.status);
  const hint = denied
    ? "does the workflow's `permissions:` allow it? docs/workflows/README.md lists what is needed"
    : "";
  return new HeddleError("HDL700", `GitHub answered ${response.status} to ${what}${said}`, { ...(hint && { hint }) });
}
