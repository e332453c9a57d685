import type { Key } from "../../model/entry.js";
import { isWrapper, type Json } from "../../model/json.js";
import { numericValue } from "./number.js";

/**
 * A text that is equal for keys that MongoDB's unique indexes take for one: numbers of any type by value, symbols as
 * strings (manual, "Comparison/Sort Order"). Collations are not in it.
 */
export function comparable(key: Key): string {
  return key.includes("$") || /\d/.test(key) ? JSON.stringify((JSON.parse(key) as Json[]).map(normal)) : key;
}

function normal(json: Json): Json {
  if (typeof json === "number") return { number: numberText(json) };
  if (json === null || typeof json !== "object") return json;
  if (Array.isArray(json)) return json.map(normal);
  if (!isWrapper(json)) return { document: Object.entries(json).map(([name, value]) => [name, normal(value)]) };
  if (typeof json.$numberDouble === "string") return { number: numberText(Number(json.$numberDouble)) };
  if (typeof json.$numberLong === "string") return { number: numericValue(json.$numberLong) };
  if (typeof json.$numberDecimal === "string") return { number: numericValue(json.$numberDecimal) };
  if (typeof json.$symbol === "string") return json.$symbol;
  if (Array.isArray(json.$document))
    return { document: (json.$document as [string, Json][]).map(([name, value]) => [name, normal(value)]) };
  return json;
}

/** Sixty digits tell any two doubles apart and are exact for every double that a Decimal128 can equal. */
function numberText(value: number): string {
  return numericValue(Number.isFinite(value) ? value.toPrecision(60) : String(value));
}
