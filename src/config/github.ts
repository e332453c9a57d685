import { readFile } from "node:fs/promises";
import { HeddleError } from "../model/errors.js";
import { processVariables, type Variables } from "./environment.js";
import { Secret } from "./secret.js";

/** What GitHub Actions, or whoever runs this elsewhere, says of a repository there. */
export interface GithubSettings {
  token: Secret;
  /** Without a slash at the end. */
  api: string;
  graphql: string;
  /** `owner/name`. */
  repository: string;
  /** Page of the workflow's run. */
  run?: string;
  /** Number of the pull request that the workflow runs for. */
  pullRequest?: number;
}

/** Reads `GITHUB_TOKEN` (or `GH_TOKEN`), `GITHUB_REPOSITORY` and what Actions sets beside them. HDL103 for what is missing. */
export async function githubSettings(variables: Variables = processVariables()): Promise<GithubSettings> {
  const token = variables.GITHUB_TOKEN || variables.GH_TOKEN;
  const repository = variables.GITHUB_REPOSITORY;
  if (!token) throw missing("GITHUB_TOKEN", "env: { GITHUB_TOKEN: ${{ github.token }} }");
  if (!repository || !/^[\w-]+\/(?!\.+$)[\w.-]+$/.test(repository)) throw missing("GITHUB_REPOSITORY", "owner/name");
  const { GITHUB_SERVER_URL: server, GITHUB_RUN_ID: run, GITHUB_EVENT_PATH: event } = variables;
  const pullRequest = event ? await pullRequestOf(event) : undefined;
  return {
    token: new Secret(token),
    api: (variables.GITHUB_API_URL || "https://api.github.com").replace(/\/$/, ""),
    graphql: variables.GITHUB_GRAPHQL_URL || "https://api.github.com/graphql",
    repository,
    ...(server && run && { run: `${server}/${repository}/actions/runs/${run}` }),
    ...(pullRequest !== undefined && { pullRequest }),
  };
}

/** Only events of pull requests have one. */
async function pullRequestOf(file: string): Promise<number | undefined> {
  try {
    const event = JSON.parse(await readFile(file, "utf8")) as { pull_request?: { number?: unknown } };
    const number = event.pull_request?.number;
    return typeof number === "number" ? number : undefined;
  } catch {
    return undefined;
  }
}

function missing(name: string, hint: string): HeddleError {
  return new HeddleError("HDL103", `the variable ${name} is not set as GitHub Actions sets it`, { hint });
}
