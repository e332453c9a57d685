import type { Codec } from "../model/codec.js";
import type { Digest } from "../model/entry.js";
import type { AppliedRecord } from "../model/record.js";
import { completeHistory, fetchQuietly } from "../repository/fetch.js";
import { atTrees } from "../repository/recorded.js";
import type { Repository } from "../repository/repository.js";
import { commitsBetween, findCommitWithTrees, hasObject, isAncestor, isShallow } from "../repository/revision.js";
import type { Source } from "../repository/source.js";
import { weaveDirectory } from "../repository/weave.js";
import { type Inventory, type InventoryInput, readInventory } from "./inventory.js";
import { recordedShape } from "./shape-digest.js";

/** What was last applied, as it was shaped then; undefined, and said so, where `isBaseAvailable` says that it is not there. */
export async function readBase(
  repository: Repository,
  record: AppliedRecord,
  codec: Codec,
  notes: string[],
  from: { isAvailable: boolean; source?: Source } & Pick<InventoryInput, "listed" | "shapes">,
): Promise<Inventory | undefined> {
  const { isAvailable, source = appliedSource(repository, record), ...more } = from;
  if (!isAvailable) {
    notes.push(
      `the applied revision ${record.revision.slice(0, 10)} is not in this clone: what differs counts as a conflict, nothing is deleted (git fetch origin ${record.revision})`,
    );
    return undefined;
  }
  return readInventory({
    source,
    weaves: Object.keys(record.trees),
    codec,
    overlay: recordedShape(record).overlay,
    ...more,
  });
}

/** The recorded trees, whether or not a commit at hand has them together. */
export function appliedSource(repository: Repository, record: Pick<AppliedRecord, "trees">): Source {
  return atTrees(repository, directories(record));
}

function directories({ trees }: Pick<AppliedRecord, "trees">): Map<string, Digest> {
  return new Map(Object.entries(trees).map(([weave, tree]) => [weaveDirectory(weave), tree]));
}

/**
 * Whether all recorded trees can be read in this clone. A commit that is on none of its branches is fetched by id, and
 * what a shallow clone left out, if it can be had.
 */
export async function isBaseAvailable(repository: Repository, record: AppliedRecord): Promise<boolean> {
  const found = async () => {
    const trees = await Promise.all(Object.values(record.trees).map((tree) => hasObject(repository, tree)));
    return trees.every(Boolean);
  };
  if (await found()) return true;
  if (await isShallow(repository)) await completeHistory(repository).catch(() => {});
  if (await found()) return true;
  return (await fetchQuietly(repository, [record.revision])) && found();
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
  // Before a revert the trees were the same as after it: an older commit goes back all the same.
  const older = await isAncestor(repository, revision, record.revision);
  if (!older && (await findCommitWithTrees(repository, revision, directories(record)))) return [];
  if (!(await hasObject(repository, record.revision))) {
    return [{ id: record.revision, subject: "(the applied commit, which this clone does not have)" }];
  }
  const commits = await commitsBetween(repository, revision, record.revision);
  return commits.map(({ id, subject }) => ({ id, subject }));
}
