import { partDigest, valueDigest } from "../model/entry.js";
import type { Json } from "../model/json.js";
import { pointerToken } from "../model/pointer.js";
import type { Created, PreImage } from "../model/record.js";
import type { Step } from "../plan/order.js";
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
  const untouched = new Set(rules.ignore);
  let fields: readonly string[] = [];
  const created = (i: number): Created => {
    const [now, own] = [stored[i]!, written![i]!];
    const names = [...own.keys()].filter((name) => !untouched.has(`/${pointerToken(name)}`));
    // One list for all that have the same fields.
    if (names.length !== fields.length || names.some((name, j) => name !== fields[j])) fields = names;
    const known = wanted.get(changes[i]!.name)!;
    const isAsWanted = !git!.shaped && known.fields === own && now === own && names.length === own.size;
    return { fields, digest: (isAsWanted && known.digest) || partDigest(now, fields) };
  };
  return changes.map(({ key, name, git: digest }, i): PreImage => {
    const old = before.get(name);
    const image: PreImage = {
      ...{ dataset, keyFields, key, name },
      wanted: git && digest !== undefined ? stateOf(git, digest, input.record.overlay.digest) : null,
    };
    if (old !== undefined) image.before = old;
    if (step.kind === "create") image.created = created(i);
    else if (written) image.after = [...written[i]!.keys()].map((field) => [field, valueDigest(stored[i]!.get(field))]);
    return image;
  });
}
