import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { Ajv2020 } from "ajv/dist/2020.js";

/** What the fake GitHub holds; tests look at it and change it. */
export interface GithubState {
  comments: { id: number; issue: number; body: string; user: { login: string } }[];
  issues: {
    id: number;
    number: number;
    title: string;
    body: string;
    state: string;
    labels: { name: string }[];
    user: { login: string };
  }[];
  pulls: {
    number: number;
    title: string;
    head: string;
    base: string;
    body: string;
    state: string;
    commits: string[];
  }[];
  labels: Map<number, string[]>;
  artifacts: { id: number; name: string; expired: boolean; created_at: string; workflow_run: object }[];
  /** Every request: `METHOD /path`. */
  requests: string[];
  /** Answers to give first, in order: status and headers. */
  failures: { status: number; headers?: Record<string, string>; body?: string }[];
}

const text = { type: "string" };
const closed = (properties: Record<string, object>, required: string[] = []) => ({
  type: "object",
  properties,
  required,
  additionalProperties: false,
});

/** Request bodies, by GitHub's published OpenAPI description (@octokit/openapi-types 29). */
const bodies: Record<string, object> = {
  "POST /issues/N/comments": closed({ body: { ...text, maxLength: 65536 } }, ["body"]),
  "PATCH /issues/comments/N": closed({ body: { ...text, maxLength: 65536 } }, ["body"]),
  "POST /issues": closed(
    {
      title: text,
      body: { ...text, maxLength: 65536 },
      labels: { type: "array", items: text },
      assignees: { type: "array", items: text },
    },
    ["title"],
  ),
  "PATCH /issues/N": closed({
    title: text,
    body: { ...text, maxLength: 65536 },
    state: { enum: ["open", "closed"] },
    state_reason: { enum: ["completed", "not_planned", "duplicate", "reopened", null] },
    labels: { type: "array", items: text },
  }),
  "POST /pulls": closed(
    {
      title: text,
      head: text,
      base: text,
      body: text,
      draft: { type: "boolean" },
      maintainer_can_modify: { type: "boolean" },
    },
    ["head", "base", "title"],
  ),
  "PATCH /pulls/N": closed({ title: text, body: text, state: { enum: ["open", "closed"] }, base: text }),
  "POST /graphql": closed({ query: text, variables: { type: "object" } }, ["query"]),
};
const ajv = new Ajv2020();
const checks = new Map(Object.entries(bodies).map(([name, schema]) => [name, ajv.compile(schema)]));

export const githubToken = "ghs_test_token_canary";
export const githubBot = "github-actions[bot]";

/** A server on this host that answers the requests that Heddle makes of GitHub, and 422 where a body has not GitHub's shape. */
export async function startGithub(): Promise<{ state: GithubState; variables: Record<string, string>; stop(): void }> {
  const state: GithubState = {
    comments: [],
    issues: [],
    pulls: [],
    labels: new Map(),
    artifacts: [],
    requests: [],
    failures: [],
  };
  const server = createServer(async (request, response) => {
    const body = await read(request);
    const { pathname, searchParams } = new URL(request.url!, "http://github");
    state.requests.push(`${request.method} ${pathname}`);
    const failure = state.failures.shift();
    if (failure)
      return response.writeHead(failure.status, failure.headers).end(failure.body ?? '{"message":"try again"}');
    if (request.headers.authorization !== `Bearer ${githubToken}`)
      return response.writeHead(401).end('{"message":"Bad credentials"}');
    const path = pathname.replace(/^\/repos\/acme\/shop/, "");
    const check = checks.get(`${request.method} ${path.replace(/\d+/g, "N")}`);
    if (body !== undefined && !check?.(body)) {
      return response
        .writeHead(422)
        .end(JSON.stringify({ message: `Validation Failed: ${JSON.stringify(check?.errors)}` }));
    }
    const [status, answer] = route(state, request.method!, path, searchParams, body ?? {});
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(answer));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    state,
    variables: {
      GITHUB_API_URL: url,
      GITHUB_GRAPHQL_URL: `${url}/graphql`,
      GITHUB_REPOSITORY: "acme/shop",
      GITHUB_TOKEN: githubToken,
      GITHUB_SERVER_URL: "https://github.example",
      GITHUB_RUN_ID: "77",
    },
    stop: () => server.close(),
  };
}

async function read(request: IncomingMessage): Promise<Record<string, unknown> | undefined> {
  let all = "";
  for await (const chunk of request) all += chunk;
  return all === "" ? undefined : (JSON.parse(all) as Record<string, unknown>);
}

type Fields = Record<string, unknown>;

function route(
  state: GithubState,
  method: string,
  path: string,
  query: URLSearchParams,
  body: Fields,
): [number, unknown] {
  const user = { login: githubBot };
  const page = <T>(items: T[]): [number, T[]] => {
    const [size, number] = [Number(query.get("per_page") ?? 30), Number(query.get("page") ?? 1)];
    return [200, items.slice((number - 1) * size, number * size)];
  };
  const numbers = (path.match(/\d+/g) ?? []).map(Number);
  const next = () => 1 + state.comments.length + state.issues.length + state.pulls.length;
  switch (
    `${method} ${path
      .replace(/\d+/g, "N")
      .replace(/\/commits\/[^/]+/, "/commits/ID")
      .replace(/labels\/.*/, "labels/NAME")}`
  ) {
    case "POST /graphql":
      return [200, { data: { viewer: user } }];
    case "GET /issues/N/comments":
      return page(state.comments.filter(({ issue }) => issue === numbers[0]));
    case "POST /issues/N/comments":
      state.comments.push({ id: next(), issue: numbers[0]!, body: body.body as string, user });
      return [201, state.comments.at(-1)];
    case "PATCH /issues/comments/N":
      return [200, Object.assign(state.comments.find(({ id }) => id === numbers[0])!, body)];
    case "GET /issues":
      return page(state.issues.filter((issue) => issue.state === query.get("state")));
    case "POST /issues": {
      const number = next();
      const labels = (body.labels as string[]).map((name) => ({ name }));
      state.issues.push({
        id: number,
        number,
        title: body.title as string,
        body: body.body as string,
        labels,
        state: "open",
        user,
      });
      return [201, state.issues.at(-1)];
    }
    case "PATCH /issues/N":
      return [200, Object.assign(state.issues.find(({ number }) => number === numbers[0])!, body)];
    case "GET /issues/N/labels":
      return page((state.labels.get(numbers[0]!) ?? []).map((name) => ({ name })));
    case "DELETE /issues/N/labels/NAME": {
      const name = decodeURIComponent(path.split("/labels/")[1]!);
      state.labels.set(
        numbers[0]!,
        (state.labels.get(numbers[0]!) ?? []).filter((label) => label !== name),
      );
      return [200, []];
    }
    case "GET /pulls":
      return page(
        state.pulls.filter(
          ({ head, base, state }) =>
            state === query.get("state") && `acme:${head}` === query.get("head") && base === query.get("base"),
        ),
      );
    case "POST /pulls":
      state.pulls.push({
        ...(body as { title: string; head: string; base: string; body: string }),
        number: next(),
        state: "open",
        commits: [],
      });
      return [201, state.pulls.at(-1)];
    case "PATCH /pulls/N":
      return [200, Object.assign(state.pulls.find(({ number }) => number === numbers[0])!, body)];
    case "GET /commits/ID/pulls":
      return page(state.pulls.filter(({ commits }) => commits.includes(path.split("/")[2]!)));
    case "GET /actions/artifacts": {
      const artifacts = state.artifacts.filter(({ name }) => name === query.get("name"));
      return [200, { total_count: artifacts.length, artifacts }];
    }
    default:
      return [404, { message: "Not Found" }];
  }
}
