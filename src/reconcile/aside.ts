import { type Fields, renderFields } from "../model/json.js";
import type { Step } from "../plan/order.js";

/** What entries held before some of their values made room for a moment: fields by dataset and name. */
export type Aside = Map<string, Fields>;

const idOf = ({ plan }: Pick<Step, "plan">, name: string) => `${plan.dataset.name}/${name}`;

/** What was set aside of one entry. */
export function asideOf(aside: Aside, step: Pick<Step, "plan">, name: string): Fields {
  return aside.get(idOf(step, name)) ?? new Map();
}

/** What an entry held first counts. */
export function setAside(aside: Aside, step: Pick<Step, "plan">, name: string, fields: Fields): void {
  aside.set(idOf(step, name), new Map([...fields, ...asideOf(aside, step, name)]));
}

/** An entry's text as it was before. */
export function restored(text: string, held: Fields, parse: (text: string) => Fields): string {
  return held.size === 0 ? text : renderFields(new Map([...parse(text), ...held]));
}
