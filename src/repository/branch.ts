import { stat } from "node:fs/promises";
import { join } from "node:path";
import type { Digest } from "../model/entry.js";
import { HeddleError } from "../model/errors.js";
import { outputList, plainText, run } from "./git.js";
import type { Repository } from "./repository.js";

/** Where commits go, as it was when the work began. */
export interface Target {
  /** `refs/heads/…`, or `HEAD` where that is detached. */
  ref: string;
  /** For messages: the branch's name, or `HEAD`. */
  name: string;
  /** The commit to build on; undefined on a branch without commits. For a branch that does not exist yet: HEAD's. */
  tip: Digest | undefined;
  /** Where the ref is: not at `tip` while a merge waits to be taken along; undefined for a branch that the commit will create. */
  at: Digest | undefined;
  /** Whether this work tree has it checked out, so that index and files follow. */
  here: boolean;
}

export interface GrownTarget extends Target {
  tip: Digest;
}

/**
 * The branch to commit to: the checked-out one, or `branch`, which need not exist yet.
 * HDL301: no name for a branch. HDL304: another work tree has it checked out. HDL307: its ref is broken.
 */
export async function openTarget(repository: Repository, branch?: string): Promise<Target> {
  const [current, name] = await Promise.all([
    currentRef(repository),
    branch === undefined ? undefined : branchName(repository, branch),
  ]);
  const ref = name === undefined ? current : `refs/heads/${name}`;
  const here = ref === current && repository.workTree !== undefined;
  const [own] = await Promise.all([readRef(repository, ref), ref !== current && refuseElsewhere(repository, ref)]);
  const tip = own ?? (ref === current ? undefined : await readRef(repository, current));
  return { ref, name: ref.replace("refs/heads/", ""), tip, at: own, here };
}

/** The same for a branch that has commits already. HDL301 for one that has none. */
export async function openGrownTarget(repository: Repository, branch?: string): Promise<GrownTarget> {
  const target = await openTarget(repository, branch);
  const { tip } = target;
  if (tip === undefined) throw new HeddleError("HDL301", `${target.name} has no commit yet`);
  return { ...target, tip };
}

/** What HEAD is: a branch (undefined where detached) and its commit (undefined before the first). HDL307 where it is broken. */
export async function head(
  repository: Repository,
): Promise<{ branch: string | undefined; commit: Digest | undefined }> {
  const ref = await currentRef(repository);
  const branch = ref === "HEAD" ? undefined : ref.replace("refs/heads/", "");
  return { branch, commit: await readRef(repository, ref) };
}

async function currentRef(repository: Repository): Promise<string> {
  const { code, stdout } = await run(repository.git, ["symbolic-ref", "--quiet", "HEAD"], { allow: [1, 128] });
  if (code === 128) throw brokenRef("HEAD", "or the branch that it names is empty or damaged");
  return code === 0 ? stdout.toString().trim() : "HEAD";
}

/** HDL301 for what git takes for no branch. */
export async function branchName(repository: Repository, branch: string): Promise<string> {
  const { code } = await run(repository.git, ["check-ref-format", "--branch", branch], { allow: [1, 128] });
  if (code === 0 && !branch.startsWith("@")) return branch;
  throw new HeddleError("HDL301", `${plainText(branch)} cannot be the name of a branch`);
}

/** The commit that a ref names; undefined only where there is no such ref at all. HDL307 where it is empty, broken, or names what is not there. */
export async function readRef(repository: Repository, ref: string): Promise<Digest | undefined> {
  const args = ["rev-parse", "--verify", "--quiet", "--end-of-options"];
  const named = await run(repository.git, [...args, ref], { allow: [1, 128] });
  const id = named.stdout.toString().trim();
  if (named.code === 0 && /^[\da-f]{40}$/.test(id)) {
    const { code } = await run(repository.git, ["cat-file", "-e", `${id}^{tree}`], { allow: [1, 128] });
    if (code === 0) return id;
    throw brokenRef(ref, "names a commit that is missing or damaged");
  }
  const directory = ref === "HEAD" ? repository.gitDirectory : repository.commonDirectory;
  const file = await stat(join(directory, ref)).catch(() => undefined);
  if (file?.isFile()) throw brokenRef(ref, "is empty or damaged");
  return undefined;
}

export function brokenRef(ref: string, reason: string): HeddleError {
  return new HeddleError("HDL307", `${ref} ${reason}`, {
    hint: "run `git fsck`, then restore the branch: `git reflog`, or the remote's copy",
  });
}

/** HDL304 where another work tree has the branch checked out. */
async function refuseElsewhere(repository: Repository, ref: string): Promise<void> {
  let path = "";
  for (const line of await outputList(repository.git, ["worktree", "list", "--porcelain", "-z"])) {
    if (line.startsWith("worktree ")) path = line.slice("worktree ".length);
    if (line !== `branch ${ref}`) continue;
    throw new HeddleError("HDL304", `${ref.replace("refs/heads/", "")} is checked out in ${plainText(path)}`, {
      hint: "weave there, or check out another branch there",
    });
  }
}
