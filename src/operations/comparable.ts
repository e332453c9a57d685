import type { Dataset } from "../model/dataset.js";
import type { Exception } from "../model/record.js";
import { type Side, withFields } from "../plan/side.js";
import { withKept, withStored } from "./exceptions.js";

/** One dataset of a revision, and what was applied of it before. */
export interface Comparable {
  git: Side | undefined;
  /** Undefined where nothing of it was applied, or nothing that git's entries can be compared with. */
  base: Side | undefined;
  /** Entries that were applied and are neither compared nor deleted: no longer owned. */
  released: number;
  /** Base holds released entries as well, which are deleted. */
  deletesReleased?: true;
}

/**
 * Makes git and base comparable: both with what the server stored instead of what was written, and base with nothing
 * but what git selects. Deletes exist only where both hold the dataset under the same key and selection: else the
 * entries that git no longer has are released, and base speaks only of those that it has; under another key of none.
 * With `deleteReleased` base keeps speaking of them, except under another key, where they may be git's own.
 */
export function comparable(
  wanted: Side | undefined,
  applied: { side: Side; elsewhere?: boolean } | undefined,
  { exceptions, rows, deleteReleased }: { exceptions: readonly Exception[]; rows: boolean; deleteReleased: boolean },
): Comparable {
  const git = wanted && withStored(wanted, exceptions);
  const owned = applied?.side;
  const stored = owned && withKept(withStored(owned, exceptions), exceptions);
  if (!git) {
    return deleteReleased && !applied?.elsewhere
      ? { git, base: stored, released: 0, deletesReleased: true }
      : { git, base: stored, released: owned?.files.size ?? 0 };
  }
  if (!stored) return { git, base: stored, released: 0 };
  const base = rows ? withinFields(stored, git.dataset) : stored;
  const sameKey = JSON.stringify(git.dataset.key) === JSON.stringify(base.dataset.key);
  if (!sameKey || applied?.elsewhere) return { git, base: undefined, released: base.files.size };
  if (git.dataset.selection === base.dataset.selection) return { git, base, released: 0 };
  if (deleteReleased) return { git, base, released: 0, deletesReleased: true };
  const files = new Map([...base.files].filter(([name]) => git.files.has(name)));
  return { git, base: { ...base, files }, released: base.files.size - files.size };
}

/** Rows without the columns that are no longer selected: they are never compared, and may be gone from the table. */
function withinFields(base: Side, { fields = [] }: Dataset): Side {
  const names = new Set(fields.map(({ name }) => name));
  const listed = base.dataset.fields ?? [];
  if (listed.every(({ name }) => names.has(name))) return base;
  return {
    ...base,
    dataset: { ...base.dataset, fields: listed.filter(({ name }) => names.has(name)) },
    async *read(files) {
      for await (const batch of base.read(files)) {
        yield batch.map((entry) => withFields(entry, new Map([...entry.fields].filter(([name]) => names.has(name)))));
      }
    },
  };
}
