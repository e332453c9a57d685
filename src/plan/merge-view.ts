import { DigestMap } from "../model/digest-map.js";
import type { Digest } from "../model/entry.js";

/** Files of one dataset: path → digest. */
export type Files = ReadonlyMap<string, Digest>;

export interface MergedView {
  files: Map<string, Digest>;
  added: string[];
  changed: string[];
  removed: string[];
  /** Changed or added in git, and as it was in the source: they stay. */
  edited: string[];
  /** Deleted in git, and as they were in the source: they stay away. */
  deleted: string[];
  /** Changed on both sides since the last view: to be settled by their fields, or by whoever is preferred. `files` has ours. */
  both: string[];
}

/**
 * The three-way merge of a weave, by entry: base is the last view, ours the branch, theirs the new view.
 * Where there is no base, whatever ours and theirs hold differently is `both`, what only one of them has too.
 */
export function mergeView(base: Files | undefined, ours: Files, theirs: Files): MergedView {
  const merged: MergedView = {
    files: new DigestMap(ours),
    added: [],
    changed: [],
    removed: [],
    edited: [],
    deleted: [],
    both: [],
  };
  if (base?.size === 0 && ours.size === 0)
    return { ...merged, files: new DigestMap(theirs), added: [...theirs.keys()] };
  if (ours instanceof DigestMap && theirs instanceof DigestMap && theirs.isCopyOf(ours)) return merged;
  let common = 0;
  for (const [path, their] of theirs) {
    const our = ours.get(path);
    if (our !== undefined) common++;
    if (our === their) continue;
    const before = base?.get(path);
    if (base && before === their) (our === undefined ? merged.deleted : merged.edited).push(path);
    else if (base && our === before) {
      merged.files.set(path, their);
      (our === undefined ? merged.added : merged.changed).push(path);
    } else merged.both.push(path);
  }
  for (const [path, our] of common === ours.size ? [] : ours) {
    if (theirs.has(path)) continue;
    const before = base?.get(path);
    if (base && before === undefined) merged.edited.push(path);
    else if (our === before) {
      merged.files.delete(path);
      merged.removed.push(path);
    } else merged.both.push(path);
  }
  return merged;
}
