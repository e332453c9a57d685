import { copyFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Digest } from "../model/entry.js";
import { HeddleError, type Problem } from "../model/errors.js";
import { type Environment, type Git, outputList, plainText, run } from "./git.js";
import type { Repository } from "./repository.js";
import { type Change, emptyTree } from "./tree.js";
import { inspect, withoutFilters, workTreeOf } from "./work-tree.js";

/** How index and work tree get from one tree to another; paths are the repository's. */
interface Step {
  git: Git;
  from: Digest;
  to: Digest;
  /** Changes that the work tree has already, since they were read from there: only the index must learn of them. */
  present: Change[];
  variables: Environment;
}

/**
 * Checks, without writing, that index and work tree can follow from `tip` to `tree`, which differ below `paths`. Only paths that differ between the
 * two are looked at; edits elsewhere stay as they are. HDL303: uncommitted edits are in the way. HDL308: the index is locked.
 */
export async function prepareToFollow(
  repository: Repository,
  tip: Digest | undefined,
  changes: readonly Change[],
  tree: Digest,
  paths: readonly string[],
): Promise<Step> {
  await refuseBusy(repository);
  const options = ["-c", "core.autocrlf=false", "-c", "core.eol=lf", ...repository.git.options];
  const step: Step = {
    git: { ...repository.git, options },
    from: tip ?? emptyTree,
    to: tree,
    present: await alreadyPresent(workTreeOf(repository), changes),
    variables: await withoutFilters(repository),
  };
  const index = join(repository.gitDirectory, "index");
  const trial = `${index}.heddle-${process.pid}`;
  try {
    if (step.present.length > 0) {
      await copyFile(index, trial).catch(() => {});
      step.variables = { ...step.variables, GIT_INDEX_FILE: trial };
      await stage(step);
    }
    const { code, stderr } = await readTree(step, ["--dry-run"]);
    if (code !== 0)
      throw obstructed(
        said(stderr),
        [...stderr.matchAll(/^error: .*'(.+)'.*$/gm)].map(([, file]) => file!),
      );
    const lost = await ignoredInTheWay(step, paths);
    if (lost.length > 0) throw obstructed("ignored files would be overwritten", lost);
  } finally {
    await rm(trial, { force: true });
  }
  const { GIT_INDEX_FILE: _trial, ...variables } = step.variables;
  return { ...step, variables };
}

const operations = ["MERGE_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD", "rebase-merge", "rebase-apply"];

/** Somebody's half-done merge would become a part of the next commit, or the other way round. */
async function refuseBusy(repository: Repository): Promise<void> {
  const has = async (name: string) =>
    (await stat(join(repository.gitDirectory, name)).catch(() => undefined)) !== undefined;
  const lock = join(repository.gitDirectory, "index.lock");
  if (await has("index.lock")) {
    throw new HeddleError("HDL308", `git's lock file ${lock} is in the way`, {
      hint: "wait for the other git process; if there is none, one crashed: delete the file",
    });
  }
  for (const name of operations) {
    if (!(await has(name))) continue;
    const what = name.split(/[_-]/)[0]!.toLowerCase();
    throw new HeddleError("HDL303", `a ${what} is in progress in the work tree`, {
      hint: `finish it, or \`git ${what === "cherry" ? "cherry-pick" : what} --abort\`; nothing was committed`,
    });
  }
}

/** Brings index and work tree to the new commit. HDL309 where that fails after all: the commit stands. */
export async function followCommit(step: Step, commit: Digest): Promise<void> {
  if (step.present.length > 0) await stage(step);
  const { code, stderr } = await readTree(step, []);
  if (code === 0) return;
  throw new HeddleError("HDL309", `commit ${commit} is made, but the work tree could not follow: ${said(stderr)}`, {
    hint: "`git status` shows what is behind; `git restore --staged --worktree data` brings the committed files",
  });
}

function readTree({ git, from, to, variables }: Step, options: readonly string[]) {
  return run(git, ["read-tree", ...options, "-m", "-u", from, to], { allow: [1, 128], variables });
}

/** Tells the index of files that the work tree has already. */
async function stage({ git, to, present, variables }: Step): Promise<void> {
  const paths = present.map(({ path }) => path);
  const entries = await outputList(git, ["ls-tree", "-z", "--full-tree", to, "--", ...paths]);
  const gone = present.flatMap((change) => ("remove" in change ? [`0 ${"0".repeat(40)}\t${change.path}`] : []));
  const input = [...entries, ...gone].map((record) => `${record}\0`).join("");
  await run(git, ["update-index", "-z", "--index-info"], { input, variables });
}

async function alreadyPresent(root: string, changes: readonly Change[]): Promise<Change[]> {
  const present: Change[] = [];
  for (const change of changes) {
    if ("tree" in change) continue;
    const found = inspect(root, change.path);
    const same = "blob" in change ? found?.id === change.blob && found.mode.startsWith("100") : found === undefined;
    if (same) present.push(change);
  }
  return present;
}

/** Files that git ignores, which it would overwrite without asking. */
async function ignoredInTheWay({ git, to, variables }: Step, paths: readonly string[]): Promise<string[]> {
  const others = ["ls-files", "-z", "--others", "--ignored", "--exclude-standard", "--", ...paths];
  const ignored = await outputList(git, others, variables);
  if (ignored.length === 0) return [];
  const files = new Set(
    await outputList(git, ["ls-tree", "-r", "-z", "--name-only", "--full-tree", to, "--", ...paths]),
  );
  const directories = new Set([...files].flatMap(above));
  return ignored.filter((path) => directories.has(path) || [path, ...above(path)].some((one) => files.has(one)));
}

/** The directories that a path lies in. */
function above(path: string): string[] {
  const parts = path.split("/");
  return parts.slice(1).map((_, i) => parts.slice(0, i + 1).join("/"));
}

function obstructed(reason: string, files: readonly string[]): HeddleError {
  const message = "has uncommitted changes, or is a file that would be overwritten";
  const problems: Problem[] = files.map((file) => ({ file: plainText(file), message }));
  return new HeddleError("HDL303", `the work tree is in the way: ${reason}`, {
    problems,
    hint: "commit the edits, or move them away; nothing was committed",
  });
}

function said(stderr: string): string {
  const [first = "git gave no reason"] = plainText(stderr).split("\n");
  return first.replace(/^(?:fatal|error): /, "");
}
