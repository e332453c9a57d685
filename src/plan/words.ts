import { printable } from "../model/printable.js";
import { countChanges, type DatasetPlan, type Label, type Plan } from "./plan.js";
import type { ShownField } from "./show.js";

/** How plans are put into words, the same in every format. */

export const marks = { create: "+", update: "~", delete: "-" } as const;

export const labels: Record<Label, string> = {
  git: "git",
  drift: "drift",
  conflict: "changed on both sides",
  adopt: "not written by Heddle before",
  mirror: "not in git",
  released: "no longer selected",
};

export const keptBecause = {
  drift: "drifted, left as it is by onDrift: keep",
  conflict: "changed on both sides, left as it is by onConflict: live",
  released: "left as it is and no longer owned",
};

/** The last line of plan and apply. */
export function summary(plan: Pick<Plan, "datasets">): string {
  const { created, updated, deleted } = countChanges(plan);
  const sum = (of: (plan: DatasetPlan) => number) => plan.datasets.reduce((total, dataset) => total + of(dataset), 0);
  const extra = [
    [sum(({ adopted }) => adopted), "adopted"],
    [sum(({ kept }) => kept.length), "kept"],
    [sum(({ released }) => released), "released"],
    [sum(({ blocked }) => blocked.length), "refused"],
  ] as const;
  const shown = extra.filter(([n]) => n > 0).map(([n, word]) => `, ${n} ${word}`);
  if (created + updated + deleted === 0) return `No changes${shown.join("")}.`;
  return `${created} to create, ${updated} to update, ${deleted} to delete${shown.join("")}.`;
}

/** A dataset's name, with the destination's own for it where that is another; never more than one line. */
export function datasetName({ dataset, table }: Pick<DatasetPlan, "dataset" | "table">): string {
  return printable(table === undefined ? dataset.name : `${dataset.name} (${table})`);
}

const comparedWords = {
  changed: "what git changed since it was applied (--full: what drifted as well)",
  fingerprints: "what git changed, and rows whose fingerprint did (--exact: every entry)",
};

/** Where not every entry was compared: that, in a line for each way. */
export function comparedNote({ datasets }: Pick<Plan, "datasets">): string[] {
  return (["changed", "fingerprints"] as const).flatMap((way) => {
    const partial = datasets.filter(({ compared }) => compared === way);
    if (partial.length === 0) return [];
    const which =
      partial.length === datasets.length ? "" : ` of ${partial.map(({ dataset }) => dataset.name).join(", ")}`;
    return [printable(`Compared${which}: ${comparedWords[way]}`)];
  });
}

/** A field's name as people read it; never more than one line. */
export function fieldName({ path }: Pick<ShownField, "path">): string {
  return path === "" ? "order of fields" : printable(path.slice(1));
}

/** At most `most` characters, printable; what is longer ends with `...`. */
export function shorten(text: string, most: number): string {
  const safe = printable(text);
  return safe.length <= most ? safe : `${safe.slice(0, most - 3).replace(/[\ud800-\udbff]$/, "")}...`;
}

export function counted(n: number, one: string, many: string): string {
  return `${n} ${n === 1 ? one : many}`;
}

/** What a plan says before its changes, a line each: what to know, and what the database would refuse. */
export function warnings({ notes, obstacles = [] }: Plan): string[] {
  const refused = obstacles.map(
    ({ dataset, message }) =>
      `cannot be applied by this role: ${dataset === undefined ? "" : `${dataset}: `}${message}`,
  );
  return [...notes, ...refused].map(printable);
}
