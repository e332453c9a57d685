import { type GithubSettings, githubSettings } from "../../config/github.js";
import { HeddleError } from "../../model/errors.js";
import { openGithub } from "./api.js";
import { bodyOf, findMarked } from "./marked.js";

export interface CommentOptions {
  /** What the comment is about: there is one for each key, which is changed when it is there already. */
  key: string;
  /** Markdown. */
  report: string;
  /** Number of the pull request; the one of the workflow's event where it is not given. */
  pullRequest?: number;
  /** Instead of a number: a commit id; the pull request is the one that brought it. */
  commit?: string;
  settings?: GithubSettings;
}

/**
 * Writes or changes the one comment for a key on a pull request. Errors: HDL103, HDL700.
 * @returns the pull request's number; undefined where no pull request brought the commit
 */
export async function commentOnPullRequest(options: CommentOptions): Promise<number | undefined> {
  const { key, report, commit, settings = await githubSettings() } = options;
  const github = openGithub(settings);
  let number = options.pullRequest ?? settings.pullRequest;
  if (commit !== undefined) {
    const path = `/commits/${encodeURIComponent(commit)}/pulls`;
    const holding = await github.call<{ number: number; merge_commit_sha?: string | null }[]>("GET", path);
    number = (holding.find(({ merge_commit_sha: merged }) => merged === commit) ?? holding[0])?.number;
    if (number === undefined) return undefined;
  }
  if (number === undefined) {
    throw new HeddleError("HDL100", "there is no pull request to comment on", {
      hint: "name it: --pr NUMBER, or --commit ID for the one that brought a commit",
    });
  }
  const path = `/issues/${number}/comments`;
  const body = bodyOf(github, key, report);
  const found = await findMarked(github, path, key);
  if (found) await github.call("PATCH", `/issues/comments/${found.id}`, { body });
  else await github.call("POST", path, { body });
  return number;
}
