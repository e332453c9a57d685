import type { Digest } from "../model/entry.js";
import { HeddleError } from "../model/errors.js";
import { readRef } from "./branch.js";
import { durableOptions, syncRef } from "./durable.js";
import { failure, plainText, run } from "./git.js";
import type { Repository } from "./repository.js";

const nothing = "0".repeat(40);

/** Moves a ref by compare and swap; false where it is not where it was expected. HDL308 where a lock is in the way. */
export async function moveRef(
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
