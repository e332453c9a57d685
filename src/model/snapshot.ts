import type { Dataset } from "./dataset.js";
import type { Entry, Key } from "./entry.js";

/** An entry found under a key that the database holds equal to the requested one, though perhaps spelled otherwise. */
export interface Found {
  requested: Key;
  entry: Entry;
}

/** Entries of one moment: what a database session and a git revision have in common. Batches bound memory and allow back-pressure. */
export interface Snapshot {
  /**
   * Every entry of the dataset, in any order. With `digested` they may know their digests, and make a text only when it is
   * asked for, which is for who needs few texts: of such an entry, members are read and never spread.
   */
  entries(dataset: Dataset, where?: undefined, digested?: boolean): AsyncIterable<Entry[]>;
  /** The entries with these keys, by the equality of the dataset's own unique index; absent ones are left out. */
  lookup(dataset: Dataset, keys: readonly Key[]): AsyncIterable<Found[]>;
}
