import type { Dataset } from "../model/dataset.js";
import { type Digest, digestOf, partDigest, valueDigest } from "../model/entry.js";
import { equalJson, type Fields, renderFields } from "../model/json.js";
import { pointerToken } from "../model/pointer.js";
import type { PreImage } from "../model/record.js";
import type { Change, DatasetPlan, Rules } from "../plan/plan.js";
import { comparedDigest } from "../plan/side.js";
import { type Images, restored, writtenFields } from "./pre-images.js";
import { trustedFields } from "./values.js";

/** What taking entries back to their pre-images changes; those that are no longer as they were left are conflicts. */
export function planDataset(
  dataset: Dataset,
  images: Images,
  live: ReadonlyMap<string, string>,
  rules: Rules,
  owned = images.size,
): DatasetPlan {
  const existed = (image: PreImage) => image.before !== undefined;
  const all = [...images.values()];
  const plan: DatasetPlan = {
    weave: "",
    dataset,
    changes: [],
    blocked: [],
    kept: [],
    owned,
    wanted: owned - all.filter(writtenFields).length + all.filter(existed).length,
    adopted: 0,
    released: 0,
  };
  for (const image of all) noteImage(plan, image, live.get(image.name), rules);
  return plan;
}

function noteImage(plan: DatasetPlan, image: PreImage, live: string | undefined, rules: Rules): void {
  const { key, name, before, after, created } = image;
  const untouched = new Set(rules.ignore);
  const [old, now] = [before, live].map((text) => (text === undefined ? undefined : trustedFields(text)));
  const wanted = old && restored(old, image, now, rules.rows === true);
  if (live === (wanted && renderFields(wanted))) return;
  const kind = before === undefined ? "delete" : live === undefined ? "create" : "update";
  const isAsLeft = ([field, digest]: [string, Digest | null]) =>
    untouched.has(`/${pointerToken(field)}`) ||
    valueDigest(now!.get(field)) === digest ||
    (old !== undefined && equalJson(now!.get(field), old.get(field)));
  const asLeft =
    now && writtenFields(image)
      ? (after ?? []).every(isAsLeft) && (!created || partDigest(now, created.fields) === created.digest)
      : !now && !writtenFields(image);
  const change: Change = {
    kind,
    label: asLeft ? "git" : "conflict",
    key,
    name,
    fields: kind === "update" ? changedFields(wanted!, now!) : [],
    ...(before !== undefined && { git: digestOf(before) }),
    ...(now && { live: comparedDigest(now, rules) }),
  };
  if (asLeft || rules.onConflict === "git") plan.changes.push(change);
  else if (rules.onConflict === "fail") plan.blocked.push(change);
  else plan.kept.push({ key, name, why: "conflict" });
}

function changedFields(wanted: Fields, live: Fields): Change["fields"] {
  return [...new Set([...wanted.keys(), ...live.keys()])]
    .filter((name) => !equalJson(wanted.get(name), live.get(name)))
    .map((name) => ({ path: `/${pointerToken(name)}`, label: "git" }));
}
