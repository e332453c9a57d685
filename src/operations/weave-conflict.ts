import { HeddleError } from "../model/errors.js";
import type { Target } from "../repository/branch.js";
import type { Repository } from "../repository/repository.js";
import type { Woven } from "./commit-weave.js";
import { commitConflicts } from "./conflict-branch.js";
import type { Reading } from "./read-source.js";
import { pushBranch } from "./weave-branch.js";

export interface ConflictOptions {
  /** Where there are conflicts, what the source gives is committed on this branch, for `git merge`. */
  conflictBranch?: string;
  allowDeletes?: number;
  push?: boolean;
}

/** HDL603 with everything that nobody decided, of all weaves at once. */
export async function refuseConflicts(
  repository: Repository,
  start: Target,
  sources: readonly (Woven & { readings: Reading[] })[],
  { conflictBranch: branch, allowDeletes = 0, push = false }: ConflictOptions,
): Promise<void> {
  const merged = sources.flatMap((source) => source.merged);
  const problems = merged.flatMap(({ conflicts }) => conflicts);
  if (problems.length === 0) return;
  const decide = "--prefer git or --prefer source decides them all";
  let hint = `${decide}; --conflict-branch NAME leaves them to git merge; or change git or the source, and weave again`;
  if (merged.some(({ baseLost }) => baseLost)) {
    hint = `what the source gave at the last weave is neither in this clone nor at its remote: where that weave was made, git push origin 'refs/heddle/views/*'; or ${decide}`;
  } else if (branch !== undefined) {
    const conflicting = sources.flatMap(({ readings, merged, writer }) => {
      const own = readings.filter((_, i) => merged[i]!.conflicts.length > 0);
      return own.length > 0 ? [{ readings: own, writer }] : [];
    });
    const how = await commitConflicts(repository, start.tip!, conflicting, { branch, allowDeletes });
    hint = whatToDo[how](branch, start.name);
    if (push && how !== "refused") {
      const why = await pushBranch(repository, branch, []).catch((error: Error) => error);
      if (why) hint += `; it was not pushed: ${why.message}`;
    }
  }
  const what = `git and the source both changed; nothing was committed to ${start.name}`;
  throw new HeddleError("HDL603", what, { problems, hint });
}

const whatToDo = {
  merge: (branch: string) =>
    `what the source gives is on ${branch}: git merge ${branch}, resolve, commit; then weave again`,
  resolve: (branch: string, onto: string) =>
    `edits older than the last weave are in conflict, so ${branch} has the merge with markers: git switch ${branch}, resolve, commit; git switch ${onto}, git merge ${branch}; then weave again`,
  continued: (branch: string) =>
    `${branch} goes on with what the source gives: git merge ${branch}, resolve, commit (files of it with markers first), and weave again`,
  refused: (branch: string) =>
    `${branch} has conflicts or edits of its own: merge or delete it; or --prefer git or --prefer source decides`,
};
