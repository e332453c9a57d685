import { datasetGlob } from "../model/dataset-name.js";
import type { Rules } from "../plan/plan.js";
import type { EnvironmentConfig } from "./config.js";
import { isGlob } from "./select.js";

/** What is known of a dataset where its rules are asked for. */
export interface RuleContext {
  /** Whether the environment's database is the one that the dataset's weave reads. */
  isSource: boolean;
  /** Whether the weave selects the dataset with `pick`: then rows hold more than git knows, and are pruned only by name. */
  picked: boolean;
}

/** An environment's rules for one dataset (canonical name). */
export function rulesFor(environment: EnvironmentConfig, dataset: string, context: RuleContext): Rules {
  const { apply, ignore, local } = environment;
  return {
    prune: pruneFor(apply.prune, dataset, context.picked),
    onDrift: apply.onDrift ?? (context.isSource ? "keep" : "overwrite"),
    onConflict: apply.onConflict,
    ignore: pointersFor(ignore, dataset),
    local: pointersFor(local, dataset),
  };
}

/** The pointers of every name and glob that matches the dataset, as for `ignore`, `local` and `redact`. */
export function pointersFor(byDataset: Record<string, readonly string[]>, dataset: string): string[] {
  const matching = Object.entries(byDataset).filter(([pattern]) => datasetGlob(pattern)(dataset));
  return [...new Set(matching.flatMap(([, pointers]) => pointers))];
}

/** The dataset's own name goes before globs, of which the first that matches counts; where none does, `owned`. */
function pruneFor(byDataset: EnvironmentConfig["apply"]["prune"], dataset: string, picked: boolean): Rules["prune"] {
  const matching = Object.entries(byDataset).filter(([pattern]) => datasetGlob(pattern)(dataset));
  const named = matching.find(([pattern]) => !isGlob(pattern));
  if (named) return named[1];
  return picked ? "none" : (matching[0]?.[1] ?? "owned");
}
