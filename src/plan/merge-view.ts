import type { Digest } from "../model/entry.js";

/** Files of one dataset: path → digest. */
export type Files = ReadonlyMap<string, Digest>;

export interface MergedView {
  files: Map<string, Digest>;
  added: string[];
  changed: string[];
  removed: string[];
  /** Edited in git and not changed in the source since: they stay. */
  edited: string[];
  /** Changed on both sides since the last view. */
  conflicts: string[];
}

/**
 * The three-way merge of a weave, by entry: base is the last view, ours the branch, theirs the new view.
 * Where there is no base, whatever ours and theirs hold differently is a conflict, what only one of them has too.
 */
export function mergeView(base: Files | undefined, ours: Files, theirs: Files): MergedView {
  const merged: MergedView = { files: new Map(ours), added: [], changed: [], removed: [], edited: [], conflicts: [] };
  for (const [path, their] of theirs) {
    const our = ours.get(path);
    const before = base?.get(path);
    if (our === their) continue;
    if (base && before === their) merged.edited.push(path);
    else if (base && our === before) {
      merged.files.set(path, their);
      (our === undefined ? merged.added : merged.changed).push(path);
    } else merged.conflicts.push(path);
  }
  for (const [path, our] of ours) {
    if (theirs.has(path)) continue;
    const before = base?.get(path);
    if (before === undefined) {
      // An entry that only git has: somebody added it there, or nobody knows.
      (base ? merged.edited : merged.conflicts).push(path);
    } else if (our === before) {
      merged.files.delete(path);
      merged.removed.push(path);
    } else merged.conflicts.push(path);
  }
  return merged;
}
