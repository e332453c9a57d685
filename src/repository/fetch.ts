import type { Digest } from "../model/entry.js";
import { HeddleError } from "../model/errors.js";
import { branchName } from "./branch.js";
import { failure, plainText, run } from "./git.js";
import { dropReaders } from "./objects.js";
import type { Repository } from "./repository.js";
import { isShallow, resolveRevision } from "./revision.js";
import { remotes, setting } from "./settings.js";

/** How long a remote may take for a fetch that one can go on without, in ms. */
const patience = 60_000;

/** Fetches these refs and no others, if there is a remote that has them and answers in time; false otherwise, and nothing is said. */
export async function fetchQuietly(repository: Repository, refspecs: readonly string[]): Promise<boolean> {
  return fetch(repository, ["--refmap="], refspecs, patience);
}

/** Fetches the commits and trees that a shallow clone left out, without files. HDL311 where they cannot be had. */
export async function completeHistory(repository: Repository): Promise<void> {
  if (!(await isShallow(repository))) return;
  const options = ["--unshallow", "--filter=blob:none"];
  if ((await fetch(repository, options, [])) && !(await isShallow(repository))) return;
  throw new HeddleError("HDL311", "this clone is shallow: its history does not tell what was applied before", {
    hint: `git fetch ${options.join(" ")}`,
  });
}

/**
 * Fetches a remote's branch, whatever became of it there, to a ref of Heddle's own; gives its commit. Branches, HEAD and
 * work tree stay as they are. HDL300 with what git said, or where there was no answer in time.
 */
export async function fetchBranch(
  repository: Repository,
  remote: string,
  branch: string,
  ref: string,
  signal?: AbortSignal,
): Promise<Digest> {
  const refspec = `+refs/heads/${await branchName(repository, branch)}:${ref}`;
  const { code, stderr } = await run(repository.git, [...plain, "--", remote, refspec], {
    allow: [-1, 1, 128],
    timeout: patience,
    ...(signal && { signal }),
  });
  if (code === -1) throw new HeddleError("HDL300", `${plainText(remote)} did not answer within ${patience / 1000} s`);
  if (code !== 0) throw failure(plain, stderr);
  dropReaders(repository.git);
  return resolveRevision(repository, ref);
}

/** Fetches what is asked for, and nothing else. */
const plain = ["fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-auto-maintenance"];

async function fetch(
  repository: Repository,
  options: readonly string[],
  refspecs: readonly string[],
  timeout?: number,
): Promise<boolean> {
  const remote = await remoteOf(repository);
  if (remote === undefined) return false;
  const outcome = await run(repository.git, [...plain, ...options, "--", remote, ...refspecs], {
    // -1: ended by the timeout.
    allow: [-1, 1, 128],
    ...(timeout !== undefined && { timeout }),
  });
  // One that reads already does not know where the objects are that a filter left out.
  dropReaders(repository.git);
  return outcome.code === 0;
}

/** The remote of the checked-out branch, else `origin`, else the only one. */
export async function remoteOf(repository: Repository): Promise<string | undefined> {
  const names = await remotes(repository);
  const args = ["symbolic-ref", "--quiet", "--short", "HEAD"];
  const branch = (await run(repository.git, args, { allow: [1, 128] })).stdout.toString().trim();
  const own = (await setting(repository, `branch.${branch}.remote`)) ?? "origin";
  return [own, "origin"].find((name) => names.includes(name)) ?? (names.length === 1 ? names[0] : undefined);
}
