import type { Digest } from "../model/entry.js";
import { HeddleError } from "../model/errors.js";
import { plainText, run } from "./git.js";
import type { Repository } from "./repository.js";

/** Resolves whatever git calls a revision to a commit id, once, at the edge of the program. HDL301 where it is none. */
export async function resolveRevision(repository: Repository, revision: string): Promise<Digest> {
  const found = await findRevision(repository, revision);
  if (found !== undefined) return found;
  throw new HeddleError("HDL301", `${plainText(revision)} is not a revision of this repository`, {
    hint: "name a branch, a tag or a commit; `git fetch` brings those of the remote",
  });
}

/** The commit id of a revision; undefined where it is none. */
export async function findRevision(repository: Repository, revision: string): Promise<Digest | undefined> {
  if (revision.includes("\0")) return undefined;
  const args = ["rev-parse", "--verify", "--quiet", "--end-of-options", `${revision}^{commit}`];
  const { code, stdout } = await run(repository.git, args, { allow: [1, 128] });
  const id = stdout.toString().trim();
  return code === 0 && /^[\da-f]{40}$/.test(id) ? id : undefined;
}

/** Whether `ancestor` is `descendant` or among its ancestors; undefined where a shallow clone does not hold enough history to tell. */
export async function isAncestor(
  repository: Repository,
  ancestor: Digest,
  descendant: Digest,
): Promise<boolean | undefined> {
  if ((await findRevision(repository, ancestor)) !== undefined) {
    const { code } = await run(repository.git, ["merge-base", "--is-ancestor", ancestor, descendant], { allow: [1] });
    if (code === 0) return true;
  }
  return (await isShallow(repository)) ? undefined : false;
}

/** The first parent of a commit. HDL301 for a first commit, which has none. */
export async function parentOf(repository: Repository, commit: Digest): Promise<Digest> {
  const parent = await findRevision(repository, `${commit}^1`);
  if (parent !== undefined) return parent;
  const shallow = await isShallow(repository);
  throw new HeddleError("HDL301", `there is nothing before ${commit.slice(0, 10)}`, {
    ...(shallow && { hint: "this clone is shallow: git fetch --unshallow --filter=blob:none" }),
  });
}

/** Whether this clone has an object. */
export async function hasObject(repository: Repository, id: Digest): Promise<boolean> {
  const { code } = await run(repository.git, ["cat-file", "-e", id], { allow: [1, 128] });
  return code === 0;
}

/** What `git fsck` finds wrong with the objects of this clone, a line each; nothing where all is well. */
export async function findCorruption(repository: Repository): Promise<string[]> {
  const args = ["fsck", "--strict", "--no-dangling", "--no-progress"];
  const { code, stdout, stderr } = await run(repository.git, args, { allow: [1, 2, 3, 4, 5, 6, 7, 8] });
  if (code === 0) return [];
  const lines = plainText(`${stdout.toString()}${stderr}`).split("\n").filter(Boolean);
  return lines.length > 0 ? lines : [`git fsck ended with ${code}`];
}

/** Whether history was cut off when the repository was cloned. */
export async function isShallow(repository: Repository): Promise<boolean> {
  const { stdout } = await run(repository.git, ["rev-parse", "--is-shallow-repository"]);
  return stdout.toString().trim() === "true";
}

/** One commit as people see it; texts are safe to print. */
export interface Commit {
  id: Digest;
  subject: string;
  author: string;
  /** When it was committed: ISO 8601 with offset. */
  time: string;
}

/** The commits that `to` has and `from` has not, newest first. */
export async function commitsBetween(repository: Repository, from: Digest, to: Digest): Promise<Commit[]> {
  const format = "--format=%H%x00%s%x00%an%x00%cI";
  const args = ["log", "-z", "--no-show-signature", "--encoding=UTF-8", format, `${from}..${to}`];
  const parts = (await run(repository.git, args)).stdout.toString().split("\0");
  const commits: Commit[] = [];
  for (let i = 0; i + 4 <= parts.length; i += 4) {
    const [id, subject, author, time] = parts.slice(i, i + 4) as [string, string, string, string];
    commits.push({ id, subject: oneLine(subject), author: oneLine(author), time: time.trim() });
  }
  return commits;
}

/** Text of a commit that is safe to print, in one line. */
export function oneLine(text: string): string {
  return plainText(text).replaceAll("\n", " ");
}

/**
 * The newest commit among `tip` and its ancestors that has these trees at these paths: what a squash or rebase made of a commit.
 * Undefined where there is none, or history does not reach back far enough.
 */
export async function findCommitWithTrees(
  repository: Repository,
  tip: Digest,
  trees: ReadonlyMap<string, Digest>,
): Promise<Digest | undefined> {
  const paths = [...trees.keys()].map((path) => `${repository.prefix}${path}`);
  if (paths.length === 0) return undefined;
  const log = ["rev-list", "--full-history", tip, "--", ...paths];
  const commits = (await run(repository.git, log)).stdout.toString().split("\n").slice(0, -1);
  const queries = commits.flatMap((commit) => paths.map((path) => `${commit}:${path}\n`)).join("");
  const { stdout } = await run(repository.git, ["cat-file", "--batch-check=%(objectname)"], { input: queries });
  const found = stdout.toString().split("\n");
  const wanted = [...trees.values()];
  return commits.find((_, i) => wanted.every((tree, j) => found[i * wanted.length + j] === tree));
}
