import type { Codec } from "../../model/codec.js";
import type { Dataset } from "../../model/dataset.js";
import type { Problem } from "../../model/errors.js";
import type { Fields, Json } from "../../model/json.js";
import { formatPointer } from "../../model/pointer.js";
import { canonicalValue } from "./canonical.js";
import { flatReader } from "./flat-row.js";
import { keysMeant } from "./key-text.js";
import { fromPlain, toPlain } from "./plain.js";
import { type ValueType, valueType } from "./value-type.js";

/** What is known of PostgreSQL's values without a server: `Dataset.engine` is `postgresql`, for PGlite too. */
export const postgresCodec: Codec = {
  engine: "postgresql",
  rows: true,

  canonical(dataset, fields) {
    const problems: Problem[] = [];
    const canonical: Fields = new Map();
    const columns = columnsOf(dataset);
    for (const { name, type, path } of columns.values()) {
      const value = fields.get(name);
      if (value === undefined)
        problems.push({ path, message: "the column is missing", hint: "NULL is written as null" });
      else if (value === null && dataset.key.includes(name)) problems.push({ path, message: "a key may not be null" });
      else canonical.set(name, canonicalValue(type, value, path, problems));
    }
    for (const name of fields.keys()) {
      if (!columns.has(name)) {
        problems.push({
          path: formatPointer([name]),
          message: "no column of the dataset",
          hint: "_dataset.json lists them",
        });
      }
    }
    return { fields: canonical, problems };
  },

  sureKey: (dataset, text) => flatOf(dataset)?.(text)?.key,

  keyName: (part) => ({ text: typeof part === "string" ? part : JSON.stringify(part), plain: true }),

  keysMeant: (text, field) => keysMeant(typeOf(field), text),

  typeName: (value, field) => field?.type ?? jsonType(value),

  toPlain: (value, field) => toPlain(typeOf(field), value),

  fromPlain: (value, previous, field) => fromPlain(typeOf(field), value, previous),
};

interface Column {
  name: string;
  /** Undefined for a field that a transform added. */
  type: ValueType | undefined;
  /** JSON Pointer. */
  path: string;
}

const known = new WeakMap<Dataset, Map<string, Column>>();

/** Listed fields, then key fields that are not listed. */
function columnsOf(dataset: Dataset): Map<string, Column> {
  const columns = known.get(dataset);
  if (columns) return columns;
  const types = new Map((dataset.fields ?? []).map((field) => [field.name, typeOf(field)]));
  const made = new Map(
    [...types.keys(), ...dataset.key].map((name): [string, Column] => [
      name,
      { name, type: types.get(name), path: formatPointer([name]) },
    ]),
  );
  known.set(dataset, made);
  return made;
}

const flat = new WeakMap<Dataset, { read: ReturnType<typeof flatReader> }>();

function flatOf(dataset: Dataset): ReturnType<typeof flatReader> {
  const made = flat.get(dataset);
  if (made) return made.read;
  const columns = [...columnsOf(dataset).values()];
  const typed = columns.flatMap(({ name, type }) => (type ? [{ name, type }] : []));
  const read = typed.length === columns.length ? flatReader(typed, dataset.key) : undefined;
  flat.set(dataset, { read });
  return read;
}

const typeOf = (field: { type?: string } | undefined) =>
  field?.type === undefined ? undefined : valueType(field.type);

function jsonType(value: Json): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "array" : typeof value;
}
