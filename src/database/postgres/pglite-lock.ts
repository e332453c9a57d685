import { readFileSync, renameSync, unlinkSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { HeddleError } from "../../model/errors.js";

/**
 * Takes the lock file beside a PGlite directory, since two processes on one directory lose writes without an error.
 * Gives back how to release it. HDL207 where a living process has it (this one too); a dead one's is taken over.
 */
export function lockDirectory(directory: string, label: string): () => void {
  const file = `${directory}.lock`;
  const mine = JSON.stringify({ pid: process.pid, host: hostname() });
  while (!tryCreate(file, mine)) {
    const found = tryRead(file);
    if (found === undefined) continue;
    if (isAlive(found)) {
      throw new HeddleError("HDL207", `${label}: another process has this PGlite directory open`, {
        hint: `try again when it has ended; where none has it, remove ${file}`,
      });
    }
    takeAway(file, found);
  }
  return () => unlinkSync(file);
}

function tryCreate(file: string, content: string): boolean {
  try {
    writeFileSync(file, content, { flag: "wx" });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

function tryRead(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}

function isAlive(content: string): boolean {
  try {
    const { pid, host } = JSON.parse(content) as { pid: number; host: string };
    // Nothing is known of another host's processes.
    if (host !== hostname()) return true;
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}

/** Of several that find the same dead lock one moves it away; who moved another's new lock by mistake puts it back. */
function takeAway(file: string, dead: string): void {
  const aside = `${file}.${process.pid}`;
  try {
    renameSync(file, aside);
  } catch {
    return;
  }
  const moved = readFileSync(aside, "utf8");
  unlinkSync(aside);
  if (moved !== dead) tryCreate(file, moved);
}
