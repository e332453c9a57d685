import type { EnvironmentConfig } from "../config/config.js";
import { HeddleError } from "../model/errors.js";
import type { AppliedRecord } from "../model/record.js";
import { completeHistory } from "../repository/fetch.js";
import type { Repository } from "../repository/repository.js";
import { commitsBetween, findCommitWithTrees, hasObject, isAncestor, isShallow } from "../repository/revision.js";
import { weaveDirectory } from "../repository/weave.js";

/**
 * The record that holds for this database and environment. A record of another identity belongs to the database that
 * this one was copied from: ignored, and said so. HDL606 where another environment is recorded.
 */
export function acceptRecord(
  record: AppliedRecord | undefined,
  environment: EnvironmentConfig,
  identity: string,
  notes: string[],
): AppliedRecord | undefined {
  if (!record) return undefined;
  if (record.identity !== identity) {
    notes.push(
      "the record in this database is another database's (a restored copy): ignored, nothing counts as applied",
    );
    return undefined;
  }
  if (record.environment === environment.name || environment.formerly.includes(record.environment)) return record;
  throw otherEnvironment(record.environment, environment.name);
}

export function otherEnvironment(recorded: string, wanted: string): HeddleError {
  return new HeddleError("HDL606", `this database is recorded as ${recorded}, not ${wanted}`, {
    hint: `check the URL; a renamed environment says metadata.formerly: [${recorded}]`,
  });
}

/** Whether all recorded trees can be read in this clone; of a shallow one the rest is fetched, if it can be. */
export async function isBaseAvailable(repository: Repository, record: AppliedRecord): Promise<boolean> {
  const found = async () => {
    const trees = await Promise.all(Object.values(record.trees).map((tree) => hasObject(repository, tree)));
    return trees.every(Boolean);
  };
  if (await found()) return true;
  if (!(await isShallow(repository))) return false;
  await completeHistory(repository).catch(() => {});
  return found();
}

/**
 * The commits that applying `revision` takes back: empty where it descends from the applied commit, or from one with
 * the recorded trees (squash, rebase). HDL311 where a shallow clone hides that.
 */
export async function commitsTakenBack(
  repository: Repository,
  record: AppliedRecord,
  revision: string,
): Promise<{ id: string; subject: string }[]> {
  const descends = await isAncestor(repository, record.revision, revision);
  if (descends) return [];
  if (descends === undefined) {
    await completeHistory(repository);
    return commitsTakenBack(repository, record, revision);
  }
  const trees = new Map(Object.entries(record.trees).map(([weave, tree]) => [weaveDirectory(weave), tree]));
  // Before a revert the trees were the same as after it: an older commit goes back all the same.
  const older = await isAncestor(repository, revision, record.revision);
  if (!older && (await findCommitWithTrees(repository, revision, trees))) return [];
  if (!(await hasObject(repository, record.revision))) {
    return [{ id: record.revision, subject: "(the applied commit, which this clone does not have)" }];
  }
  const commits = await commitsBetween(repository, revision, record.revision);
  return commits.map(({ id, subject }) => ({ id, subject }));
}
