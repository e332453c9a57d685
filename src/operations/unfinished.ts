import { HeddleError } from "../model/errors.js";
import type { Journal } from "../model/journal.js";

/** What there is to say of an apply that is not finished, and what to run. */
export function describeUnfinished({ record, chunks, undoes }: Journal): { message: string; hint: string } {
  const { environment, revision, who, at } = record;
  const what = undoes ? "an undo" : `an apply of ${revision.slice(0, 10)}`;
  return {
    message: `${what} by ${who} since ${at} is not finished: ${chunks.done} of ${chunks.total} transactions are committed`,
    hint: undoes
      ? `where it broke off, heddle undo ${environment} finishes it`
      : `where it broke off, heddle apply ${environment} --resume finishes it, and heddle undo ${environment} takes it back`,
  };
}

/** HDL609 while an apply is not finished. */
export function refuseUnfinished(journal: Journal | undefined): void {
  if (!journal) return;
  const { message, hint } = describeUnfinished(journal);
  throw new HeddleError("HDL609", `${message}; nothing was written`, { hint });
}
