import type { Dataset, Dependent, Reference } from "../model/dataset.js";
import type { Entry, Key } from "../model/entry.js";
import type { Fingerprint } from "../model/fingerprint.js";
import type { Journal } from "../model/journal.js";
import type { Fields, Json } from "../model/json.js";
import type { AppliedRecord, PreImage } from "../model/record.js";
import type { Found, Snapshot } from "../model/snapshot.js";
import type { Sessions } from "./together.js";

/** What an engine can do. Differences between engines are data here, never a name compared elsewhere. */
export interface Capabilities {
  /** All reads of one session see one moment. Where false, weave says "not one moment". */
  snapshots: boolean;
  /** `write` is one transaction. */
  transactions: boolean;
  /** The most entries that one transaction should write; undefined where there is no such limit. */
  transactionLimit?: number;
}

/**
 * A database as Heddle uses it. Every engine passes test/contract. Opening does not connect; the first call does.
 * Errors are HeddleError (HDL200–HDL209) without secrets or values; whatever the driver said is the cause.
 */
export interface Database extends AsyncDisposable {
  readonly engine: string;
  readonly capabilities: Capabilities;
  /** Runs `work` in one read-only session, a consistent snapshot where the server has them. Nothing is ever written. */
  read<T>(work: (session: ReadSession) => Promise<T>): Promise<T>;
  /**
   * The same with up to `count` sessions that see one moment, each over a connection of its own. Absent where an engine
   * has one connection, or no moment that several could share. Wrappers leave it out, unless they know how.
   */
  readTogether?<T>(count: number, work: (sessions: Sessions) => Promise<T>): Promise<T>;
  /** Runs `work` in one transaction where there are transactions: an error thrown inside undoes all of it. */
  write<T>(work: (session: WriteSession) => Promise<T>): Promise<T>;
  /** Whether running the whole transaction again may succeed (serialization failure, deadlock, stepdown). */
  isTransient(error: unknown): boolean;
  /** Who holds the apply lock; undefined where nobody does, or where the engine cannot tell. */
  holder(): Promise<LockHolder | undefined>;
  /**
   * Holds the apply lock over all write sessions of `work`, which still call `lock`: it then proves, as a part of their
   * transaction, that the lock was not lost meanwhile. HDL207 as there. Absent where any apply is one session.
   */
  hold?<T>(work: () => Promise<T>): Promise<T>;
  /** Frees the lock of this holder, if it still has it. Absent where the lock ends with the holder's connection. */
  unlock?(holder: LockHolder): Promise<void>;
  /** Runs a statement of `Finding.mend`. Absent where `command` can, in a transaction. */
  mend?(statement: string): Promise<void>;
}

/** Somebody who applies now, or died while applying. */
export interface LockHolder {
  /** The process and where it runs, as people name it. */
  who: string;
  /** When it took the lock: ISO 8601, UTC; undefined where the server does not tell. */
  since?: string;
  /** False where it died, or was stopped for so long that the lock is anybody's. */
  alive: boolean;
  /** What tells this holder from any other of the same database. */
  token: string;
}

export interface ReadSession extends Snapshot {
  /** Digest (hex) of what tells this database from any other: PostgreSQL system identifier and database oid; MongoDB replica set id (else set name) and database name. */
  identity(): Promise<string>;
  /** Every table or collection a user could mean, in no order; system ones, `heddle*` and partitions are left out. Views and the like are listed with `refused`. */
  tables(): Promise<Table[]>;
  /**
   * The entries of the dataset, those that `where` holds for if it is given (a SQL expression, or a filter in Extended
   * JSON). Keys are of `dataset.key`, texts hold `dataset.fields` in that order (PostgreSQL), or the document's own
   * fields less `omit`, or `pick`, in the document's order (MongoDB). Order of entries is the server's.
   * HDL202 for a bad `where`; HDL204 for a value that cannot be carried, naming dataset and key. `digested`: see Snapshot.
   */
  entries(dataset: Dataset, where?: string, digested?: boolean): AsyncIterable<Entry[]>;
  /** As in Snapshot. In a write session the rows are locked until its end (MongoDB: read inside the transaction). */
  lookup(dataset: Dataset, keys: readonly Key[]): AsyncIterable<Found[]>;
  /**
   * The same entries as the database would give them back: values that people may have spelled otherwise (`1.50`, a date
   * without time) in the server's own form. Documents come back as they are. HDL204 for what a type does not accept.
   */
  normalize(dataset: Dataset, entries: readonly Fields[]): Promise<Fields[]>;
  /**
   * What stands in the way of reading these datasets, and of writing them; all problems at once. With `thorough` also what
   * a user should know of the database, which may take time. Tables and columns that are missing are not told of.
   */
  examine(datasets: readonly Dataset[], thorough: boolean): Promise<Finding[]>;
  /**
   * What deleting entries does to others: rows that foreign keys delete with them, or change. Not told of are entries
   * that are to be deleted themselves, and those of `rewritten` that referred by one of these fields.
   */
  dependents(doomed: readonly Keyed[], rewritten: readonly Rewritten[]): Promise<Dependent[]>;
  /** About how many entries the table holds; cheap, from statistics where the server has them. */
  estimate(dataset: Dataset): Promise<number>;
  /**
   * What the rows make of which this is asked: those with these keys, else all, by the dataset's fields and key. The server
   * digests them, so that none leaves it. Undefined where it cannot tell the buckets of these keys. This and the three
   * that follow are absent where an engine has no such digests.
   */
  fingerprint?(dataset: Dataset, keys?: readonly Key[]): Promise<Fingerprint | undefined>;
  /** The total of all rows' fingerprint, for less. */
  fingerprintTotal?(dataset: Dataset): Promise<bigint>;
  /** The entries in buckets of a fingerprint that begin with one of these digits, all of one length. `digested`: as for `entries`. */
  entriesIn?(dataset: Dataset, digits: readonly string[], digested?: boolean): AsyncIterable<Entry[]>;
  /** What `saveFingerprints` kept, by dataset, where it was for the dataset's plan in `plans`. */
  fingerprints?(plans: ReadonlyMap<string, string>): Promise<ReadonlyMap<string, Fingerprint>>;
  /** The newest record of each environment, newest first. Needs no set-up and creates none. */
  records(): Promise<AppliedRecord[]>;
  /** Records of these environments, newest first; of all where none are named. */
  history(limit: number, environments?: readonly string[]): Promise<AppliedRecord[]>;
  /** Applies that were begun in several transactions and are not finished. */
  journals(): Promise<Journal[]>;
  /** The pre-images of an apply (by its plan's id), as far as they are kept. */
  preImages(plan: string): AsyncIterable<PreImage[]>;
}

export interface WriteSession extends ReadSession {
  /**
   * Takes the database's one apply lock until the session ends, before anything else is done in it. HDL207 where somebody
   * else holds it, saying who and since when, or where `hold` lost it.
   */
  lock(): Promise<void>;
  /**
   * Makes the changes, all of one kind and one dataset, in as few statements as the engine can. Only reconcile/ calls it.
   * Creates write every field given; updates only those given; nothing else of the entry is touched.
   * HDL205 for what the server refuses, naming keys where it tells them; HDL206 for a field the table does not have.
   */
  write(dataset: Dataset, changes: WriteBatch): Promise<void>;
  /** `write` refuses to create an entry that is there, so that the whole transaction can be undone: it need not be looked for. */
  refusesExisting?: boolean;
  /**
   * Creates entries from their manifests, but only those that surely are stored as they are, nothing in the database
   * altering them; gives the others, in their order, of which nothing is written. Absent where an engine has no faster way than `write`.
   * HDL205 and HDL206 as there.
   */
  writeTexts?(dataset: Dataset, entries: readonly Entry[]): Promise<readonly Entry[]>;
  /**
   * Whether entries that are created are surely stored as `normalize` gives them, since nothing in the database (a
   * trigger, a rule) alters them: then they need not be read back. Absent where an engine cannot tell.
   */
  storesExactly?(dataset: Dataset): Promise<boolean>;
  /**
   * Values of these fields for so many new entries, as the database makes them by itself: by identities, sequences and
   * defaults; for documents, and uuid columns without a default, random ones (documents: of the kind that `like` has).
   * HDL206 where it has no way to.
   */
  newIds(dataset: Dataset, fields: readonly string[], count: number, like?: Fields): Promise<Fields[]>;
  /**
   * Runs one statement in the same transaction: a hook of the trusted configuration, or what mends a finding. SQL, or a
   * MongoDB command in Extended JSON. Gives the number of rows or documents that it gave. HDL205 for what the server
   * refuses, and for statements that would end the transaction.
   */
  command(statement: string): Promise<number>;
  /** Keeps what undo would restore, in the same transaction. */
  savePreImages(plan: string, images: readonly PreImage[]): Promise<void>;
  /**
   * Keeps fingerprints by dataset, for the plan of the record that is about to be saved and in the same transaction, in
   * place of those that its environment has of these datasets. False where the role may not.
   */
  saveFingerprints?(
    record: Pick<AppliedRecord, "environment" | "formerly" | "plan">,
    fingerprints: ReadonlyMap<string, Fingerprint>,
  ): Promise<boolean>;
  /**
   * Writes its environment's newest record, in the same transaction, and forgets pre-images that are too old
   * (`keptApplies`, `keptDays`). Creates the place for both at the first time.
   */
  saveRecord(record: AppliedRecord): Promise<void>;
  /** Opens or continues the journal of an apply, in the same transaction. Absent where any apply is one transaction. */
  saveJournal?(journal: Journal): Promise<void>;
  /** Closes the journal of an apply (by its plan's id), in the same transaction. */
  closeJournal?(plan: string): Promise<void>;
}

/** One thing that was found out about a database. */
export interface Finding {
  dataset?: string;
  /** What was looked at: "server version", "rights". */
  what: string;
  level: "ok" | "warning" | "problem";
  message: string;
  hint?: string;
  /** What a problem stands in the way of; without reading nothing can be planned or woven. */
  stops?: "reading" | "writing";
  /** The changes of the dataset (or of any, where none is named) that a problem of writing stops; all where not given. */
  kinds?: WriteBatch["kind"][];
  /** Statements that mend it, for an administrator. */
  sql?: string[];
  /** Statements that mend it safely, for `mend` or `command`. */
  mend?: string[];
}

/** Entries by their live keys. */
export interface Keyed {
  dataset: Dataset;
  keys: readonly Key[];
}

/** Entries that get other values in these fields before anything is deleted. */
export interface Rewritten extends Keyed {
  fields: readonly string[];
}

export type WriteBatch =
  | { kind: "create"; entries: readonly { key: Key; fields: Fields }[] }
  | { kind: "update"; entries: readonly Update[] }
  | { kind: "delete"; keys: readonly Key[] };

/** `key` is the live entry's own spelling. */
export interface Update {
  key: Key;
  /** New values by field name; undefined removes the field (documents only). A renamed key has its key fields here. */
  set: Map<string, Json | undefined>;
  /** Documents: the names of all selected fields in the order that the document should have, where the order changes. */
  order?: readonly string[];
}

/** One table or collection of the catalogue. */
export interface Table {
  /** Canonical dataset name. */
  name: string;
  /** Why it can be neither woven nor applied ("a view", "a time-series collection"). */
  refused?: string;
  /** Why its entries are never deleted, where they can be woven and applied ("a capped collection"). */
  neverPruned?: string;
  /** Columns in table order; undefined for collections. */
  columns?: Column[];
  /** Primary key, or `_id`; undefined where there is none. */
  key?: string[];
  /** Other unique, not-null, not partial keys: what a declared key may name. Collections: unique indexes. */
  uniques: string[][];
  /** Foreign keys; their `dataset` is a canonical name. */
  references: ForeignKey[];
  /** Unique keys that the server checks row by row, so that values cannot change places in one statement. */
  exclusive?: Exclusive[];
}

export interface ForeignKey extends Reference {
  /** The constraint's name. */
  constraint?: string;
}

export interface Exclusive {
  /** The index's or constraint's name. */
  name: string;
  fields: string[];
  /** A field of it that can safely hold another value for a moment, and which: null, or a random value of that kind. */
  passing?: { field: string; value: "null" | "integer" | "text" | "uuid" };
}

export interface Column {
  name: string;
  /** As the server formats it under an empty search path: `integer`, `character varying(20)`, `public.citext`. */
  type: string;
  notNull: boolean;
  /** Generated columns are neither selected nor written. */
  generated: boolean;
  /** SQL definition of the enum, domain or composite that the type is, where it is one. */
  definition?: string;
}
