import { HeddleError } from "../../model/errors.js";
import type { Json } from "../../model/json.js";
import { decimal } from "../../model/parse.js";
import { canonicalValue } from "./canonical.js";
import { decimalText, embedJson, jsonbText } from "./json-text.js";
import { jsonWrapper } from "./value.js";
import { isJson, type ValueType } from "./value-type.js";

/** What expressions see of a canonical value: see Codec.toPlain. */
export function toPlain(type: ValueType | undefined, value: Json): unknown {
  if (value === null) return null;
  if (!type || isJson(type)) {
    const text = jsonWrapper(value);
    return text === undefined ? value : plainJson(text);
  }
  if (Array.isArray(value)) return value.map((item) => toPlain(Array.isArray(item) ? type : type.element, item));
  if (typeof value !== "string") return value;
  if (type.base === "numeric" || type.kind === "bigint") return exactNumber(value) ?? value;
  return type.base.startsWith("timestamp ") ? isoText(value) : value;
}

/** The canonical form of what an expression gave: see Codec.fromPlain. */
export function fromPlain(type: ValueType | undefined, value: unknown, previous?: Json): Json {
  if (value === null || value === undefined) return null;
  const json = jsonOf(value);
  // Where nothing changed, nothing changes: 10.5 stays the numeric 10.50 that it was.
  if (previous !== undefined && JSON.stringify(toPlain(type, previous)) === JSON.stringify(json)) return previous;
  if (!type) return json;
  const problems: { message: string }[] = [];
  const canonical = isJson(type)
    ? embedJson(type.kind === "json" ? JSON.stringify(json) : jsonbText(JSON.stringify(json)))
    : canonicalValue(type, textForm(type, json), "", problems);
  if (problems.length > 0) throw new HeddleError("HDL500", `a computed value does not fit: ${problems[0]!.message}`);
  return canonical;
}

function jsonOf(value: unknown): Json {
  let text: string | undefined;
  try {
    text = JSON.stringify(value, (_, item) => {
      if (typeof item === "number" && !Number.isFinite(item)) throw new RangeError("not finite");
      return item;
    });
  } catch {}
  if (text === undefined) throw new HeddleError("HDL500", "a computed value is none that JSON can hold");
  return JSON.parse(text) as Json;
}

/** Values of types that are written as text, from the numbers and booleans that expressions work with. */
function textForm(type: ValueType, value: Json): Json {
  if (type.kind === "array") {
    if (!Array.isArray(value)) return value;
    return value.map((item) => {
      if (item === null) return null;
      if (Array.isArray(item) && !isJson(type.element!)) return textForm(type, item);
      return fromPlain(type.element, item);
    });
  }
  if ((type.kind === "plain" || type.kind === "bigint") && typeof value === "number") return decimalText(String(value));
  if (type.kind === "integer" && typeof value === "string" && exactNumber(value) !== undefined) return Number(value);
  // Domains and other types of the user's: what they are made of is not known here.
  if (type.name.includes(".") && (typeof value === "number" || typeof value === "boolean")) return String(value);
  if (typeof value === "string" && type.base === "timestamp with time zone") return value.replace(isoUtc, "$1 $2+00");
  if (typeof value === "string" && type.base === "timestamp without time zone") return value.replace(isoLocal, "$1 $2");
  return value;
}

const isoUtc = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d(?:\.\d+)?)(?:Z|\+00(?::?00)?)$/;
const isoLocal = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d(?:\.\d+)?)$/;

/** `2026-11-01 12:00:00+00` as ISO 8601 and RFC 3339 write it; infinity, BC and far years as they are. */
function isoText(text: string): string {
  return text.replace(/^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d(?:\.\d+)?)(\+00)?$/, (_, date, time, utc) => {
    return `${date}T${time}${utc ? "Z" : ""}`;
  });
}

function exactNumber(text: string): number | undefined {
  if (!/^-?\d+(\.\d+)?([eE][-+]?\d+)?$/.test(text)) return undefined;
  const number = Number(text);
  return Number.isFinite(number) && decimal(String(number)) === decimal(text) ? number : undefined;
}

/** JSON with numbers that a double does not hold as strings. */
function plainJson(text: string): unknown {
  const tokens = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?/gs;
  const exact = text.replace(tokens, (token) => {
    return token.startsWith('"') || exactNumber(token) !== undefined ? token : JSON.stringify(token);
  });
  return JSON.parse(exact);
}
