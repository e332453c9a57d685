import type { Dataset, Dependent } from "../model/dataset.js";
import type { Key } from "../model/entry.js";
import { pointerField } from "../model/pointer.js";
import type { DatasetPlan } from "./plan.js";

interface Affected {
  doomed: { dataset: Dataset; keys: Key[] }[];
  rewritten: { dataset: Dataset; keys: Key[]; fields: string[] }[];
}

/** What a plan deletes, and which fields it changes before: what decides how far its deletes reach. */
export function affected(plans: readonly Pick<DatasetPlan, "dataset" | "changes">[]): Affected {
  const found: Affected = { doomed: [], rewritten: [] };
  if (plans.every(({ changes }) => changes.every(({ kind }) => kind !== "delete"))) return found;
  for (const { dataset, changes } of plans) {
    const keys = changes.filter(({ kind }) => kind === "delete").map(({ key, liveKey }) => liveKey ?? key);
    if (keys.length > 0) found.doomed.push({ dataset, keys });
    const groups = new Map<string, Affected["rewritten"][number]>();
    for (const { kind, key, liveKey, fields } of changes) {
      if (kind !== "update") continue;
      const names = [...new Set(fields.map(({ path }) => pointerField(path)))];
      const id = JSON.stringify(names);
      const group = groups.get(id) ?? { dataset, keys: [], fields: names };
      groups.set(id, group);
      group.keys.push(liveKey ?? key);
    }
    found.rewritten.push(...groups.values());
  }
  return found;
}

/** One line about rows that go, or change, with those that the plan deletes. */
export function describeDependent({ dataset, constraint, action, count }: Dependent): string {
  const rows =
    count === undefined ? "an unknown number of rows (not readable)" : count === 1 ? "1 row" : `${count} rows`;
  const verb = action === "cascade" ? "deleted" : "changed";
  return `${dataset}: ${rows} not in this plan would be ${verb} with what is deleted here (${constraint}, ON DELETE ${action.toUpperCase()})`;
}
