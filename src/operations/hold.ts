import type { AppliedRecord, HeldEntry } from "../model/record.js";
import type { DatasetPlan, Plan } from "../plan/plan.js";
import { wantedState } from "../plan/side.js";
import type { Target } from "../reconcile/reconcile.js";
import type { Repository } from "../repository/repository.js";
import { isAncestor } from "../repository/revision.js";

type Targets = ReadonlyMap<DatasetPlan, Pick<Target, "git" | "base">>;

/** The changes that would bring back what a rollback or undo took back: a value that an entry had, or its absence. */
export function heldChanges(
  { hold = [] }: Pick<AppliedRecord, "hold">,
  overlayDigest: string,
  targets: Targets,
): Plan["held"] {
  const held = new Set(hold.map(({ dataset, name, state }) => JSON.stringify([dataset, name, state])));
  return [...targets].flatMap(([{ dataset, changes }, { git }]) =>
    changes
      .map(({ name }) => ({ dataset: dataset.name, name }))
      .filter(
        ({ name }) => git && held.has(JSON.stringify([dataset.name, name, wantedState(git, name, overlayDigest)])),
      ),
  );
}

/**
 * What is held once a plan is applied: what was held, and what a rollback takes back. Where git wants something else for an
 * entry by now it is free: another value than the recorded one, or any in a history that knows what was taken back.
 * @param release gives free what the plan brings again
 */
export async function nextHold(
  repository: Repository,
  plan: Pick<Plan, "revision" | "takesBack">,
  before: AppliedRecord,
  overlayDigest: string,
  targets: Targets,
  release: boolean,
): Promise<HeldEntry[]> {
  const byName = new Map([...targets].map(([{ dataset }, target]) => [dataset.name, target]));
  const rollsBack = plan.takesBack.length > 0;
  const known = new Map<string, boolean>();
  for (const revision of new Set((before.hold ?? []).map((entry) => entry.revision))) {
    known.set(revision, (await isAncestor(repository, revision, plan.revision)) === true);
  }
  const next = (before.hold ?? []).filter(({ dataset, name, state, revision }) => {
    const { git, base } = byName.get(dataset) ?? {};
    if (!git) return true;
    const now = wantedState(git, name, overlayDigest);
    if (now === state) return !release;
    const isOther = base !== undefined && now !== wantedState(base, name, before.overlay.digest);
    return rollsBack || !(isOther || known.get(revision));
  });
  if (!rollsBack) return next;
  for (const [dataset, { git, base }] of byName) {
    if (!git || !base) continue;
    for (const name of new Set([...base.files.keys(), ...git.files.keys()])) {
      const state = wantedState(base, name, before.overlay.digest);
      if (state === wantedState(git, name, overlayDigest)) continue;
      next.push({ dataset, name, state, revision: before.revision });
    }
  }
  return distinct(next);
}

export function distinct(hold: readonly HeldEntry[]): HeldEntry[] {
  return [...new Map(hold.map((entry) => [JSON.stringify([entry.dataset, entry.name, entry.state]), entry])).values()];
}
