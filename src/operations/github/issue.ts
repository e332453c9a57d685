import { type GithubSettings, githubSettings } from "../../config/github.js";
import { openGithub } from "./api.js";
import { bodyOf, findMarked } from "./marked.js";

const label = "heddle";

export interface IssueOptions {
  /** What the issue is about: at most one for each key is open. */
  key: string;
  /** Title and Markdown of it; without them an open one is closed, since what it told of is over. */
  problem?: { title: string; report: string };
  settings?: GithubSettings;
}

/**
 * Opens, changes or closes the one issue for a key. Errors: HDL103, HDL700.
 * @returns its number, and what was done; undefined where there was nothing to close
 */
export async function reportIssue(
  options: IssueOptions,
): Promise<{ number: number; done: "opened" | "changed" | "closed" } | undefined> {
  const { key, problem, settings = await githubSettings() } = options;
  const github = openGithub(settings);
  // Not by its label: whose token may not set one gets none.
  const found = await findMarked(github, "/issues?state=open", key);
  if (!problem) {
    if (!found) return undefined;
    await github.call("PATCH", `/issues/${found.number}`, { state: "closed", state_reason: "completed" });
    return { number: found.number!, done: "closed" };
  }
  const content = { title: problem.title, body: bodyOf(github, key, problem.report) };
  if (found) {
    await github.call("PATCH", `/issues/${found.number}`, content);
    return { number: found.number!, done: "changed" };
  }
  const { number } = await github.call<{ number: number }>("POST", "/issues", { ...content, labels: [label] });
  return { number, done: "opened" };
}
