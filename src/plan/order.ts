import type { Reference } from "../model/dataset.js";
import { HeddleError } from "../model/errors.js";
import type { Change, DatasetPlan } from "./plan.js";

/** One kind of change to one dataset: what reconcile writes in one go. */
export interface Step {
  plan: DatasetPlan;
  kind: Change["kind"];
  changes: Change[];
}

/**
 * Datasets sorted so that what is referenced comes before what references it; names break ties, so that the order is the
 * same on every machine. References inside one dataset, to datasets outside the plan, and deferrable ones do not count.
 * A cycle of the others throws HDL206.
 */
export function sortByReferences<T extends { name: string; references: readonly Reference[] }>(
  datasets: readonly T[],
): T[] {
  const rest = new Map([...datasets].sort((a, b) => (a.name < b.name ? -1 : 1)).map((d) => [d.name, d]));
  const sorted: T[] = [];
  while (rest.size > 0) {
    const waits = (name: string, { dataset, deferrable }: Reference) =>
      dataset !== name && rest.has(dataset) && !deferrable;
    const ready = [...rest.values()].filter(({ name, references }) => !references.some((to) => waits(name, to)));
    if (ready.length === 0) {
      throw new HeddleError("HDL206", `foreign keys form a cycle: ${[...rest.keys()].join(", ")}`, {
        hint: "make one of its constraints DEFERRABLE",
      });
    }
    for (const dataset of ready) {
      sorted.push(dataset);
      rest.delete(dataset.name);
    }
  }
  return sorted;
}

/**
 * The steps in the order of writing. Deletes come first where nothing in the plan references the dataset, since they may
 * free unique values; those of referenced datasets come last, when no row points at them any more, children first.
 */
export function orderSteps(plans: readonly DatasetPlan[], isReferenced: (dataset: string) => boolean): Step[] {
  const step = (plan: DatasetPlan, kind: Change["kind"]): Step[] => {
    const changes = plan.changes.filter((change) => change.kind === kind);
    return changes.length === 0 ? [] : [{ plan, kind, changes }];
  };
  const early = plans.filter((plan) => !isReferenced(plan.dataset.name));
  const late = plans.filter((plan) => isReferenced(plan.dataset.name));
  return [
    ...early.flatMap((plan) => step(plan, "delete")),
    ...plans.flatMap((plan) => [...step(plan, "update"), ...step(plan, "create")]),
    ...late.reverse().flatMap((plan) => step(plan, "delete")),
  ];
}
