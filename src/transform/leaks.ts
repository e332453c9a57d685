import type { Dataset } from "../model/dataset.js";
import type { Problem } from "../model/errors.js";

/**
 * New fields do not leak (HDL502): the top-level `names` found in a dataset with `mask` or `omit` that its last description does not
 * list and the configuration does not name. A dataset that was not woven before, or whose fields were not listed, has none.
 */
export function leaks(
  dataset: Dataset,
  previous: Dataset | undefined,
  names: Iterable<string>,
  named: ReadonlySet<string>,
): Problem[] {
  if (!previous?.fields) return [];
  const known = new Set([
    ...previous.fields.map((field) => field.name),
    ...dataset.key,
    ...(dataset.pick ?? []),
    ...named,
  ]);
  return [...new Set(names)]
    .filter((name) => !known.has(name))
    .sort()
    .map((name) => ({
      dataset: dataset.name,
      message: `the field ${JSON.stringify(name)} is new, and other fields of this dataset are kept out or masked`,
      hint: "name it in omit or mask, or let it in with --accept-fields",
    }));
}

/** Fields that were masked at the last weave and would come in clear now: a rule that was deleted must not publish what it hid. */
export function unmasked(dataset: Dataset, previous: Dataset | undefined, names: Iterable<string>): Problem[] {
  const clear = new Set(previous?.masked?.filter((name) => !dataset.masked?.includes(name)));
  return [...new Set(names)]
    .filter((name) => clear.has(name))
    .sort()
    .map((name) => ({
      dataset: dataset.name,
      message: `the field ${JSON.stringify(name)} was masked and would come in clear`,
      hint: "mask it again, omit it, or let it in with --accept-fields",
    }));
}
