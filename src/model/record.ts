import type { Digest, Key } from "./entry.js";
import type { Json } from "./json.js";

/** What an apply leaves in the destination, in the same transaction as the data. The newest record is the database's state. */
export interface AppliedRecord {
  version: 1;
  /** Random id written at the first apply; the same in all later records of this database. */
  database: string;
  /** Identity of the database that the record was written in: in a restored copy it differs from the copy's own. */
  identity: string;
  environment: string;
  /** Commit id. */
  revision: string;
  /** Tree id of `data/<weave>` by weave: the inventory of owned entries. */
  trees: Record<string, string>;
  /** The overlay as applied, and its digest. */
  overlay: { digest: string; rules: Json };
  /** Operating system user and host, or what CI says. */
  who: string;
  /** ISO 8601, UTC. */
  at: string;
  counts: { created: number; updated: number; deleted: number };
  plan: string;
  /** Entries that an apply, undo or resume left at something else than the revision. Empty in normal life. */
  exceptions: Exception[];
}

/** An entry whose state is not what the recorded trees say. */
export interface Exception {
  dataset: string;
  key: Key;
  /** `kept`: live was left different; `released`: no longer owned; `altered`: the server stored something else (digest given). */
  kind: "kept" | "released" | "altered";
  digest?: Digest;
}
