import type { Json } from "../../model/json.js";
import { isJson, type ValueType } from "./value-type.js";

/**
 * Whether a column of this type surely takes a canonical value and gives it back as it is: then no server need be
 * asked. False for anything in doubt: domains and other types of the user's, json, what is rare.
 * @param unicode the server stores any Unicode text
 */
export function isNormal(type: ValueType, value: Json, unicode: boolean): boolean {
  if (value === null) return !type.name.includes(".");
  if (typeof value === "number") {
    if (Object.is(value, -0)) return false;
    if (type.kind === "integer") return Number.isInteger(value) && Math.abs(value) < limits[type.base]!;
    if (type.base === "double precision") return Number.isFinite(value);
    return type.kind === "bigint" && Number.isSafeInteger(value);
  }
  if (typeof value === "boolean") return type.kind === "boolean";
  if (typeof value !== "string" || isJson(type)) return false;
  if (!unicode && !/^[\x00-\x7f]*$/.test(value)) return false;
  return texts[type.base]?.(value, type) ?? false;
}

const limits: Record<string, number> = { smallint: 2 ** 15, integer: 2 ** 31 };

const texts: Record<string, (text: string, type: ValueType) => boolean> = {
  text: isText,
  "character varying": (text, { name }) => {
    const length = /\((\d+)\)$/.exec(name);
    // Some characters are two of JavaScript's units: no text is longer than it is counted here.
    return isText(text) && (length === null || text.length <= Number(length[1]));
  },
  numeric: isNumeric,
  uuid: (text) => /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/.test(text),
  date: (text) => date.test(text) && isDay(text),
  "timestamp without time zone": (text, { name }) => isTimestamp(text, name, ""),
  "timestamp with time zone": (text, { name }) => isTimestamp(text, name, "+00"),
};

/** A lone surrogate has no UTF-8. */
function isText(text: string): boolean {
  return !text.includes("\0") && !/\p{Surrogate}/u.test(text);
}

function isNumeric(text: string, { name }: ValueType): boolean {
  if (!/^-?(?:0|[1-9]\d*)(?:\.\d+)?$/.test(text)) return false;
  const start = text.startsWith("-") ? 1 : 0;
  if (start === 1 && !/[1-9]/.test(text)) return false;
  // Without a modifier, what fits is far larger than this.
  if (name === "numeric") return text.length < 1000;
  const modifier = modifierOf(name);
  if (!modifier) return false;
  const [precision, scale] = modifier;
  const point = text.indexOf(".");
  const end = point < 0 ? text.length : point;
  const digits = text.startsWith("0", start) ? 0 : end - start;
  return (point < 0 ? 0 : text.length - point - 1) === scale && digits + scale <= precision;
}

const modifiers = new Map<string, readonly [precision: number, scale: number] | undefined>();

function modifierOf(name: string): readonly [precision: number, scale: number] | undefined {
  if (!modifiers.has(name)) {
    const [, precision, scale] = /\((\d+),(\d+)\)$/.exec(name) ?? [];
    modifiers.set(name, precision === undefined ? undefined : [Number(precision), Number(scale)]);
  }
  return modifiers.get(name);
}

const date = /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])$/;
const time = /^(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{0,5}[1-9])?$/;

function isDay(text: string): boolean {
  const year = Number(text.slice(0, 4));
  const day = Number(text.slice(8, 10));
  if (year === 0 || day <= 28) return year > 0;
  // The calendar repeats itself after 400 years.
  return day <= new Date(Date.UTC(2000 + (year % 400), Number(text.slice(5, 7)), 0)).getUTCDate();
}

/** Types with a precision of their own round. */
function isTimestamp(text: string, name: string, zone: string): boolean {
  if (name.includes("(") || text[10] !== " " || !text.endsWith(zone)) return false;
  const day = text.slice(0, 10);
  return date.test(day) && isDay(day) && time.test(text.slice(11, text.length - zone.length));
}
