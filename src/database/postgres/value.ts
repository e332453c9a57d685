import { isWrapper, type Json } from "../../model/json.js";
import { type ArrayTree, formatArray, parseArray } from "./array-text.js";
import { embedJson } from "./json-text.js";
import { isJson, type ValueType } from "./value-type.js";

/** The canonical form of what the server prints for a value of the type. */
export function readValue(type: ValueType, text: string): Json {
  switch (type.kind) {
    case "integer":
      return Number(text);
    case "bigint":
      return Number.isSafeInteger(Number(text)) ? Number(text) : text;
    case "float": {
      const number = Number(text);
      return Number.isFinite(number) && !Object.is(number, -0) ? number : text;
    }
    case "boolean":
      return text === "t";
    case "json":
    case "jsonb":
      return embedJson(text);
    case "array":
      return readArray(type, text);
    default:
      return text;
  }
}

/**
 * JSON arrays for arrays with the usual bounds; others, and json arrays of several dimensions (which would look like
 * arrays of JSON arrays), are their text.
 */
function readArray(type: ValueType, text: string): Json {
  const tree = parseArray(text, type.delimiter);
  if (!tree) return text;
  const element = type.element!;
  const nested = tree.some(Array.isArray);
  if (nested && isJson(element)) return text;
  const read = (item: ArrayTree[number]): Json => {
    if (item === null) return null;
    return Array.isArray(item) ? item.map(read) : readValue(element, item);
  };
  return tree.map(read);
}

/** The text that the type's input function reads; null is SQL's NULL. Also for values that a transform made: any JSON. */
export function writeValue(type: ValueType, value: Json): string | null {
  if (value === null) return null;
  if (isJson(type)) return jsonOf(value);
  if (type.kind === "array" && Array.isArray(value)) {
    const tree = (items: Json[]): ArrayTree =>
      items.map((item) =>
        Array.isArray(item) && !isJson(type.element!) ? tree(item) : writeValue(type.element!, item),
      );
    return formatArray(tree(value), type.delimiter);
  }
  if (typeof value === "string") return value;
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

function jsonOf(value: Json): string {
  const text = jsonWrapper(value);
  return text ?? JSON.stringify(value);
}

/** The text in a `{"$json": text}`; undefined for anything else. */
export function jsonWrapper(value: Json): string | undefined {
  if (!isWrapper(value)) return undefined;
  const names = Object.keys(value as object);
  const text = (value as { $json?: Json }).$json;
  return names.length === 1 && typeof text === "string" ? text : undefined;
}
