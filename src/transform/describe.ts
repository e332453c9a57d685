import type { Dataset } from "../model/dataset.js";
import type { Problem } from "../model/errors.js";
import type { Effect } from "./step.js";

/** The steps of one rule, as far as the dataset's description is concerned. */
export interface Effects {
  /** As `Codec.rows`: what is no longer selected leaves `fields`; for documents it leaves `pick` or joins `omit`. */
  rows: boolean;
  /** False under a `when`: then nothing is certain to be gone or renamed. */
  always: boolean;
  /** The rule names the dataset itself, no glob: then a column that is not there is a mistake. */
  named: boolean;
  effects: readonly Effect[];
}

/**
 * The dataset with the effects of a step. Added fields come last, without a type; renamed ones keep place and type. A field that is
 * always removed is no longer selected, so that what a destination has there is left alone. Mistakes are added to `problems`.
 */
export function withEffects(dataset: Dataset, { rows, always, named, effects }: Effects, problems: Problem[]): Dataset {
  let result = dataset;
  const has = (name: string) => result.fields === undefined || result.fields.some((field) => field.name === name);
  const report = (message: string) => problems.push({ dataset: dataset.name, message });
  for (const effect of effects) {
    const source = effect.kind === "add" ? undefined : "from" in effect ? effect.from : effect.name;
    if (source !== undefined && !has(source)) {
      if (named) report(`there is no field ${JSON.stringify(source)}`);
      continue;
    }
    switch (effect.kind) {
      case "add":
        result = added(result, effect.name);
        break;
      case "mask":
        result = masked(result, effect.name);
        break;
      case "copy":
        if (result.masked?.includes(effect.from)) result = masked(result, effect.to);
        break;
      case "rename":
        if (result.fields && has(effect.to)) report(`there is a field ${JSON.stringify(effect.to)} already`);
        else result = always ? renamed(result, rows, effect.from, effect.to) : added(result, effect.to);
        break;
      case "remove":
        if (always && result.key.includes(effect.name)) {
          report(`${JSON.stringify(effect.name)} belongs to the key and cannot be removed`);
        } else if (always) result = removed(result, rows, effect.name);
    }
  }
  return result;
}

function masked(dataset: Dataset, name: string): Dataset {
  return { ...dataset, masked: [...new Set([...(dataset.masked ?? []), name])].sort() };
}

function added(dataset: Dataset, name: string): Dataset {
  const { fields, pick, omit } = dataset;
  return {
    ...dataset,
    ...(fields && { fields: fields.some((field) => field.name === name) ? fields : [...fields, { name }] }),
    ...(pick && { pick: [...new Set([...pick, name])].sort() }),
    ...(omit && { omit: omit.filter((other) => other !== name) }),
  };
}

function removed(dataset: Dataset, rows: boolean, name: string): Dataset {
  const { fields, pick, omit, masked: masks, references } = dataset;
  const others = (names: readonly string[]) => names.filter((other) => other !== name);
  return {
    ...dataset,
    ...(fields && { fields: fields.filter((field) => field.name !== name) }),
    ...(pick && { pick: others(pick) }),
    ...(!rows && !pick && { omit: [...new Set([...(omit ?? []), name])].sort() }),
    ...(masks && { masked: others(masks) }),
    ...(references && { references: references.filter((reference) => !reference.fields.includes(name)) }),
  };
}

function renamed(dataset: Dataset, rows: boolean, from: string, to: string): Dataset {
  const swap = (names: readonly string[]) => names.map((name) => (name === from ? to : name));
  const { fields, references, masked: masks, key } = dataset;
  return {
    ...added(removed(dataset, rows, from), to),
    key: swap(key),
    ...(fields && { fields: fields.map((field) => (field.name === from ? { ...field, name: to } : field)) }),
    ...(masks && { masked: swap(masks).sort() }),
    ...(references && { references: references.map((r) => ({ ...r, fields: swap(r.fields) })) }),
  };
}

/** Without lists that have become empty, and definitions of types that no field has. */
export function tidy(dataset: Dataset): Dataset {
  const { masked: masks, references, types, ...rest } = dataset;
  const used = Object.entries(types ?? {}).filter(([type]) => dataset.fields?.some((field) => field.type === type));
  return {
    ...rest,
    ...(references?.length && { references }),
    ...(used.length && { types: Object.fromEntries(used) }),
    ...(masks?.length && { masked: masks }),
  };
}
