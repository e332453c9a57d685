import type { Digest } from "../model/entry.js";
import { HeddleError } from "../model/errors.js";
import { brokenRef, readRef, type Target } from "./branch.js";
import { durableOptions, syncRef } from "./durable.js";
import { followCommit, prepareToFollow } from "./follow.js";
import { failure, output, plainText, run } from "./git.js";
import type { Repository } from "./repository.js";
import type { Change } from "./tree.js";
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
 * Makes one commit and moves the target's ref, if it still is where it was. If it moved, and none of the changed paths with it,
 * the commit is made on the new tip; otherwise HDL302. Nothing is committed where no tree changes. Index and work tree follow
 * if the branch is checked out here. HDL303: uncommitted edits are in the way. HDL306: no identity. HDL307: the branch
 * is broken or gone. HDL308: a lock file. HDL309: committed, but the work tree could not follow.
 */
export async function commit(repository: Repository, request: CommitRequest): Promise<CommitResult> {
  const { target, writer, changes } = request;
  const identity = await committer(repository);
  if (target.tip === undefined) await refuseLostBranch(repository, target);
  await keepViews(repository, request);
  let expected = target.exists ? target.tip : undefined;
  let tip = target.tip;
  for (let attempt = 0; attempt < attempts; attempt++) {
    const current = await readRef(repository, target.ref);
    if (current !== expected) {
      if (current === undefined) throw moved(target, "was deleted");
      if (target.tip === undefined || (await differs(repository, target.tip, current, changes))) {
        throw moved(target, "moved, and its data with it");
      }
      expected = current;
      tip = current;
    }
    const base = tip === undefined ? undefined : await treeOf(repository, tip);
    const full = changes.map((change) => ({ ...change, path: `${repository.prefix}${change.path}` }));
    const tree = await writer.change(base, full);
    if (tree === base && !request.merged?.length) return { tip: expected, committed: false };
    const parents = [...(tip === undefined ? [] : [tip]), ...(request.merged ?? [])];
    const id = writer.commit(commitText(tree, parents, identity, request.message));
    await writer.flush();
    const follow = target.here ? await prepareToFollow(repository, tip, full, tree) : undefined;
    if (!(await moveRef(repository, target.ref, id, expected, request.durable))) continue;
    if (follow) await followCommit(follow, id);
    return { tip: id, committed: true };
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

function treeOf(repository: Repository, commit: Digest): Promise<Digest> {
  return output(repository.git, ["rev-parse", "--verify", `${commit}^{tree}`]);
}

/** A branch without commits in a repository that has views was deleted or is the wrong one: no place for a first commit. */
async function refuseLostBranch(repository: Repository, target: Target): Promise<void> {
  const views = await output(repository.git, ["for-each-ref", "--count=1", "refs/heddle/views/"]);
  if (views !== "") throw brokenRef(target.name, "has no commit, though data was woven in this repository before");
}

interface Identity {
  author: string;
  committer: string;
}

async function committer(repository: Repository): Promise<Identity> {
  const ask = async (variable: string) => {
    const args = ["-c", "user.useConfigOnly=true", "var", variable];
    const { code, stdout } = await run(repository.git, args, { allow: [1, 128] });
    if (code === 0) return stdout.toString().trim();
    throw new HeddleError("HDL306", "git does not know who commits", {
      hint: 'git config user.name "Your Name" && git config user.email you@example.com',
    });
  };
  return { author: await ask("GIT_AUTHOR_IDENT"), committer: await ask("GIT_COMMITTER_IDENT") };
}

function commitText(tree: Digest, parents: readonly Digest[], identity: Identity, message: string): string {
  const heads = parents.map((parent) => `parent ${parent}\n`).join("");
  const text = plainText(message).trim();
  return `tree ${tree}\n${heads}author ${identity.author}\ncommitter ${identity.committer}\n\n${text}\n`;
}

/** A view's commit depends on its tree alone, so that every clone makes the same one. */
async function keepViews(repository: Repository, { writer, views = [], durable }: CommitRequest): Promise<void> {
  const nobody = "Heddle <heddle@localhost> 0 +0000";
  const commits = views.map((tree) => {
    const text = commitText(tree, [], { author: nobody, committer: nobody }, "What a source held at a weave");
    return { ref: `refs/heddle/views/${tree}`, id: writer.commit(text) };
  });
  if (commits.length === 0) return;
  await writer.flush();
  for (const { ref, id } of commits) {
    if ((await readRef(repository, ref)) !== id) await moveRef(repository, ref, id, undefined, durable);
  }
}

const nothing = "0".repeat(40);

/** Moves a ref by compare and swap; false where it is not where it was expected. HDL308 where a lock is in the way. */
async function moveRef(
  repository: Repository,
  ref: string,
  id: Digest,
  expected: Digest | undefined,
  durable = false,
): Promise<boolean> {
  const git = durable ? { ...repository.git, options: [...durableOptions, ...repository.git.options] } : repository.git;
  const args = ["update-ref", "--no-deref", "-m", "heddle", ref, id, expected ?? nothing];
  const { code, stderr } = await run(git, args, { allow: [1, 128] });
  if (code === 0) {
    if (durable) await syncRef(repository, ref);
    return true;
  }
  if ((await readRef(repository, ref)) !== expected) return false;
  const lock = /'([^'\n]+\.lock)': File exists/.exec(stderr)?.[1];
  if (lock === undefined) throw failure(args, stderr);
  throw new HeddleError("HDL308", `git's lock file ${plainText(lock)} is in the way`, {
    hint: "wait for the other git process; if there is none, one crashed: delete the file",
  });
}
