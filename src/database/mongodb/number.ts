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
  if (isPlainDecimal(text)) return text;
  if (!/\w/.test(text)) return undefined; // a sign alone, which the driver takes for 0
  try {
    return Decimal128.fromString(text).toString();
  } catch {
    return undefined;
  }
}

/** The 16 bytes of a Decimal128 in canonical text (IEEE 754-2008, binary integer decimal, little-endian). */
export function decimalBytes(text: string): Uint8Array {
  if (!isPlainDecimal(text)) return Decimal128.fromString(text).bytes;
  const point = text.indexOf(".");
  const decimals = point < 0 ? 0 : text.length - point - 1;
  const digits = Math.abs(Number(point < 0 ? text : text.slice(0, point) + text.slice(point + 1)));
  const bytes = Buffer.alloc(16);
  bytes.writeUInt32LE(digits % 2 ** 32);
  bytes.writeUInt32LE(Math.floor(digits / 2 ** 32), 4);
  bytes.writeUInt16LE((text.startsWith("-") ? 0x8000 : 0) | ((exponentBias - decimals) << 1), 14);
  return bytes;
}

/** The canonical text of these bytes; undefined where they are another encoding of what it says. */
export function decimalOf(bytes: Buffer): string | undefined {
  const top = bytes.readUInt16LE(14);
  const decimals = exponentBias - ((top & 0x7fff) >> 1);
  const digits = bytes.readUInt32LE(4) * 2 ** 32 + bytes.readUInt32LE(0);
  const small = bytes.readUInt32LE(8) === 0 && bytes.readUInt16LE(12) === 0 && (top & 1) === 0;
  if (small && decimals >= 0 && decimals <= 6 && digits < 1e15) {
    const text = String(digits).padStart(decimals + 1, "0");
    const whole = text.slice(0, text.length - decimals);
    return `${top & 0x8000 ? "-" : ""}${whole}${decimals > 0 ? `.${text.slice(-decimals)}` : ""}`;
  }
  const text = new Decimal128(bytes).toString();
  return bytes.equals(Decimal128.fromString(text).bytes) ? text : undefined;
}

const exponentBias = 6176;

/** Amounts as people have them: at most 15 digits, at most 6 of them decimals. A double holds their digits, and no exponent is written. */
function isPlainDecimal(text: string): boolean {
  return text.length <= 15 && /^-?(?:0|[1-9]\d*)(?:\.\d{1,6})?$/.test(text);
}

/** A text that is equal for equal numbers, of whatever type and spelling. */
export function numericValue(text: string): string {
  return /[IN]/.test(text) ? text.replace(/\(.*/, "") : decimal(text);
}

/** Whether an int64 holds the integer that a text spells. */
export function isInt64(text: string): boolean {
  return isShortInteger(text) || (/^-?\d{1,30}$/.test(text) && BigInt.asIntN(64, BigInt(text)) === BigInt(text));
}

/** The canonical spelling of an int64. */
export function int64Text(text: string): string {
  return isShortInteger(text) ? text : String(BigInt(text));
}

/** The common case, without a BigInt. */
function isShortInteger(text: string): boolean {
  return /^(?:0|-?[1-9]\d{0,14})$/.test(text);
}

export function isInt32(value: number): boolean {
  return (value | 0) === value && !Object.is(value, -0);
}
