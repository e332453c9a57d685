/**
 * The number of the pull request that a commit names: as GitHub ends squashed commits, as GitHub and Bitbucket call
 * merges, as GitLab writes into their bodies. Undefined where it names none.
 */
export function pullRequestOf(subject: string, body = ""): number | undefined {
  const found =
    /\(#(\d+)\)$/.exec(subject) ??
    /^Merge pull request #(\d+)\b/.exec(subject) ??
    /^Merged in .*\(pull request #(\d+)\)$/.exec(subject) ??
    /^See merge request \S*!(\d+)$/m.exec(body);
  return found ? Number(found[1]) : undefined;
}
