import { output, run } from "./git.js";
import type { Repository } from "./repository.js";
import { isShallow } from "./revision.js";

export interface Stored {
  /** Objects in files of their own. */
  loose: number;
  packs: number;
}

/** How many objects and packs there are. */
export async function stored({ git }: Repository): Promise<Stored> {
  const text = await output(git, ["count-objects", "-v"]);
  const value = (name: string) => Number(new RegExp(`^${name}: (\\d+)$`, "m").exec(text)?.[1] ?? 0);
  return { loose: value("count"), packs: value("packs") };
}

/**
 * Makes history fast to read, by git's own means: loose objects that are reachable go into a pack, several packs get one index,
 * and the commit-graph gets a filter for each commit that tells which paths it changed. Nothing is deleted but loose copies of
 * what is packed; other git processes can go on. False where there is no commit-graph: a shallow clone has none.
 */
export async function optimizeReading(repository: Repository): Promise<boolean> {
  const { git } = repository;
  const before = await stored(repository);
  if (before.loose > 0) await run(git, ["repack", "-d", "-q"]);
  const { packs } = await stored(repository);
  if (packs > 1) await run(git, ["multi-pack-index", "write", "--no-progress"]);
  if (await isShallow(repository)) return false;
  await run(git, ["commit-graph", "write", "--reachable", "--changed-paths", "--no-progress"]);
  return true;
}
