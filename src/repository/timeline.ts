import type { Digest } from "../model/entry.js";
import { type Environment, output, run } from "./git.js";
import { splitPacked } from "./layout.js";
import { pathLog } from "./path-log.js";
import type { Repository } from "./repository.js";

/** A commit and a moment of it, in seconds since 1970. */
export interface Point {
  commit: Digest;
  time: number;
}

/**
 * The newest commit along first parents of `tip` that was committed at `time` (seconds since 1970) or before: what
 * `git rev-list -1 --first-parent --before` gives. Where a clock went back, a commit counts from the earliest time that it or
 * a later one has. Undefined where this clone has none.
 */
export async function committedBy(repository: Repository, tip: string, time: number): Promise<Point | undefined> {
  const args = ["rev-list", "-1", "--timestamp", "--first-parent", `--min-age=${time}`, tip, "--"];
  const [seconds, commit] = (await output(repository.git, args)).split(" ");
  return commit === undefined ? undefined : { commit, time: Number(seconds) };
}

/** The newest commit that touched one of these files of the project; undefined where none did. */
export async function lastTouched(
  repository: Repository,
  tip: Digest,
  files: readonly string[],
): Promise<Digest | undefined> {
  const { git, prefix } = repository;
  const paths = [...new Set(files.map((file) => `${prefix}${splitPacked(file)?.shard ?? file}`))];
  const found = await output(git, ["rev-list", "-1", tip, "--", ...paths]);
  const shards = files.filter((file) => splitPacked(file));
  if (found === "" || shards.length === 0) return found === "" ? undefined : found;
  // What touched a shard need not have touched the entry.
  const rest = files.filter((file) => !splitPacked(file));
  const last = [rest.length === 0 ? undefined : await lastTouched(repository, tip, rest)];
  for (const file of shards) {
    for await (const { commit } of pathLog(repository, tip, file)) {
      last.push(commit.id);
      break;
    }
  }
  const ids = last.filter((id) => id !== undefined);
  return ids.length === 0 ? undefined : output(git, ["rev-list", "-1", "--topo-order", ...ids]);
}

/** Pathspecs of git with `*`, instead of literal ones. */
const withGlobs: Environment = { GIT_LITERAL_PATHSPECS: "0", GIT_GLOB_PATHSPECS: "1" };

/**
 * The newest weave that `tip` has among its ancestors, made at `time` (seconds since 1970) or before: by author time,
 * which rebase and cherry-pick keep. Every weave that changed data wrote `_weave.json`. Undefined where there is none.
 */
export async function wovenBy(repository: Repository, tip: string, time: number): Promise<Point | undefined> {
  const files = `:(top)${repository.prefix.replace(/[\\*?[]/g, "\\$&")}data/*/_weave.json`;
  const args = ["log", "--no-show-signature", "--full-history", "--no-merges", "--format=%H %at", tip, "--", files];
  const { stdout } = await run(repository.git, args, { variables: withGlobs });
  let newest: Point | undefined;
  for (const line of stdout.toString().split("\n").slice(0, -1)) {
    const [commit, seconds] = line.split(" ") as [string, string];
    const point = { commit, time: Number(seconds) };
    if (point.time <= time && (newest === undefined || point.time > newest.time)) newest = point;
  }
  return newest;
}

/** Whether `commit` is `tip`, or among its first parents: a state that the branch had. */
export async function isOnFirstParents(repository: Repository, commit: Digest, tip: Digest): Promise<boolean> {
  if (commit === tip) return true;
  const list = ["rev-list", "--first-parent", "--parents", `${commit}..${tip}`];
  const last = (await output(repository.git, list)).split("\n").at(-1)!;
  return last.split(" ")[1] === commit;
}
