import type { Dataset } from "../model/dataset.js";
import type { Fields, Json } from "../model/json.js";

/** An older version of an entry in today's shape of its dataset. */
export interface Refitted {
  fields: Fields;
  /** Fields of the older version that are not selected any more: they have no place. */
  dropped: string[];
  /** Fields of which the older version says nothing that counts today: they keep the present value. */
  kept: string[];
  /** Such fields where there is no present value: the entry cannot be had in today's shape. */
  missing: string[];
}

/**
 * Brings an older version of an entry into today's shape. A field that was selected later, or is masked otherwise by now (its
 * old value would be a secret, or a pseudonym that nothing else has), keeps its present value.
 * @param present the entry as it is now; undefined where there is none
 * @param rows every entry has all listed fields
 */
export function refit(
  then: { dataset: Dataset; fields: Fields },
  today: { dataset: Dataset; present: Fields | undefined },
  rows: boolean,
): Refitted {
  const { dataset, present } = today;
  const result: Refitted = { fields: new Map(), dropped: [], kept: [], missing: [] };
  const isKnown = (name: string) => selects(then.dataset, name, rows) && sameMask(then.dataset, dataset, name);
  const put = (name: string, value: Json | undefined) => value !== undefined && result.fields.set(name, value);
  const keep = (name: string) => {
    result.kept.push(name);
    put(name, present?.get(name));
  };
  for (const [name, value] of then.fields) {
    if (!selects(dataset, name, rows)) result.dropped.push(name);
    else if (isKnown(name)) put(name, value);
    else if (present) keep(name);
    else result.missing.push(name);
  }
  for (const name of present?.keys() ?? []) {
    if (!then.fields.has(name) && !isKnown(name)) keep(name);
  }
  if (!present) result.missing.push(...newlySelected(then.dataset, dataset, rows));
  return result;
}

function selects(dataset: Dataset, name: string, rows: boolean): boolean {
  if (rows) return dataset.key.includes(name) || (dataset.fields ?? []).some((field) => field.name === name);
  return (dataset.pick?.includes(name) ?? true) && !dataset.omit?.includes(name);
}

/** A mask's key is part of the selection digest: with another, nobody knows that a value was masked alike. */
function sameMask(then: Dataset, today: Dataset, name: string): boolean {
  const [before, now] = [then.masked?.includes(name) ?? false, today.masked?.includes(name) ?? false];
  return before === now && (!now || then.selection === today.selection);
}

/** Fields that today's entries have, or may have, and that nobody looked at then. */
function newlySelected(then: Dataset, today: Dataset, rows: boolean): string[] {
  const candidates = rows
    ? (today.fields ?? []).map(({ name }) => name)
    : [...(today.pick ?? []), ...(then.omit ?? [])];
  const names = candidates.filter((name) => selects(today, name, rows) && !selects(then, name, rows));
  return !rows && then.pick && !today.pick ? [...names, "what was not picked"] : names;
}
