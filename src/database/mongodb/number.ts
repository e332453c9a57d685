import { Decimal128 } from "bson";
import type { Json } from "../../model/json.js";
import { decimal } from "../../model/parse.js";

/** How the numbers of BSON are spelled in canonical form. */

/** A double: plain where nobody can take it for an int32, else in a wrapper with a text that says that it is one. */
export function doubleJson(value: number): Json {
  return Number.isFinite(value) && !Number.isInteger(value) ? value : { $numberDouble: doubleText(value) };
}

/** The text inside `$numberDouble`: `1.0`, `-0.0`, `1e+300`, `NaN`, `Infinity`. */
export function doubleText(value: number): string {
  if (Object.is(value, -0)) return "-0.0";
  return Number.isInteger(value) && Math.abs(value) < 1e21 ? `${value}.0` : String(value);
}

/** The bits of the one NaN that is spelled `NaN`; any other is `NaN(0x…)` with its 16 hex digits, as C spells them. */
const plainNaN = 0x7ff8000000000000n;

export function nanText(bits: bigint): string {
  return bits === plainNaN ? "NaN" : `NaN(0x${bits.toString(16).padStart(16, "0")})`;
}

/** The bits that a NaN's text stands for; undefined where it is no NaN's text, or not the one that `nanText` gives. */
export function nanBits(text: string): bigint | undefined {
  if (text === "NaN") return plainNaN;
  const digits = /^NaN\(0x([0-9a-f]{16})\)$/.exec(text)?.[1];
  if (digits === undefined) return undefined;
  const bits = BigInt(`0x${digits}`);
  return (bits & 0x7ff0000000000000n) === 0x7ff0000000000000n && (bits & 0xfffffffffffffn) !== 0n && bits !== plainNaN
    ? bits
    : undefined;
}

/** The double that a decimal text stands for; undefined where it is no number, or says more than a double holds. */
export function parseDouble(text: string): number | undefined {
  if (text === "Infinity" || text === "-Infinity") return Number(text);
  const parts = /^-?(\d+)(?:\.(\d+))?(?:[eE][+-]?\d+)?$/.exec(text);
  if (!parts) return undefined;
  const value = Number(text);
  const digits = `${parts[1]}${parts[2] ?? ""}`.replace(/^0+/, "").replace(/0+$/, "");
  if (!Number.isFinite(value) || (value === 0 && digits !== "") || digits.length > 17) return undefined;
  return value;
}

/** The canonical text of a Decimal128; undefined where the text is none, or would be rounded. */
export function decimalText(text: string): string | undefined {
  try {
    return Decimal128.fromString(text).toString();
  } catch {
    return undefined;
  }
}

/** A text that is equal for equal numbers, of whatever type and spelling. */
export function numericValue(text: string): string {
  return /[IN]/.test(text) ? text.replace(/\(.*/, "") : decimal(text);
}

/** Whether an int64 holds the integer that a text spells. */
export function isInt64(text: string): boolean {
  return /^-?\d{1,30}$/.test(text) && BigInt.asIntN(64, BigInt(text)) === BigInt(text);
}

export function isInt32(value: number): boolean {
  return (value | 0) === value && !Object.is(value, -0);
}
