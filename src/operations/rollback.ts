import type { Digest } from "../model/entry.js";
import { HeddleError } from "../model/errors.js";
import { type GrownTarget, openGrownTarget } from "../repository/branch.js";
import { firstParents } from "../repository/first-parents.js";
import { openObjects } from "../repository/object-reader.js";
import type { Repository } from "../repository/repository.js";
import { isAncestor, parentOf, resolveRevision } from "../repository/revision.js";
import { isoTime, requireTime, resolveMoment } from "./moment.js";
import { openProject, type Project } from "./project.js";
import {
  fileOf,
  type Goal,
  type RestoreChoices,
  type RollbackResult,
  restoreEntries,
  type ShownRollback,
} from "./restore-entries.js";

export type { RollbackResult, ShownRollback };

export interface RollbackOptions extends RestoreChoices {
  /** Where to look for the project from. */
  directory: string;
  /** The branch to commit to; the checked-out one where none is named. */
  branch?: string;
  /** Entries become what they were at this revision. One of `to`, `before` and `commit` is given. */
  to?: string;
  /** Entries become what the branch had just before this time (ISO 8601 with zone). */
  before?: string;
  /** Entries that this commit changed become what they were before it. */
  commit?: string;
}

/**
 * Makes one commit that gives a selection of entries back what they were, and leaves everything else as it is now, all
 * descriptions too: so what it restores is an edit, and stays at the next weave. Nothing to restore makes no commit.
 *
 * HDL303 for uncommitted edits in the way, HDL400 for entries that cannot be had in today's shape, HDL600 for a no, HDL620
 * where nobody accepts that later edits of the same entries are lost; nothing is committed then.
 */
export async function rollback(options: RollbackOptions): Promise<RollbackResult> {
  if ([options.to, options.before, options.commit].filter((one) => one !== undefined).length !== 1) {
    throw new HeddleError("HDL100", "one of --to, --before and --commit is needed");
  }
  const project = await openProject(options.directory);
  const { repository } = project;
  const target = await openGrownTarget(repository, options.branch);
  const goal = await goalOf(project, target, options);
  return restoreEntries(repository, target, goal, options);
}

async function goalOf(
  project: Project,
  target: GrownTarget,
  { to, before, commit: taken }: RollbackOptions,
): Promise<Goal> {
  const { repository } = project;
  if (taken !== undefined) return goalWithout(repository, target.tip, taken);
  if (before === undefined) {
    const id = await resolveRevision(repository, to!);
    return { to: id, subject: `roll back to ${id.slice(0, 10)}` };
  }
  const time = requireTime(before);
  await using objects = openObjects(repository);
  // Git's times are whole seconds.
  const at = isoTime((Math.ceil(time / 1000) - 1) * 1000);
  const { commit, notes } = await resolveMoment(project, objects, {
    at,
    ...(target.at !== undefined && { branch: target.name }),
  });
  return { to: commit, subject: `roll back to before ${isoTime(time)}`, notes };
}

/** Takes one commit back to its first parent. */
async function goalWithout(repository: Repository, tip: Digest, taken: string): Promise<Goal> {
  const id = await resolveRevision(repository, taken);
  if (!(await isAncestor(repository, id, tip))) {
    throw new HeddleError("HDL301", `${id.slice(0, 10)} is no part of the branch`, { hint: "--branch names another" });
  }
  const parent = await parentOf(repository, id);
  const only = new Map<string, Digest | undefined>();
  for await (const { commit, files } of firstParents(repository, `${parent}..${id}`, "data", "newest first")) {
    if (commit.id !== id) continue;
    // A file that only moved within its dataset comes as one that went and one that came.
    for (const { path, after } of files) only.set(fileOf(path), after ?? only.get(fileOf(path)));
  }
  return { to: parent, subject: `take back ${id.slice(0, 10)}`, only };
}
