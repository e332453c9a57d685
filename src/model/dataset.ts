/** A column, or a listed top-level field of a collection. `type` is the engine's own name for it; absent for a field that a transform added. */
export interface Field {
  name: string;
  type?: string;
}

/** A foreign key: `fields` of this dataset point at `to` of `dataset`. */
export interface Reference {
  fields: string[];
  dataset: string;
  to: string[];
  /** The database checks it at the end of the transaction if asked to, so it does not bind the order of writing. */
  deferrable?: true;
}

/** Rows that deleting other rows changes, by the ON DELETE action of a foreign key. */
export interface Dependent {
  dataset: string;
  constraint: string;
  action: "cascade" | "set null" | "set default";
  /** Undefined where the role may not read that table. */
  count?: number;
}

/**
 * What `_dataset.json` says: all that apply must know of a dataset to read its manifests and compare them with a database.
 * `name` is the canonical dataset name: a collection, or a table as `table` (in public) or `schema.table`, each part in
 * double quotes where it holds a dot or a double quote.
 */
export interface Dataset {
  engine: string;
  name: string;
  /** Field names, in key order. */
  key: string[];
  /** Columns in file order. For MongoDB only under `mask` or `omit`, sorted. */
  fields?: Field[];
  /** The top-level fields that were selected by name (`_id` and key fields are always): the others are not git's to know. */
  pick?: string[];
  /** MongoDB: the top-level fields that were left out. */
  omit?: string[];
  references?: Reference[];
  /** Definitions of enums, domains and composites that the fields use: type name → SQL definition. */
  types?: Record<string, string>;
  /** Fields that a mask made: shown as changed, never by value. Top-level names. */
  masked?: string[];
  /** Digest of what decides which entries exist. */
  selection: string;
  /** True when a step other than validate runs: entries are not what the source holds. */
  oneWay: boolean;
  layout: Layout;
}

/** How a dataset's entries lie in its directory. */
export type Layout = FilesLayout | LinesLayout;

/** One file for each: `fanout` levels of two hex digits between the dataset's directory and its files. */
export interface FilesLayout {
  kind: "files";
  fanout: 0 | 1 | 2;
}

/** Packed as lines into so many files, told apart by one, two or three hex digits. */
export interface LinesLayout {
  kind: "lines";
  shards: 16 | 256 | 4096;
}
