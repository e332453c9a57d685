import { HeddleError } from "../../model/errors.js";
import { isWrapper, type Json } from "../../model/json.js";
import { decimalText, doubleJson, isInt32, isInt64, numericValue } from "./number.js";
import { documentOf, parseDate } from "./wrapper.js";

/** What expressions and JSON Schemas see of a value. */
export function toPlain(json: Json): unknown {
  if (json === null || typeof json !== "object") return json;
  if (Array.isArray(json)) return json.map(toPlain);
  if (isWrapper(json)) return plainWrapper(json);
  return Object.fromEntries(Object.entries(json).map(([name, value]) => [name, toPlain(value)]));
}

// biome-ignore lint/suspicious/noExplicitAny: the shape of each wrapper follows from its first name
function plainWrapper(json: any): unknown {
  const name = Object.keys(json)[0];
  const inner = json[name!];
  switch (name) {
    case "$numberDouble":
      return Number.isFinite(Number(inner)) ? Number(inner) : inner;
    case "$numberLong":
      return BigInt(Number(inner)) === BigInt(inner) ? Number(inner) : inner;
    case "$numberDecimal":
      return isExactNumber(inner) ? Number(inner) : inner;
    case "$date": {
      const date = new Date(Number(inner.$numberLong));
      return Number.isNaN(date.getTime()) ? inner.$numberLong : date.toISOString();
    }
    case "$binary":
      return inner.base64;
    case "$regularExpression":
      return `/${inner.pattern}/${inner.options}`;
    case "$dbPointer":
      return { $ref: inner.$ref, $id: inner.$id.$oid };
    case "$undefined":
      return null;
    case "$document":
      return Object.fromEntries(inner.map(([name, value]: [string, Json]) => [name, toPlain(value)]));
    case "$minKey":
    case "$maxKey":
      return name;
    default:
      // $oid, $symbol and $code are their text; a timestamp is {t, i}.
      return inner;
  }
}

/** Whether the double nearest to a decimal text is written as that decimal again: 19.99 is, 34 digits are not. */
function isExactNumber(text: string): boolean {
  const value = Number(text);
  return Number.isFinite(value) && numericValue(String(value)) === numericValue(text);
}

/**
 * The canonical form of a computed value. A value that equals what the expression saw of `previous` is `previous`; a number
 * or a text takes the type of a number, date or ObjectId that stood there; anything else is of the narrowest type.
 * HDL500 where it does not fit that type.
 */
export function fromPlain(value: unknown, previous?: Json): Json {
  if (previous !== undefined && JSON.stringify(toPlain(previous)) === JSON.stringify(value)) return previous;
  if (value === null || typeof value === "boolean") return value;
  if (typeof value === "number" || typeof value === "string") return typed(value, previous) ?? narrowest(value);
  if (Array.isArray(value)) {
    const before = Array.isArray(previous) ? previous : [];
    return value.map((item, index) => fromPlain(item, before[index]));
  }
  if (typeof value !== "object")
    throw new HeddleError("HDL500", `a computed ${typeof value} is no value that a document can hold`);
  return documentOf(Object.entries(value).map(([name, item]) => [name, fromPlain(item, memberOf(previous, name))]));
}

function memberOf(json: Json | undefined, name: string): Json | undefined {
  if (json === null || typeof json !== "object" || Array.isArray(json)) return undefined;
  if (Array.isArray(json.$document)) return (json.$document as [string, Json][]).find(([other]) => other === name)?.[1];
  return Object.hasOwn(json, name) ? json[name] : undefined;
}

/** The value in the type of a number, date or ObjectId; undefined where `previous` is none of these. */
function typed(value: number | string, previous: Json | undefined): Json | undefined {
  const type = typeof previous === "number" ? (Number.isInteger(previous) ? "int32" : "double") : wrapperName(previous);
  const text = String(value);
  const number = typeof value === "number" ? value : text.trim() === "" ? Number.NaN : Number(text);
  switch (type) {
    case "int32":
      return isInt32(number) ? number : misfit("int32");
    case "double":
    case "$numberDouble":
      if (/^(NaN|-?Infinity)$/.test(text) && typeof value === "string") return { $numberDouble: text };
      return Number.isFinite(number) ? doubleJson(number) : misfit("double");
    case "$numberLong": {
      const digits = typeof value === "number" && Number.isInteger(value) ? BigInt(value).toString() : text;
      return isInt64(digits) ? { $numberLong: String(BigInt(digits)) } : misfit("int64");
    }
    case "$numberDecimal": {
      const decimal = decimalText(text);
      return decimal === undefined ? misfit("decimal128") : { $numberDecimal: decimal };
    }
    case "$date": {
      const time = parseDate(text) ?? (typeof value === "string" && isInt64(text) ? text : undefined);
      return time === undefined ? misfit("date") : { $date: { $numberLong: String(time) } };
    }
    case "$oid":
      return /^[0-9a-f]{24}$/i.test(text) ? { $oid: text.toLowerCase() } : misfit("objectId");
    default:
      return undefined;
  }
}

function wrapperName(json: Json | undefined): string | undefined {
  return json !== undefined && isWrapper(json) ? Object.keys(json as object)[0] : undefined;
}

function misfit(type: string): never {
  throw new HeddleError("HDL500", `the computed value does not fit the field's type ${type}`);
}

function narrowest(value: number | string): Json {
  if (typeof value === "string" || isInt32(value)) return value;
  if (!Number.isFinite(value)) throw new HeddleError("HDL500", "the computed value is not a finite number");
  if (Number.isSafeInteger(value) && !Object.is(value, -0)) return { $numberLong: String(value) };
  return doubleJson(value);
}
