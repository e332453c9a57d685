import type { Digest } from "../model/entry.js";
import { HeddleError } from "../model/errors.js";
import { openTarget, readRef, type Target } from "../repository/branch.js";
import { commit } from "../repository/commit.js";
import { commitText, committer } from "../repository/commit-text.js";
import { completeHistory, fetchQuietly, remoteOf } from "../repository/fetch.js";
import { plainText } from "../repository/git.js";
import { push } from "../repository/push.js";
import { moveRef } from "../repository/ref.js";
import type { Repository } from "../repository/repository.js";
import { isAncestor, resolveRevision } from "../repository/revision.js";
import { openWriter } from "../repository/writer.js";
import { mergeCommits } from "./merge-commits.js";

export interface BranchOptions {
  /** Commits to this branch; the checked-out one where none is named. */
  branch?: string;
  /** A revision, such as the branch that a pull request goes to: the branch is made from it, or it is merged into the branch. */
  onto?: string;
  /** Pushes the branch and the views, never by force; what the remote's branch has is merged first. */
  push?: boolean;
}

/**
 * The branch to weave to, with what it takes along: a merge that waits at its tip is committed with the weave. A branch that does
 * not exist begins at `onto`, else at HEAD; with `push` where the remote has it. HDL313 where branches conflict.
 */
export async function openBranch(
  repository: Repository,
  { branch, onto, push }: BranchOptions,
  notes: string[] = [],
): Promise<Target> {
  const goal = onto === undefined ? undefined : { id: await resolveRevision(repository, onto), name: onto };
  let target = await openTarget(repository, branch);
  const remote = push ? await remoteTip(repository, target) : undefined;
  if (target.at === undefined && branch !== undefined) {
    if (remote && (await moveRef(repository, target.ref, remote.id, undefined)))
      target = await openTarget(repository, branch);
    else target = { ...target, tip: goal?.id ?? target.tip };
  }
  for (const other of [remote, goal]) {
    const { tip } = target;
    if (other) target = await join(repository, target, other);
    if (target.tip !== tip) notes.push(`${plainText(other!.name)} is merged into ${target.name}`);
  }
  return target;
}

interface Named {
  id: Digest;
  name: string;
}

/**
 * Where the remote has a branch now; undefined where it has none, or no answer. HDL314 where there is no remote. HDL315 where
 * the branch was rewritten since it was fetched last: what was taken from it there would come back.
 */
async function remoteTip(repository: Repository, { name }: Target): Promise<Named | undefined> {
  if (name === "HEAD") throw noBranch();
  const remote = await remoteToPush(repository);
  const fetched = `refs/heddle/fetched/${name}`;
  if (!(await fetchQuietly(repository, [`+refs/heads/${name}:${fetched}`]))) return undefined;
  const id = (await readRef(repository, fetched))!;
  const known = `refs/remotes/${remote}/${name}`;
  const before = await readRef(repository, known);
  if (before && (await isAncestor(repository, before, id)) === false) {
    const place = plainText(`${remote}/${name}`);
    throw new HeddleError(
      "HDL315",
      `${place} was rewritten since it was fetched last; nothing was committed or pushed`,
      {
        hint: `git fetch, then git switch ${name} && git reset --hard ${place} takes that over; what is to stay is brought back by git cherry-pick`,
      },
    );
  }
  await moveRef(repository, known, id, before);
  return { id, name: `${remote}/${name}` };
}

/** Lets a branch have all that another revision has. Nothing is moved yet. */
async function join(repository: Repository, target: Target, other: Named): Promise<Target> {
  const { tip } = target;
  if (tip === undefined) return { ...target, tip: other.id };
  if (tip === other.id) return target;
  await completeHistory(repository);
  if (await isAncestor(repository, tip, other.id)) return { ...target, tip: other.id };
  if (await isAncestor(repository, other.id, tip)) return target;
  const identity = await committer(repository);
  const merged = await mergeCommits(repository, { ours: tip, theirs: other.id, data: `${repository.prefix}data/` });
  if (merged.conflicts.length > 0) {
    throw new HeddleError(
      "HDL313",
      `${plainText(other.name)} cannot be merged into ${target.name}; nothing was committed`,
      {
        problems: merged.conflicts,
        hint: `\`heddle git-setup\`, then git switch ${target.name} && git merge ${plainText(other.name)}; resolve it, and weave again`,
      },
    );
  }
  const writer = openWriter(repository);
  const id = writer.commit(
    commitText(merged.tree, [tip, other.id], identity, `Merge ${other.name} into ${target.name}`),
  );
  await writer.flush();
  return { ...target, tip: id };
}

/** Moves the branch to the merge that waits, where no commit did. */
export async function settleBranch(repository: Repository, target: Target): Promise<void> {
  if (target.at === undefined || target.at === target.tip) return;
  await commit(repository, { target, writer: openWriter(repository), changes: [], message: "" });
}

const attempts = 5;

/** Pushes a branch and the views; where the remote has moved meanwhile, that is merged. HDL313 and HDL314 tell why not. */
export async function pushBranch(repository: Repository, branch: string, notes: string[]): Promise<void> {
  const remote = await remoteToPush(repository);
  for (let attempt = 0; attempt < attempts; attempt++) {
    await pushViews(repository, remote, notes);
    const target = await openTarget(repository, branch);
    // Where nothing was woven there may be no branch.
    if (target.at === undefined) return;
    if (await push(repository, remote, [`${target.ref}:${target.ref}`])) return;
    const moved = await remoteTip(repository, target);
    if (moved) await settleBranch(repository, await join(repository, target, moved));
  }
  throw new HeddleError("HDL314", `${branch} keeps moving at ${plainText(remote)}`, {
    hint: "the commit stands in this clone: run the command again",
  });
}

/** A branch is of use without its views: then the next weave elsewhere may ask for them. */
async function pushViews(repository: Repository, remote: string, notes: string[]): Promise<void> {
  try {
    await push(repository, remote, ["refs/heddle/views/*:refs/heddle/views/*"]);
  } catch (error) {
    if (!(error instanceof HeddleError)) throw error;
    const note = `views were not pushed: ${error.message}`;
    if (!notes.includes(note)) notes.push(note);
  }
}

async function remoteToPush(repository: Repository): Promise<string> {
  const remote = await remoteOf(repository);
  if (remote !== undefined) return remote;
  throw new HeddleError("HDL314", "there is no remote to push to", { hint: "git remote add origin URL" });
}

function noBranch(): HeddleError {
  return new HeddleError("HDL301", "HEAD is detached: there is no branch to push", { hint: "name one with --branch" });
}
