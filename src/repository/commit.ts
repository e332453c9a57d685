import type { Digest } from "../model/entry.js";
import { HeddleError } from "../model/errors.js";
import { brokenRef, readRef, type Target } from "./branch.js";
import { commitText, committer } from "./commit-text.js";
import { followCommit, prepareToFollow } from "./follow.js";
import { output, outputList, run } from "./git.js";
import { moveRef } from "./ref.js";
import type { Repository } from "./repository.js";
import { isAncestor } from "./revision.js";
import type { Change } from "./tree.js";
import { keepView } from "./view.js";
import type { ObjectWriter } from "./writer.js";

export interface CommitRequest {
  target: Target;
  /** Holds the new objects; flushed before any ref moves. */
  writer: ObjectWriter;
  /** What to replace in the project; nothing else is touched. Files from the work tree (configuration) may be among them. */
  changes: readonly Change[];
  message: string;
  /** Trees to keep reachable, under `refs/heddle/views/<tree id>`. */
  views?: readonly Digest[];
  /** Further parents, for a merge. */
  merged?: readonly Digest[];
  /** On disk, directories included, before this returns. */
  durable?: boolean;
}

export interface CommitResult {
  /** The branch's tip afterwards: the new commit, or the old tip where nothing changed. */
  tip: Digest | undefined;
  /** Whether a commit was made. */
  committed: boolean;
}

const attempts = 5;
/** Paths in one command line: systems limit its length. */
const maxArguments = 500;

/**
 * Makes one commit on the target's tip and moves its ref, if it still is where it was. If it moved, and none of the changed paths
 * with it, the commit is made on the new tip; otherwise HDL302. Nothing is committed where no tree changes; the ref is moved
 * all the same where a merge waits at the tip. Index and work tree follow if the branch is checked out here. HDL303: uncommitted
 * edits are in the way. HDL306: no identity. HDL307: the branch is broken or gone. HDL308: a lock file. HDL309: committed, but the
 * work tree could not follow.
 */
export async function commit(repository: Repository, request: CommitRequest): Promise<CommitResult> {
  const { target, writer, changes } = request;
  const identity = await committer(repository);
  if (target.tip === undefined) await refuseLostBranch(repository, target);
  for (const view of request.views ?? []) await keepView(repository, writer, view, request.durable);
  const waiting = target.at !== undefined && target.tip !== target.at;
  let expected = target.at;
  let tip = target.tip;
  for (let attempt = 0; attempt < attempts; attempt++) {
    const current = await readRef(repository, target.ref);
    if (current !== expected) {
      if (current === undefined) throw moved(target, "was deleted");
      if (target.tip === undefined || (await differs(repository, target.tip, current, changes))) {
        throw moved(target, "moved, and its data with it");
      }
      if (waiting && !(await isAncestor(repository, target.tip, current))) throw moved(target, "moved");
      expected = current;
      tip = current;
    }
    const base = tip === undefined ? undefined : await treeOf(repository, tip);
    const full = changes.map((change) => ({ ...change, path: `${repository.prefix}${change.path}` }));
    const tree = await writer.change(base, full);
    const unchanged = tree === base && !request.merged?.length;
    if (unchanged && !waiting) return { tip: expected, committed: false };
    const parents = [...(tip === undefined ? [] : [tip]), ...(request.merged ?? [])];
    const id = unchanged ? tip! : writer.commit(commitText(tree, parents, identity, request.message));
    await writer.flush();
    const merged = waiting && expected === target.at ? await changedAtTop(repository, target.at!, tip!) : [];
    const paths = [...full.map(({ path }) => path), ...merged];
    const follow = target.here ? await prepareToFollow(repository, expected, full, tree, paths) : undefined;
    if (!(await moveRef(repository, target.ref, id, expected, request.durable))) continue;
    if (follow) await followCommit(follow, id);
    return { tip: id, committed: !unchanged };
  }
  throw moved(target, "keeps moving");
}

function moved(target: Target, how: string): HeddleError {
  return new HeddleError("HDL302", `${target.name} ${how} while the commit was being made`, {
    hint: "nothing was committed; run the command again",
  });
}

/** Whether any of the changed paths is something else in `b` than in `a`. */
async function differs(repository: Repository, a: Digest, b: Digest, changes: readonly Change[]): Promise<boolean> {
  const paths = changes.map(({ path }) => `${repository.prefix}${path}`);
  for (let i = 0; i < paths.length; i += maxArguments) {
    const args = ["diff-tree", "--quiet", "-r", a, b, "--", ...paths.slice(i, i + maxArguments)];
    if ((await run(repository.git, args, { allow: [1] })).code === 1) return true;
  }
  return false;
}

/** The files and directories of the root that are something else in `b` than in `a`. */
function changedAtTop({ git }: Repository, a: Digest, b: Digest): Promise<string[]> {
  return outputList(git, ["diff-tree", "-z", "--name-only", a, b]);
}

function treeOf(repository: Repository, commit: Digest): Promise<Digest> {
  return output(repository.git, ["rev-parse", "--verify", `${commit}^{tree}`]);
}

/** A branch without commits in a repository that has views was deleted or is the wrong one: no place for a first commit. */
async function refuseLostBranch(repository: Repository, target: Target): Promise<void> {
  const views = await output(repository.git, ["for-each-ref", "--count=1", "refs/heddle/views/"]);
  if (views !== "") throw brokenRef(target.name, "has no commit, though data was woven in this repository before");
}
