import type { Digest, Key } from "./entry.js";
import type { Json } from "./json.js";
import { type Naming, tableOf } from "./naming.js";

/**
 * What an apply leaves in the destination, in the same transaction as the data. The newest record of an environment is
 * its state there; several environments may share a database where they hold different datasets.
 */
export interface AppliedRecord {
  version: 1;
  /** Random id written at the first apply; the same in all later records of this database. */
  database: string;
  /** Identity of the database that the record was written in: in a restored copy it differs from the copy's own. */
  identity: string;
  environment: string;
  /** Names that the environment had before: their records are older states of this one. */
  formerly?: string[];
  /** Commit id. */
  revision: string;
  /** Tree id of `data/<weave>` by weave: the inventory of owned entries. */
  trees: Record<string, string>;
  /** What is owned, by dataset. Absent in records of a time before it was told: then it is not known. */
  datasets?: Record<string, OwnedDataset>;
  /** How entries were shaped: the overlay, what the destination calls them where it is not git's names, and a digest of both. */
  overlay: { digest: string; rules: Json; naming?: Naming };
  /** What its pre-images call things, where that is not what it left: an undo goes back to other names. */
  imagesIn?: Naming;
  /** Operating system user and host, or what CI says. */
  who: string;
  /** ISO 8601, UTC. */
  at: string;
  counts: { created: number; updated: number; deleted: number };
  plan: string;
  /** What made it: an apply, one that took commits back (`--rollback`), or an undo. */
  kind: "apply" | "rollback" | "undo";
  /** Entries whose stored state is not what the trees say. Empty in normal life. */
  exceptions: Exception[];
  /** What rollbacks and undos took back: bringing one of them again needs a consent, until git wants something else for it. */
  hold?: HeldEntry[];
}

interface OwnedDataset {
  /** Entries, after the overlay. */
  entries: number;
  /** Digest of the members that were left alone (`ignore`, `local`). */
  untouched: string;
  /** The plan that left the rows' fingerprint, where there is one of this state. */
  fingerprint?: string;
  /** Its buckets with entries of which it tells nothing, by their digits. */
  untold?: string[];
}

/**
 * The records that hold beside an environment's own, in one database.
 * @param records the newest of each environment, newest first
 * @param names those of the environment
 */
export function otherRecords(
  records: readonly AppliedRecord[],
  names: readonly string[],
  identity: string,
): AppliedRecord[] {
  const here = records.filter((record) => record.identity === identity);
  const isRenamed = ({ environment }: AppliedRecord, i: number) =>
    here.slice(0, i).some(({ formerly = [] }) => formerly.includes(environment));
  return here.filter((record, i) => !names.includes(record.environment) && !isRenamed(record, i));
}

/** The tables that a record holds, by the database's names; undefined where it does not tell. */
export function heldTables({ datasets, overlay }: Pick<AppliedRecord, "datasets" | "overlay">): string[] | undefined {
  return datasets && Object.keys(datasets).map((dataset) => tableOf(dataset, overlay.naming));
}

/** Those of these tables that a record holds; all of them where it does not tell what it holds. */
export function sharedTables(
  record: Pick<AppliedRecord, "datasets" | "overlay" | "trees">,
  names: readonly string[],
): readonly string[] {
  const held = heldTables(record);
  if (held) return names.filter((name) => held.includes(name));
  return Object.keys(record.trees).length > 0 ? names : [];
}

/** One entry that a rollback or undo took something from. */
export interface HeldEntry {
  dataset: string;
  name: string;
  /** The `wantedState` that was taken back; null where that was the entry's absence. */
  state: string | null;
  /** The commit that was taken back. */
  revision: string;
}

/** An entry whose stored state, or whose base, is not what the recorded trees say. */
export type Exception = AlteredEntry | KeptEntry;

/**
 * Fields that the server stored otherwise than they were written (a trigger did): compared with what it stored, until
 * git wants something else. Absent values stand for absent fields.
 */
export interface AlteredEntry {
  kind: "altered";
  dataset: string;
  /** The manifest's file name, without fan-out. */
  name: string;
  fields: { field: string; wanted?: Json; stored?: Json }[];
}

/** An entry that `onConflict: live` left as it was: its base stays what it was, so that it stays a conflict. */
export interface KeptEntry {
  kind: "kept";
  dataset: string;
  name: string;
  /** Canonical text; absent where it is not known: then the entry is a conflict whatever git says. */
  base?: string;
}

/** A whole entry as it was before an apply changed it, unselected fields included: what undo restores. */
export interface PreImage {
  dataset: string;
  /** Names of the fields that `key` holds: what the weave declared. */
  keyFields: string[];
  key: Key;
  name: string;
  /** Absent where the apply created the entry. */
  before?: string;
  /** The `wantedState` that was applied. */
  wanted: string | null;
  /** The fields that the apply wrote, each with the digest of its value afterwards (null: absent); absent where it deleted the entry. */
  after?: [field: string, value: Digest | null][];
  /** Of an entry that the apply created, in the place of `after`. */
  created?: Created;
}

/** What an apply made an entry of: names of fields that it wrote, and the digest of the text that they have together as stored. */
export interface Created {
  fields: readonly string[];
  digest: Digest;
}

/** Pre-images are kept for this many records of an environment, and this many days. */
export const keptApplies = 20;
export const keptDays = 30;
