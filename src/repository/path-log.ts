import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Digest } from "../model/entry.js";
import { splitPacked } from "./layout.js";
import { gitRecords } from "./objects.js";
import type { Repository } from "./repository.js";
import { type Commit, oneLine } from "./revision.js";
import { entryTouches, type FileTouch } from "./shard-tree.js";

/** A commit that touched what was asked for. */
export interface LoggedCommit extends Commit {
  /** Address of the author; safe to print. */
  email: string;
  /** The commits before it that touched it too, or where history ends: what is left of its parents. */
  parents: Digest[];
}

export interface Touch {
  commit: LoggedCommit;
  /** What it did to each: one state before for each of its parents. */
  files: FileTouch[];
}

const format = ["%H", "%P", "%cI", "%an", "%ae", "%s"];

/**
 * The commits behind what `tip` has at a path of the project, newest first, as `git log -- PATH` gives them: a merge only
 * where it has something that none of its parents has, and else the parent that has it. One path, since then git looks
 * into the changed-path filters of the commit-graph instead of into trees.
 */
export async function* pathLog(repository: Repository, tip: Digest, path: string): AsyncGenerator<Touch> {
  const place = splitPacked(path);
  if (place) yield* packedLog(repository, tip, path, place.shard);
  else {
    for await (const { commit, files } of fileLog(repository, tip, path)) {
      yield { commit, files: await entryTouches(repository.git, files) };
    }
  }
}

/** The commits of a shard that touched one entry of it, as if each were the parent of the next. */
async function* packedLog(repository: Repository, tip: Digest, path: string, shard: string): AsyncGenerator<Touch> {
  const touches: Touch[] = [];
  for await (const { commit, files } of fileLog(repository, tip, shard)) {
    const own = (await entryTouches(repository.git, files)).filter((file) => file.path === path);
    touches.push({ commit, files: own });
  }
  const leftOut = new Map<Digest, Digest[]>();
  for (const { commit, files } of touches.toReversed()) {
    commit.parents = [...new Set(commit.parents.flatMap((id) => leftOut.get(id) ?? [id]))];
    if (files.length === 0) leftOut.set(commit.id, commit.parents);
  }
  yield* touches.filter(({ files }) => files.length > 0);
}

async function* fileLog(repository: Repository, tip: Digest, path: string): AsyncGenerator<Touch> {
  const { git, prefix } = repository;
  const diff = ["--raw", "--diff-merges=combined", "--root", "--no-renames", "--no-abbrev", "-O/dev/null"];
  const args = [
    "log",
    // No commit before those that follow it, also where clocks went back: readers go from children to parents.
    "--date-order",
    "-z",
    "--parents",
    ...diff,
    `--format=${format.join("%x00")}`,
    "--no-show-signature",
    "--no-follow",
  ];
  const full = `${prefix}${path}`.replace(/\/$/, "");
  let header: string[] = [];
  let raw: string | undefined;
  let touch: Touch | undefined;
  for await (const tokens of gitRecords(git, [...args, "--encoding=UTF-8", tip, "--", full])) {
    for (const token of tokens) {
      if (raw !== undefined) {
        touch!.files.push(fileTouch(raw, token.slice(prefix.length)));
        raw = undefined;
      } else if (header.length > 0) {
        header.push(token);
        if (header.length < format.length) continue;
        touch = { commit: loggedCommit(header), files: [] };
        header = [];
      } else if (/^\n?:/.test(token)) raw = token.trimStart();
      else if (token !== "") {
        if (touch) yield touch;
        header = [token];
      }
    }
  }
  if (touch) yield touch;
}

function loggedCommit([id, parents, time, author, email, subject]: string[]): LoggedCommit {
  return {
    id: id!,
    subject: oneLine(subject!),
    author: oneLine(author!),
    email: oneLine(email!),
    time: time!,
    parents: parents!.split(" ").filter(Boolean),
  };
}

/** `:mode mode id id M`, or with more parents `::mode mode mode id id id MM`: of each parent, and then of the commit. */
function fileTouch(raw: string, path: string): FileTouch {
  const parents = raw.lastIndexOf(":") + 1;
  const parts = raw.slice(parents).split(" ");
  const ids = Array.from({ length: parents + 1 }, (_, i) =>
    parts[i]!.startsWith("100") ? parts[parents + 1 + i] : undefined,
  );
  return { path, before: ids.slice(0, -1), after: ids.at(-1) };
}

/** The commits at which a shallow clone's history is cut off; none in a complete one. */
export async function cutOffAt({ commonDirectory }: Repository): Promise<Set<Digest>> {
  const text = await readFile(join(commonDirectory, "shallow"), "utf8").catch(() => "");
  return new Set(text.split("\n").filter(Boolean));
}
