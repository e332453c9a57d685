import type { Digest } from "../model/entry.js";
import { HeddleError } from "../model/errors.js";
import { openTarget, type Target } from "../repository/branch.js";
import { type CommitRequest, commit } from "../repository/commit.js";
import type { Repository } from "../repository/repository.js";
import { isAncestor } from "../repository/revision.js";
import { viewChanges } from "../repository/view.js";
import type { ObjectWriter } from "../repository/writer.js";
import { describeCommit } from "./commit-weave.js";
import { mergeWeave } from "./merge-weave.js";
import type { Reading } from "./read-source.js";
import type { Decision } from "./settle.js";
import { weaveState } from "./weave-state.js";

/** Weaves of one source that conflict with the branch. */
export interface Conflicting {
  readings: Reading[];
  writer: ObjectWriter;
}

/**
 * Commits what the source gives on a branch of its own. Where it can, so that `git merge` brings it to the branch with the last
 * view as base ("merge"): woven onto the commit of the last weave, which both branches have, or onto the branch of that name while
 * it waits to be merged. With edits older than the last weave the conflict is there as well, and git would not see it: then the
 * merge itself is committed on top of the branch, with markers in it ("resolve"). Nothing is ever turned back.
 * @param tip of the branch that has the conflicts
 * @returns "continued" where a branch of that name was; "refused" where it is in the way
 */
export async function commitConflicts(
  repository: Repository,
  tip: Digest,
  conflicts: readonly Conflicting[],
  { branch, allowDeletes }: { branch: string; allowDeletes: number },
): Promise<"merge" | "resolve" | "continued" | "refused"> {
  const target = await openTarget(repository, branch);
  const weaves = conflicts.flatMap(({ readings }) => readings.map(({ weave }) => weave.name));
  const waits = target.at !== undefined && !(await isAncestor(repository, target.at, tip));
  const places = waits ? [target.at!] : await lastWeaves(repository, tip, target.at, weaves);
  for (const place of places) {
    const requests = await weaveOnto(repository, place, conflicts, { decision: undefined, allowDeletes });
    if (!requests) continue;
    await commitAll(repository, { ...target, tip: place }, requests);
    return waits ? "continued" : "merge";
  }
  const requests = waits ? undefined : await weaveOnto(repository, tip, conflicts, { decision: "mark", allowDeletes });
  if (!requests) return "refused";
  await commitAll(repository, { ...target, tip }, requests);
  return "resolve";
}

async function commitAll(repository: Repository, target: Target, requests: readonly Request[]): Promise<void> {
  let onto = target;
  for (const request of requests) {
    const made = await commit(repository, { target: onto, ...request });
    onto = { ...onto, tip: made.tip!, at: made.tip };
  }
}

/** The commits that last wove these. A branch that is at `at` must not be turned back by what is built on them. */
async function lastWeaves(
  repository: Repository,
  tip: Digest,
  at: Digest | undefined,
  weaves: readonly string[],
): Promise<Digest[]> {
  const places = new Set<Digest>();
  for (const weave of weaves) {
    const [last] = await viewChanges(repository, tip, weave);
    if (last && (at === undefined || (await isAncestor(repository, at, last.id)))) places.add(last.id);
  }
  return [...places];
}

type Request = Omit<CommitRequest, "target">;

/** The commits that weave to a place; undefined where there are conflicts that nobody decides. */
async function weaveOnto(
  repository: Repository,
  place: Digest,
  conflicts: readonly Conflicting[],
  how: { decision: Decision; allowDeletes: number },
): Promise<Request[] | undefined> {
  const requests: Request[] = [];
  for (const { readings, writer } of conflicts) {
    const request = { writer, changes: [] as Request["changes"][number][], views: [] as Digest[], message: "" };
    const woven = [];
    for (const reading of readings) {
      const state = await weaveState(repository, place, reading.weave.name);
      const merged = await mergeWeave({ ...reading, ...state, writer, ...how }).catch(unresolved);
      if (!merged || merged.conflicts.length > 0) return undefined;
      request.changes.push(...merged.changes);
      if (merged.view) request.views.push(merged.view);
      woven.push({ name: reading.weave.name, datasets: merged.datasets });
    }
    if (request.changes.length > 0) requests.push({ ...request, message: describeCommit(woven) });
  }
  return requests;
}

/** Markers of an earlier conflict, for one, that stand in the files there. */
function unresolved(error: unknown): undefined {
  if (!(error instanceof HeddleError) || error.code !== "HDL400") throw error;
}
