import { type Digest, partDigest, valueDigest } from "../model/entry.js";
import type { Json } from "../model/json.js";
import { pointerToken } from "../model/pointer.js";
import type { Created, PreImage } from "../model/record.js";
import type { Step } from "../plan/order.js";
import type { Rules } from "../plan/plan.js";
import { stateOf } from "../plan/side.js";
import type { Part } from "./parts.js";
import type { ReconcileInput } from "./reconcile.js";

/** What a batch makes of its entries, in its order: values by name, those that it does not write left out. */
export type Stored = readonly ReadonlyMap<string, Json | undefined>[];

/**
 * What undo needs of the entries of a batch.
 * @param before the whole entries as they were, by name
 * @param written what the batch writes; undefined where it deletes
 * @param stored what the database made of that, with other fields beside it
 */
export function imagesOf(
  input: ReconcileInput,
  step: Step,
  { changes, wanted }: Part,
  before: ReadonlyMap<string, string>,
  written: Stored | undefined,
  stored: Stored,
): PreImage[] {
  const { git, rules } = input.target(step);
  const { name: dataset, key: keyFields } = step.plan.dataset;
  const created = createdBy(rules);
  return changes.map(({ key, name, git: digest }, i): PreImage => {
    const state = git && digest !== undefined ? stateOf(git, digest, input.record.overlay.digest) : null;
    const image: PreImage = { dataset, keyFields, key, name, wanted: state };
    const old = before.get(name);
    if (old !== undefined) image.before = old;
    if (!written) return image;
    const [now, own] = [stored[i]!, written[i]!];
    if (step.kind !== "create") image.after = [...own.keys()].map((field) => [field, valueDigest(now.get(field))]);
    else {
      const one = wanted.get(name)!;
      const isAsWanted = !git!.shaped && one.fields === own && now === own;
      image.created = created(own, now, isAsWanted ? one.digest : undefined);
    }
    return image;
  });
}

/** Describes created entries by what they are but for `ignore`; entries with the same fields share one list of them. */
function createdBy({ ignore }: Pick<Rules, "ignore">) {
  const untouched = new Set(ignore);
  let last: { all: string[]; fields: string[] } | undefined;
  return (own: Stored[number], now: Stored[number], digest: Digest | undefined): Created => {
    if (!last || !hasNames(own, last.all)) {
      const all = [...own.keys()];
      last = { all, fields: all.filter((name) => !untouched.has(`/${pointerToken(name)}`)) };
    }
    const { all, fields } = last;
    return { fields, digest: (all.length === fields.length && digest) || partDigest(now, fields) };
  };
}

function hasNames(fields: Stored[number], names: readonly string[]): boolean {
  let i = 0;
  for (const name of fields.keys()) if (name !== names[i++]) return false;
  return i === names.length;
}
