import type { Digest } from "../model/entry.js";
import { openTarget } from "../repository/branch.js";
import { type CommitRequest, commit } from "../repository/commit.js";
import type { Repository } from "../repository/repository.js";
import { isAncestor } from "../repository/revision.js";
import { viewChanges } from "../repository/view.js";
import type { ObjectWriter } from "../repository/writer.js";
import { describeCommit } from "./commit-weave.js";
import { mergeWeave } from "./merge-weave.js";
import type { Reading } from "./read-source.js";
import { weaveState } from "./weave-state.js";

/** Weaves of one source that conflict with the branch. */
export interface Conflicting {
  readings: Reading[];
  writer: ObjectWriter;
}

/**
 * Commits what the source gives on a branch of its own, so that `git merge` brings it to the branch with the last view as base:
 * it is woven onto the commit of the last weave, which both branches have, or onto the branch of that name while that waits to
 * be merged. Nothing is ever turned back.
 * @param tip of the branch that has the conflicts
 * @returns false where there is no such place: with edits older than the last weave the conflicts are there as well
 */
export async function commitConflicts(
  repository: Repository,
  tip: Digest,
  conflicts: readonly Conflicting[],
  { branch, allowDeletes }: { branch: string; allowDeletes: number },
): Promise<boolean> {
  const target = await openTarget(repository, branch);
  const weaves = conflicts.flatMap(({ readings }) => readings.map(({ weave }) => weave.name));
  for (const place of await placesFor(repository, tip, target.at, weaves)) {
    const requests = await weaveOnto(repository, place, conflicts, allowDeletes);
    if (!requests) continue;
    let onto = { ...target, tip: place };
    for (const request of requests) {
      const made = await commit(repository, { target: onto, ...request });
      onto = { ...onto, tip: made.tip!, at: made.tip };
    }
    return true;
  }
  return false;
}

/** Where to weave to. `at` is the branch's own commit, if it has one: it is continued, or behind what follows. */
async function placesFor(repository: Repository, tip: Digest, at: Digest | undefined, weaves: readonly string[]) {
  if (at !== undefined && !(await isAncestor(repository, at, tip))) return [at];
  const places = new Set<Digest>();
  for (const weave of weaves) {
    const [last] = await viewChanges(repository, tip, weave);
    if (last && (at === undefined || (await isAncestor(repository, at, last.id)))) places.add(last.id);
  }
  return [...places];
}

type Request = Omit<CommitRequest, "target">;

/** The commits that weave to a place; undefined where there are conflicts as well. */
async function weaveOnto(
  repository: Repository,
  place: Digest,
  conflicts: readonly Conflicting[],
  allowDeletes: number,
): Promise<Request[] | undefined> {
  const requests: Request[] = [];
  for (const { readings, writer } of conflicts) {
    const request = { writer, changes: [] as Request["changes"][number][], views: [] as Digest[], message: "" };
    const woven = [];
    for (const reading of readings) {
      const state = await weaveState(repository, place, reading.weave.name);
      const merged = await mergeWeave({ ...reading, ...state, writer, prefer: undefined, allowDeletes });
      if (merged.conflicts.length > 0) return undefined;
      request.changes.push(...merged.changes);
      if (merged.view) request.views.push(merged.view);
      woven.push({ name: reading.weave.name, datasets: merged.datasets });
    }
    if (request.changes.length > 0) requests.push({ ...request, message: describeCommit(woven) });
  }
  return requests;
}
