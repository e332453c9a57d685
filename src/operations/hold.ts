import type { AppliedRecord } from "../model/record.js";
import type { Change, DatasetPlan, Plan } from "../plan/plan.js";
import { atTrees } from "../repository/recorded.js";
import type { Repository } from "../repository/repository.js";
import { readWeave, weaveDirectory } from "../repository/weave.js";

/**
 * The changes that would bring back what a rollback or undo took back: the value that an entry had there, or its absence.
 * None where git wants something else, or where the overlay is another one now.
 */
export async function heldChanges(
  repository: Repository,
  { hold }: Pick<AppliedRecord, "hold">,
  overlayDigest: string,
  datasets: readonly DatasetPlan[],
): Promise<Plan["held"]> {
  if (!hold || hold.overlay.digest !== overlayDigest) return [];
  const trees = new Map(Object.entries(hold.trees).map(([weave, tree]) => [weaveDirectory(weave), tree]));
  const source = atTrees(repository, trees);
  const files = new Map<string, Map<string, string>>();
  for (const weave of Object.keys(hold.trees)) {
    for (const [name, data] of (await readWeave(source, weave)).datasets) {
      const known = files.get(name) ?? new Map<string, string>();
      for (const [path, digest] of data.files) known.set(path.slice(path.lastIndexOf("/") + 1), digest);
      files.set(name, known);
    }
  }
  const isHeld = (held: ReadonlyMap<string, string>, { kind, name, git }: Change) =>
    kind === "delete" ? !held.has(name) : held.get(name) === git;
  return datasets.flatMap(({ dataset, changes }) => {
    const held = files.get(dataset.name);
    const names = held ? changes.filter((change) => isHeld(held, change)) : [];
    return names.map(({ name }) => ({ dataset: dataset.name, name }));
  });
}
