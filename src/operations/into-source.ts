import { HeddleError } from "../model/errors.js";
import type { DatasetPlan } from "../plan/plan.js";
import type { Inventory } from "./inventory.js";

/** Whether a database is the one that a dataset was woven from. Several weaves may hold parts of it: one of them is enough. */
export function isSource({ weaves }: Inventory, dataset: string, identity: string): boolean {
  return [...weaves.values()].some((weave) => weave.datasets.has(dataset) && weave.description?.source === identity);
}

/**
 * The datasets that would be written, transformed, into the database that they came from. HDL600 for masked ones: masked
 * values must never overwrite the originals, and no flag grants that.
 */
export function intoSource(plans: readonly DatasetPlan[], git: Inventory, identity: string): string[] {
  const oneWay = plans
    .filter(({ dataset, changes }) => dataset.oneWay && changes.length > 0 && isSource(git, dataset.name, identity))
    .map(({ dataset }) => dataset);
  const masked = oneWay.filter((dataset) => (dataset.masked ?? []).length > 0).map(({ name }) => name);
  if (masked.length > 0) {
    throw new HeddleError("HDL600", `${masked.join(", ")}: masked on the way out of this very database`, {
      hint: "masked data is never applied to its source; check the environment's URL",
    });
  }
  return oneWay.map(({ name }) => name);
}
