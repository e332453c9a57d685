import { HeddleError } from "../model/errors.js";
import { plainText, run } from "./git.js";
import type { Repository } from "./repository.js";

/**
 * Pushes refs, never by force. False where the remote has commits that this clone has not; HDL314 where it refuses, or
 * cannot be reached.
 */
export async function push(repository: Repository, remote: string, refspecs: readonly string[]): Promise<boolean> {
  const args = ["push", "--porcelain", "--no-verify", "--", remote, ...refspecs];
  const { code, stdout, stderr } = await run(repository.git, args, { allow: [1, 128] });
  if (code === 0) return true;
  const told = stdout.toString();
  if (/\[rejected\] \((?:fetch first|non-fast-forward)\)/.test(told)) return false;
  const refused = told.split("\n").filter((line) => line.startsWith("!"));
  const why = plainText([...refused, stderr].join("\n"))
    .trim()
    .split("\n")
    .slice(0, 3)
    .join("; ");
  throw new HeddleError("HDL314", `${plainText(remote)} did not take what was pushed: ${why}`, {
    hint: "nothing is lost: it stands in this clone; push again when the remote takes it",
  });
}
