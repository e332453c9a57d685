import type { Dataset, Dependent } from "../model/dataset.js";
import type { Digest, Key } from "../model/entry.js";
import type { Problem } from "../model/errors.js";

/** Why a write is wanted: git changed it, live drifted from base, both changed, Heddle never owned it, or it is no longer selected. */
export type Label = "git" | "drift" | "conflict" | "adopt" | "mirror" | "released";

/** What to do where live and base differ: `fail` refuses the whole apply. */
export interface Rules {
  prune: "owned" | "mirror" | "none";
  onDrift: "overwrite" | "keep" | "fail";
  onConflict: "fail" | "git" | "live";
  /** JSON Pointers: written when an entry is created, afterwards neither compared nor written. */
  ignore: readonly string[];
  /** JSON Pointers: never written at all. */
  local: readonly string[];
  /** Entries are rows: those of one dataset have the same fields, and a column that came later was NULL before. */
  rows?: boolean;
  /** The record says that entries were applied, but their base cannot be read: what differs is a conflict. */
  baseLost?: boolean;
}

export interface FieldChange {
  /** JSON Pointer into the entry. */
  path: string;
  label: Label;
}

/** One entry that apply writes. Holds digests, never values: those are read when rendered or written. */
export interface Change {
  kind: "create" | "update" | "delete";
  label: Label;
  key: Key;
  /** The live entry's own spelling of the key, where it differs from `key`. */
  liveKey?: Key;
  /** The manifest's file name, without fan-out: readable, and the same for one key at any time. */
  name: string;
  fields: FieldChange[];
  git?: Digest;
  base?: Digest;
  /** The base's own file name, where the key was spelled otherwise. */
  baseName?: string;
  /** Fence: digest of the compared fields as seen live; absent where there was no such entry. */
  live?: Digest;
}

/** An entry that is left as it is though live is not what git wants. */
interface Kept {
  key: Key;
  name: string;
  /** The base's own file name, where the key was spelled otherwise. */
  baseName?: string;
  /** `drift`: by onDrift keep; `conflict`: by onConflict live; `released`: no longer owned. */
  why: "drift" | "conflict" | "released";
}

/** What apply would do to one dataset. */
export interface DatasetPlan {
  weave: string;
  /** The destination's name for the dataset, where it has another. */
  table?: string;
  /** Digest of the table's columns and keys, where there is one. */
  shape?: string;
  /** As the revision describes it; as the base did where the revision no longer has it. */
  dataset: Dataset;
  changes: Change[];
  /** Changes that `onDrift: fail` or `onConflict: fail` forbid: they refuse the whole apply. */
  blocked: Change[];
  kept: Kept[];
  /**
   * `changed`: only what git changed since it was applied was compared; `fingerprints`: that, and the rows that may not be
   * as they were applied, by what the server makes of them. Every entry where this is absent.
   */
  compared?: "changed" | "fingerprints";
  /** Where only what git changed was compared: keys of entries of it that were not there as they had been applied. */
  strays?: Key[];
  /** Entries applied before. */
  owned: number;
  /** Entries that the revision has. */
  wanted: number;
  /** Entries found equal that were not owned: now they are. */
  adopted: number;
  /** Owned entries of a dataset whose selection changed or that left git as a whole: no longer owned, not deleted. */
  released: number;
}

/** The changes between live and a revision: plain data, made without writing anything. */
export interface Plan {
  version: 1;
  id: string;
  environment: string;
  /** Commit id. */
  revision: string;
  /** Tree id of `data/<weave>` by weave. */
  trees: Record<string, string>;
  /** Digest of the database's identity. */
  identity: string;
  /** What the plan begins with saying: base unknown, foreign record, uncommitted configuration, not atomic. */
  notes: string[];
  /** In the order of writing: parents first. */
  datasets: DatasetPlan[];
  /** Commits that applying this revision takes back, newest first; empty for a revision that descends from the applied one. */
  takesBack: { id: string; subject: string }[];
  /** Datasets of a one-way weave that would be written into the database they came from. */
  intoSource: string[];
  /** Entries that would get back what a rollback or undo took from them. */
  held: { dataset: string; name: string }[];
  /** Rows that the plan does not name and that its deletes would delete or change. */
  dependents?: Dependent[];
  /** What the database would refuse to this role. */
  obstacles?: Problem[];
  protected: boolean;
  limits: { maxDeletes: Limit; maxChanges: Limit };
}

/** A share of a dataset's owned entries, rounded up, or a count. */
export type Limit = { share: number } | { count: number };

/** Writes of each kind over all datasets. */
export function countChanges(plan: Pick<Plan, "datasets">): { created: number; updated: number; deleted: number } {
  const counts = { created: 0, updated: 0, deleted: 0 };
  for (const { changes } of plan.datasets) {
    for (const { kind } of changes) {
      if (kind === "create") counts.created++;
      else if (kind === "update") counts.updated++;
      else counts.deleted++;
    }
  }
  return counts;
}
