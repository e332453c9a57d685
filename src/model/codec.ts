import type { Dataset, Field } from "./dataset.js";
import type { Key } from "./entry.js";
import type { Problem } from "./errors.js";
import type { Fields, Json } from "./json.js";

/**
 * What an engine knows of values in canonical form: the meaning of wrappers and types. Pure: no connection, no driver.
 * `model/` only knows that a wrapper is one value.
 */
export interface Codec {
  readonly engine: string;
  /** True where every manifest carries every listed field (rows); false where a missing field means "remove it" (documents). */
  readonly rows: boolean;

  /**
   * Strict reading of a manifest that people may have edited: the same entry in canonical form, or problems with `path`
   * and `message` (malformed or unknown wrapper, wrong type for a column, missing or unknown column, number that a double
   * does not hold, key field absent). All problems at once; field order of rows becomes the dataset's.
   */
  canonical(dataset: Dataset, fields: Fields): { fields: Fields; problems: Problem[] };

  /**
   * The key of an entry whose text surely is canonical, fits the dataset, and is what the database will give back for it;
   * undefined where that takes a closer look, which says nothing against it. Absent where an engine has no fast way.
   */
  sureKey?(dataset: Dataset, text: string): Key | undefined;

  /**
   * The readable text of one key part, and whether that text alone tells the typed value: then it may be a plain file
   * name. MongoDB: int32, ObjectId as hex, strings that look like neither. PostgreSQL: every value, by its text.
   * Whole numbers of up to nine digits are plain for every engine.
   */
  keyName(part: Json): { text: string; plain: boolean };

  /** The key parts that a person may mean by a text, the likeliest first: `5` as a number, or as a string. */
  keysMeant(text: string, field?: Field): Json[];

  /** The type of a value as its users know it: `int32`, `double`, `numeric`, … */
  typeName(value: Json, field?: Field): string;

  /**
   * What expressions and JSON Schemas see: numbers where a double holds them exactly (wrapped ones, numeric and int8
   * too), else strings; dates as ISO text, ObjectId as hex; documents and arrays converted member by member.
   */
  toPlain(value: Json, field?: Field): unknown;

  /**
   * The canonical form of a computed value: of the type that `previous` or `field` has, else the narrowest.
   * Throws HeddleError HDL500 where the value does not fit the type.
   */
  fromPlain(value: unknown, previous?: Json, field?: Field): Json;
}
