import type { Digest } from "../model/entry.js";

/** One row of an event table. */
export interface EventRow {
  /** The dataset. */
  type: string;
  /** The entry's key as text. */
  id: string;
  uuid: string;
  /** JSON. */
  data: string;
  event: string;
  /** ISO 8601. */
  timestamp: string;
  /** The order of events, from 1. */
  sequence: number;
}

/** How far a table has come. */
export interface EventPosition {
  branch: string;
  revision: Digest;
  /** Of the newest row. */
  sequence: number;
}

/** A table of events, and the position that they have come to, which moves in the transaction that writes them. */
export interface EventStore extends AsyncDisposable {
  /** Undefined where nothing was written yet. */
  position(): Promise<EventPosition | undefined>;
  /**
   * One transaction: `work` inserts rows (those that are there already are left alone) and gives the new position.
   * Makes the tables where there are none. With `clear` what they hold is deleted first. HDL621 where the position is
   * not `from` any more.
   */
  append(
    from: EventPosition | undefined,
    work: (insert: (rows: readonly EventRow[]) => Promise<void>) => Promise<EventPosition>,
    options?: { clear?: boolean },
  ): Promise<EventPosition>;
}
