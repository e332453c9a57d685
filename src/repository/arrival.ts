import type { Digest } from "../model/entry.js";
import { output, outputList } from "./git.js";
import { pullRequestOf } from "./pull-request.js";
import type { Repository } from "./repository.js";

/** The merge that brought a commit into a branch. */
interface Arrival {
  merge: Digest;
  pullRequest?: number;
}

/** For those of these ancestors of `tip` that are not on its line of first parents: the first commit on it that has them. */
export async function arrivals(
  { git }: Repository,
  tip: Digest,
  commits: readonly Digest[],
): Promise<Map<Digest, Arrival>> {
  const list = async (...args: string[]) => (await output(git, ["rev-list", ...args, "--"])).split("\n");
  const line = await list("--first-parent", tip);
  const onLine = new Set(line);
  const merges = new Map<Digest, Digest>();
  for (const commit of commits.filter((id) => !onLine.has(id))) {
    const since = new Set(await list("--ancestry-path", `${commit}..${tip}`));
    const merge = line.findLast((id) => since.has(id));
    if (merge !== undefined) merges.set(commit, merge);
  }
  const requests = await requestsOf(git, [...new Set(merges.values())]);
  return new Map(
    [...merges].map(([commit, merge]) => {
      const pullRequest = requests.get(merge);
      return [commit, { merge, ...(pullRequest !== undefined && { pullRequest }) }];
    }),
  );
}

async function requestsOf(git: Repository["git"], merges: readonly Digest[]): Promise<Map<Digest, number>> {
  const found = new Map<Digest, number>();
  if (merges.length === 0) return found;
  const format = "--format=%H%x00%s%x00%b";
  const tokens = await outputList(git, ["log", "--no-walk", "-z", "--no-show-signature", format, ...merges]);
  for (let i = 0; i + 2 < tokens.length; i += 3) {
    const request = pullRequestOf(tokens[i + 1]!, tokens[i + 2]!);
    if (request !== undefined) found.set(tokens[i]!, request);
  }
  return found;
}
