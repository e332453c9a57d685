import { type GithubSettings, githubSettings } from "../../config/github.js";
import { HeddleError } from "../../model/errors.js";
import { openGithub } from "./api.js";

const prefix = "heddle:";

export interface LabelsOptions {
  /** Number of the pull request; the one of the workflow's event where it is not given. */
  pullRequest?: number;
  /** Takes them off: a consent is for what was seen, not for what is pushed later. */
  clear?: boolean;
  settings?: GithubSettings;
}

/** What the labels of a pull request consent to: `allow-deletes=2` for `heddle:allow-deletes=2`. Errors: HDL103, HDL700. */
export async function consentLabels(options: LabelsOptions): Promise<string[]> {
  const { clear, settings = await githubSettings() } = options;
  const number = options.pullRequest ?? settings.pullRequest;
  if (number === undefined)
    throw new HeddleError("HDL100", "there is no pull request", { hint: "name it: --pr NUMBER" });
  const github = openGithub(settings);
  const path = `/issues/${number}/labels`;
  const names: string[] = [];
  for await (const { name } of github.list<{ name: string }>(path)) if (name.startsWith(prefix)) names.push(name);
  if (!clear) return names.map((name) => name.slice(prefix.length));
  for (const name of names) await github.call("DELETE", `${path}/${encodeURIComponent(name)}`);
  return [];
}
