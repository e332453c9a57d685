import type { Digest } from "../model/entry.js";
import { HeddleError } from "../model/errors.js";
import { openGrownTarget } from "../repository/branch.js";
import { dataAt } from "../repository/data-tree.js";
import { type ObjectReader, openObjects } from "../repository/object-reader.js";
import type { Repository } from "../repository/repository.js";
import { type ApplyOptions, type ApplyResult, apply } from "./apply.js";
import { type EntryAddress, fileOfEntry, findEntry } from "./entry-address.js";
import { type Moment, resolveMoment } from "./moment.js";
import { openProject } from "./project.js";
import { fileOf, type RestoreChoices, type RollbackResult, restoreEntries } from "./restore-entries.js";

export interface RestoreOptions extends Pick<RestoreChoices, "present" | "confirm"> {
  /** Where to look for the project from. */
  directory: string;
  /** `[WEAVE:]DATASET/KEY`. */
  entry: string;
  /** What the entry becomes: as it was at this time (ISO 8601 with zone), or revision. */
  at: string;
  /** The branch to commit to, and whose history a time is of; the checked-out one where none is named. */
  branch?: string;
  /** Applies the branch to an environment afterwards: all of it, as `apply` does. */
  apply?: Omit<ApplyOptions, "directory" | "revision">;
  /** Called before that: the commit stands, whatever becomes of the apply. */
  committed?: (result: RollbackResult) => void;
}

export interface RestoreResult extends RollbackResult {
  applied?: ApplyResult;
}

/**
 * Writes the version of one entry that a time or revision had as a new commit; where it had none, that deletes the entry.
 * The errors of `rollback`; HDL402 for an entry that neither that state nor today's has.
 */
export async function restore(options: RestoreOptions): Promise<RestoreResult> {
  const project = await openProject(options.directory);
  const { repository } = project;
  const target = await openGrownTarget(repository, options.branch);
  const { tip } = target;
  await using objects = openObjects(repository);
  const branch = target.at === undefined ? {} : { branch: target.name };
  const moment = await resolveMoment(project, objects, { at: options.at, ...branch });
  const { entry, isThere } = await findThenOrNow(repository, objects, moment, tip, options.entry);
  const file = fileOf(fileOfEntry(entry));
  const name = `${entry.dataset.name}/${file.slice(file.lastIndexOf("/") + 1, -".json".length)}`;
  const goal = {
    to: moment.commit,
    subject: `restore ${name} of ${options.at}`,
    only: new Map([[file, undefined]]),
    named: true,
    notes: [...moment.notes, ...(isThere ? [] : [`${name} did not exist then: restoring that deletes it`])],
  };
  const result = await restoreEntries(repository, target, goal, options);
  options.committed?.(result);
  if (!options.apply) return result;
  const { directory } = options;
  const applied = await apply({ ...options.apply, directory, revision: result.commit ?? tip });
  return { ...result, applied };
}

async function findThenOrNow(
  repository: Repository,
  objects: ObjectReader,
  { data }: Moment,
  tip: Digest,
  asked: string,
): Promise<{ entry: EntryAddress; isThere: boolean }> {
  try {
    return { entry: await findEntry(data, asked), isThere: true };
  } catch (error) {
    if (!(error instanceof HeddleError) || error.code !== "HDL402") throw error;
    const entry = await findEntry(await dataAt(objects, repository, tip), asked).catch(() => undefined);
    if (!entry) throw error;
    return { entry, isThere: false };
  }
}
