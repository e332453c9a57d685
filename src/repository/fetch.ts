import { HeddleError } from "../model/errors.js";
import { output, run } from "./git.js";
import { dropReaders } from "./objects.js";
import type { Repository } from "./repository.js";
import { isShallow } from "./revision.js";

/** How long a remote may take for a fetch that one can go on without, in ms. */
const patience = 60_000;

/** Fetches refs if there is a remote that has them and answers in time; false otherwise, and nothing is said. */
export async function fetchQuietly(repository: Repository, refspecs: readonly string[]): Promise<boolean> {
  return fetch(repository, [], refspecs, patience);
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

async function fetch(
  repository: Repository,
  options: readonly string[],
  refspecs: readonly string[],
  timeout?: number,
): Promise<boolean> {
  const remote = await remoteOf(repository);
  if (remote === undefined) return false;
  const args = ["fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-auto-maintenance", ...options];
  const outcome = await run(repository.git, [...args, "--", remote, ...refspecs], {
    // -1: ended by the timeout.
    allow: [-1, 1, 128],
    ...(timeout !== undefined && { timeout }),
  });
  // One that reads already does not know where the objects are that a filter left out.
  dropReaders(repository.git);
  return outcome.code === 0;
}

/** The remote of the checked-out branch, else `origin`, else the only one. */
export async function remoteOf({ git }: Repository): Promise<string | undefined> {
  const remotes = (await output(git, ["remote"])).split("\n").filter(Boolean);
  const branch = (await run(git, ["symbolic-ref", "--quiet", "--short", "HEAD"], { allow: [1, 128] })).stdout;
  const key = `branch.${branch.toString().trim()}.remote`;
  const own = (await run(git, ["config", key], { allow: [1] })).stdout.toString().trim();
  return [own, "origin"].find((name) => remotes.includes(name)) ?? (remotes.length === 1 ? remotes[0] : undefined);
}
