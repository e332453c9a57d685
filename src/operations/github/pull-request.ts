import { type GithubSettings, githubSettings } from "../../config/github.js";
import { openGithub } from "./api.js";

export interface PullRequestOptions {
  /** Branch of this repository that is to be merged. */
  head: string;
  /** Branch that it is merged into. */
  base: string;
  title: string;
  /** Markdown. */
  body?: string;
  settings?: GithubSettings;
}

/** Opens a pull request, or changes title and text of the one that is open between these branches. Errors: HDL103, HDL700. */
export async function openPullRequest(options: PullRequestOptions): Promise<{ number: number; opened: boolean }> {
  const { head, base, title, body = "", settings = await githubSettings() } = options;
  const github = openGithub(settings);
  const owner = settings.repository.split("/", 1)[0]!;
  const query = new URLSearchParams({ state: "open", head: `${owner}:${head}`, base });
  const [open] = await github.call<{ number: number }[]>("GET", `/pulls?${query}`);
  if (open) {
    await github.call("PATCH", `/pulls/${open.number}`, { title, body });
    return { number: open.number, opened: false };
  }
  const { number } = await github.call<{ number: number }>("POST", "/pulls", { title, head, base, body });
  return { number, opened: true };
}
