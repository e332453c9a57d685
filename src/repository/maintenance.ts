import { output, run } from "./git.js";
import type { Repository } from "./repository.js";
import { isShallow } from "./revision.js";

interface Stored {
  /** Objects in files of their own. */
  loose: number;
  packs: number;
}

export interface Optimized {
  before: Stored;
  after: Stored;
  /** Whether a commit-graph with changed-path filters was written; a shallow clone has none. */
  commitGraph: boolean;
}

/** How many objects and packs there are. */
async function stored({ git }: Repository): Promise<Stored> {
  const text = await output(git, ["count-objects", "-v"]);
  const value = (name: string) => Number(new RegExp(`^${name}: (\\d+)$`, "m").exec(text)?.[1] ?? 0);
  return { loose: value("count"), packs: value("packs") };
}

/**
 * Makes history fast to read, by git's own means: loose objects that are reachable go into a pack, several packs get one index,
 * and the commit-graph gets a filter for each commit that tells which paths it changed. Nothing is deleted but loose copies of
 * what is packed; other git processes can go on.
 */
export async function optimizeReading(repository: Repository): Promise<Optimized> {
  const { git } = repository;
  const before = await stored(repository);
  if (before.loose > 0) await run(git, ["repack", "-d", "-q"]);
  const after = await stored(repository);
  if (after.packs > 1) await run(git, ["multi-pack-index", "write", "--no-progress"]);
  const commitGraph = !(await isShallow(repository));
  if (commitGraph) await run(git, ["commit-graph", "write", "--reachable", "--changed-paths", "--no-progress"]);
  return { before, after, commitGraph };
}
