import type { LockHolder } from "../database/database.js";
import { HeddleError } from "../model/errors.js";
import { type TargetOptions, withDestination } from "./target.js";

export interface UnlockOptions extends Pick<TargetOptions, "directory" | "environment" | "config"> {
  /** Also where the holder seems to be alive. */
  force?: boolean;
}

/**
 * Frees the apply lock of a holder that died; gives who it was, undefined where nobody holds it. HDL207 where the holder
 * is alive, or where the lock is not Heddle's to free. A holder that was alive after all can commit nothing more.
 */
export async function unlock({ force = false, ...options }: UnlockOptions): Promise<LockHolder | undefined> {
  return withDestination(options, async ({ database, environment: { name } }) => {
    const holder = await database.holder();
    if (!holder) return undefined;
    const since = holder.since === undefined ? "" : `, since ${holder.since}`;
    const held = `${name}: held by ${holder.who}${since}`;
    if (!database.unlock) {
      throw new HeddleError("HDL207", held, {
        hint: "this database frees the lock itself when the holder's connection ends: there is nothing to unlock",
      });
    }
    if (holder.alive && !force) {
      throw new HeddleError("HDL207", `${held}, and it is alive or was a few seconds ago`, {
        hint: "its lock ends 15 s after it died; --force takes it away now, and the holder can then commit nothing more",
      });
    }
    await database.unlock(holder);
    return holder;
  });
}
