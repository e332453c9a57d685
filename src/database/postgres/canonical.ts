import type { Problem } from "../../model/errors.js";
import { isWrapper, type Json } from "../../model/json.js";
import { parseArray } from "./array-text.js";
import { embedJson, jsonbText, looksWrapped } from "./json-text.js";
import { jsonWrapper, readValue } from "./value.js";
import { isJson, type ValueType } from "./value-type.js";

/**
 * The canonical form of a value that people may have written; what is wrong with it goes to `problems`. Spellings that
 * only a server can judge (`1.5` for a numeric(10,2), a date in words) stay as they are.
 * @param type undefined for a field that a transform added: any JSON
 */
export function canonicalValue(type: ValueType | undefined, value: Json, path: string, problems: Problem[]): Json {
  const refuse = (message: string, hint?: string): Json => {
    problems.push({ path, message, ...(hint !== undefined && { hint }) });
    return value;
  };
  if (value === null) return null;
  if (!type) return looksWrapped(value) && jsonWrapper(value) === undefined ? refuse(unknownWrapper, jsonHint) : value;
  if (isJson(type)) return canonicalJson(type, value, refuse);
  if (type.kind === "array") {
    if (Array.isArray(value)) return canonicalArray(type, value, path, problems);
    if (typeof value === "string") return canonicalArrayText(type, value, refuse);
  }
  if (isWrapper(value)) return refuse(unknownWrapper);
  const text = typeof value === "number" || typeof value === "string" ? String(value) : undefined;
  switch (type.kind) {
    case "integer":
      if (typeof value === "number" && inRange(type, text!)) return value;
      break;
    case "bigint":
      if (Number.isInteger(value) && !Number.isSafeInteger(value)) {
        return refuse("a number that JSON does not hold exactly", "write it in quotes");
      }
      if (text !== undefined && inRange(type, text)) return readValue(type, text);
      break;
    case "float":
      if (typeof value === "string" && /^(NaN|-?Infinity|-0)$/.test(value)) return value;
      if (typeof value !== "number") break;
      return isExact(type, value)
        ? value
        : refuse(`not a value that ${type.base} holds`, "the nearest is another number");
    case "boolean":
      if (typeof value === "boolean") return value;
      break;
    default:
      if (typeof value !== "string") break;
      if (value.includes("\0")) return refuse("PostgreSQL's text cannot hold the character U+0000");
      if (type.base === "numeric" && !/^(-?\d+(\.\d+)?|NaN|-?Infinity)$/.test(value)) break;
      return value;
  }
  return refuse(`${expectation(type)} expected for ${type.name}`);
}

const unknownWrapper = "an object whose first name begins with $ is no value of PostgreSQL's";
const jsonHint = 'such an object inside JSON is written as {"$json": "text"}';

function expectation(type: ValueType): string {
  if (type.kind === "integer" || type.kind === "bigint") return "a whole number in range";
  if (type.kind === "float") return 'a number, or "NaN", "Infinity", "-Infinity" or "-0",';
  if (type.kind === "boolean") return "true or false";
  if (type.kind === "array") return "an array";
  return type.base === "numeric" ? 'a number in quotes, such as "1.50",' : "text in quotes";
}

const bits: Record<string, number> = { smallint: 15, integer: 31, bigint: 63 };

function inRange(type: ValueType, text: string): boolean {
  if (!/^(0|-?[1-9]\d*)$/.test(text)) return false;
  const size = bits[type.base]!;
  const number = Number(text);
  if (Number.isSafeInteger(number)) return number >= -(2 ** size) && number < 2 ** size;
  const limit = 1n << BigInt(size);
  return BigInt(text) >= -limit && BigInt(text) < limit;
}

/**
 * Whether a real prints as this number: the server takes the fewest digits that tell it from its neighbours, and of these
 * the nearest. (`float4out`; of two that are equally near it takes the even one, JavaScript the larger.)
 */
function isExact(type: ValueType, number: number): boolean {
  if (type.base !== "real") return true;
  const single = Math.fround(number);
  if (!Number.isFinite(single) || (single === 0) !== (number === 0)) return false;
  for (let digits = 1; digits <= 9; digits++) {
    const nearest = Number(single.toPrecision(digits));
    const enough = reads(nearest, single);
    if (Number(number.toPrecision(digits)) === number) {
      // Below a power of two neighbours are closer than above it: the nearest may be no longer its own.
      const nearer = enough && Math.abs(nearest - single) < 0.999999 * Math.abs(number - single);
      return reads(number, single) && !nearer;
    }
    if (enough) return false;
  }
  return false;
}

/** Whether a number lies nearer to `single` than to any other real. The server prints none that lies in the middle. */
function reads(number: number, single: number): boolean {
  if (Math.fround(number) !== single) return false;
  const mirrored = 2 * number - single;
  return number === single || Math.fround(mirrored) !== mirrored;
}

function canonicalJson(type: ValueType, value: Json, refuse: (message: string, hint?: string) => Json): Json {
  const wrapped = jsonWrapper(value);
  if (wrapped === undefined && looksWrapped(value)) return refuse(unknownWrapper, jsonHint);
  const text = wrapped ?? JSON.stringify(value);
  try {
    JSON.parse(text);
  } catch {
    return refuse("the text in $json is no JSON");
  }
  if (type.kind === "json") return embedJson(text);
  const printed = jsonbText(text);
  if (/(?<!\\)(\\\\)*\\u(0000|d[89a-f])/i.test(printed))
    return refuse("jsonb cannot hold this character (U+0000, lone surrogate)");
  return embedJson(printed);
}

function canonicalArrayText(type: ValueType, text: string, refuse: (message: string, hint?: string) => Json): Json {
  if (/^(\[-?\d+:-?\d+\])+=\{.*\}$/s.test(text)) return text;
  try {
    if (parseArray(text, type.delimiter)) return readValue(type, text);
  } catch {}
  return refuse("an array, or the text of one with its own bounds, expected");
}

function canonicalArray(type: ValueType, value: Json[], path: string, problems: Problem[]): Json {
  const element = type.element!;
  const shapes = new Set<string>();
  const visit = (items: Json[], at: string, sizes: number[]): Json[] => {
    const inner = [...sizes, items.length];
    const nested = !isJson(element) && items.some(Array.isArray);
    if (!nested) shapes.add(inner.join("×"));
    return items.map((item, i) => {
      if (nested && Array.isArray(item)) return visit(item, `${at}/${i}`, inner);
      if (nested) shapes.add("mixed");
      return canonicalValue(element, item, `${at}/${i}`, problems);
    });
  };
  const canonical = visit(value, path, []);
  if (shapes.size > 1 || (value.length > 0 && [...shapes][0]!.split("×").includes("0"))) {
    problems.push({ path, message: "arrays inside an array have the same length each, and are not empty" });
  }
  return canonical;
}
