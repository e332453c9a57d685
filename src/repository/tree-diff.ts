import type { Digest } from "../model/entry.js";
import { outputList } from "./git.js";
import type { Repository } from "./repository.js";
import { entryChanges, type FileChange } from "./shard-tree.js";

/** The files below a directory of the project in which two commits (or trees) differ. */
export async function filesChanged(
  { git, prefix }: Repository,
  [from, to]: readonly [Digest, Digest],
  directory: string,
): Promise<FileChange[]> {
  const args = ["diff-tree", "-r", "-z", "--no-renames", "--no-abbrev", "-O/dev/null", from, to, "--"];
  const tokens = await outputList(git, [...args, `${prefix}${directory}`]);
  const changes: FileChange[] = [];
  for (let i = 0; i + 1 < tokens.length; i += 2) {
    const [fromMode, toMode, before, after] = tokens[i]!.slice(1).split(" ") as [string, string, string, string];
    const regular = (mode: string, id: Digest) => (mode.startsWith("100") ? id : undefined);
    const path = tokens[i + 1]!.slice(prefix.length);
    changes.push({ path, before: regular(fromMode, before), after: regular(toMode, after) });
  }
  return entryChanges(git, changes);
}
