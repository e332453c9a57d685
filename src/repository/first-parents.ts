import type { Digest } from "../model/entry.js";
import { gitRecords } from "./objects.js";
import type { Repository } from "./repository.js";
import { type Commit, oneLine } from "./revision.js";
import { entryChanges, type FileChange } from "./shard-tree.js";

/** What one commit did to the branch: a merge, all that it brought. */
export interface Step {
  commit: Commit;
  files: FileChange[];
}

/**
 * The commits along first parents that changed something below a directory of the project, with the files; one by one, so
 * that memory holds one commit's. A shallow clone's oldest commit looks as if it had made everything.
 * @param range a commit, or `FROM..TO`
 */
export async function* firstParents(
  repository: Repository,
  range: string,
  directory: string,
  order: "oldest first" | "newest first",
): AsyncGenerator<Step> {
  const format = "--format=%x01%H%x02%cI%x02%an%x02%s";
  const diff = ["--raw", "-z", "--root", "--no-renames", "--no-abbrev", "--diff-merges=first-parent", "-O/dev/null"];
  const log = ["log", "--first-parent", ...(order === "oldest first" ? ["--reverse"] : []), ...diff, format];
  const args = [...log, "--no-show-signature", "--encoding=UTF-8", range, "--", `${repository.prefix}${directory}`];
  let step: Step | undefined;
  let raw: string[] | undefined;
  for await (const tokens of gitRecords(repository.git, args)) {
    for (const token of tokens) {
      if (raw) {
        const [before, after] = [regular(raw[0]!.slice(-6), raw[2]!), regular(raw[1]!, raw[3]!)];
        step!.files.push({ path: token.slice(repository.prefix.length), before, after });
        raw = undefined;
      } else if (token.startsWith("\x01")) {
        if (step) yield await withEntries(repository, step);
        step = { commit: commitOf(token.slice(1)), files: [] };
      } else if (token.trimStart().startsWith(":")) raw = token.split(" ");
    }
  }
  if (step) yield await withEntries(repository, step);
}

async function withEntries({ git }: Repository, { commit, files }: Step): Promise<Step> {
  return { commit, files: await entryChanges(git, files) };
}

function regular(mode: string, id: Digest): Digest | undefined {
  return mode.startsWith("100") ? id : undefined;
}

function commitOf(header: string): Commit {
  const [id, time, author, ...subject] = header.split("\x02") as [string, string, string, ...string[]];
  return { id, subject: oneLine(subject.join("")), author: oneLine(author), time };
}
