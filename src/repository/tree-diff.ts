import type { Digest } from "../model/entry.js";
import { outputList } from "./git.js";
import type { Repository } from "./repository.js";

/** A regular file that differs between a commit and its first parent: blob ids, undefined where there is none. */
export interface FileChange {
  path: string;
  /** The first parent. */
  parent: Digest;
  before: Digest | undefined;
  after: Digest | undefined;
}

/** The files below a directory of the project that a commit made otherwise than its first parent has them; nothing for a first commit. */
export async function filesChanged(repository: Repository, commit: Digest, directory: string): Promise<FileChange[]> {
  const { git, prefix } = repository;
  const [parent] = await outputList(git, ["log", "-1", "-z", "--format=%P", "--no-show-signature", commit]);
  const first = parent?.split(" ")[0];
  if (!first) return [];
  const args = ["diff-tree", "-r", "-z", "--no-renames", "--no-abbrev", "-O/dev/null", first, commit, "--"];
  const tokens = await outputList(git, [...args, `${prefix}${directory}`]);
  const changes: FileChange[] = [];
  for (let i = 0; i + 1 < tokens.length; i += 2) {
    const [from, to, before, after] = tokens[i]!.slice(1).split(" ") as [string, string, string, string];
    const regular = (mode: string, id: Digest) => (mode.startsWith("100") ? id : undefined);
    const ids = { before: regular(from, before), after: regular(to, after) };
    changes.push({ path: tokens[i + 1]!.slice(prefix.length), parent: first, ...ids });
  }
  return changes;
}
