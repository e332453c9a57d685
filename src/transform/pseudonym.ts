import { createHmac } from "node:crypto";

export const maskKinds = ["email", "digits", "name", "hash", "remove"] as const;
export type MaskKind = (typeof maskKinds)[number];

/** The mask key: with it anyone can make the pseudonym of a guessed value, so it is a secret. */
export type Secret = string;

const bytesOf = (secret: Secret, purpose: string, value: string): Buffer =>
  createHmac("sha256", secret).update(`${purpose}\0${value}`).digest();

/** Tells two mask keys apart and reveals neither: 16 hex digits. */
export function maskKeyId(secret: Secret): string {
  return bytesOf(secret, "key id", "").toString("hex", 0, 8);
}

/** 128 bits in hex digits; for a UUID or the 24 hex digits of an ObjectId in their shape. */
export function maskHash(secret: Secret, value: string): string {
  const id = /^(?:[\da-f]{24}|[\da-f]{8}-(?:[\da-f]{4}-){3}[\da-f]{12})$/i.test(value);
  const hex = bytesOf(secret, "hash", id ? value.toLowerCase() : value).toString("hex", 0, 16);
  if (!id) return hex;
  return value.length === 24 ? hex.slice(0, 24) : hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

/**
 * An address at example.com (reserved by RFC 2606: never anyone's). Addresses that differ only in case get pseudonyms that
 * differ only in case, so that they are equal to a database exactly where the originals are. 95 bits.
 */
export function maskEmail(secret: Secret, value: string): string {
  const lower = value.toLowerCase();
  const letters = spell(bytesOf(secret, "email", lower), "abcdefghijklmnopqrstuvwxyz234567", 19);
  if (value === lower) return `x${letters}@example.com`;
  const flips = bytesOf(secret, "email case", value);
  return `X${[...letters].map((letter, i) => (flips[i]! & 1 ? letter.toUpperCase() : letter)).join("")}@example.com`;
}

/** Two words that can be spoken: 72 bits. */
export function maskName(secret: Secret, value: string): string {
  const bytes = bytesOf(secret, "name", value);
  const syllable = (byte: number) => `${"bdfghjklmnprstvz"[byte & 15]}${"aeiou"[(byte >> 4) & 3]}`;
  const word = (from: number) => {
    const letters = [...bytes.subarray(from, from + 6)].map(syllable).join("");
    return `${letters[0]!.toUpperCase()}${letters.slice(1)}`;
  };
  return `${word(0)} ${word(6)}`;
}

function spell(bytes: Buffer, alphabet: string, length: number): string {
  return Array.from(bytes.subarray(0, length), (byte) => alphabet[byte % alphabet.length]).join("");
}

/**
 * Other digits, everything else kept. Different values stay different: it is a permutation of the digits. A leading zero
 * stays, and no other comes to lead, so that numbers written as text stay well formed.
 */
export function maskDigits(secret: Secret, value: string): string {
  const digits = [...value.matchAll(/\p{Nd}/gu)].map(([digit]) => digitValue(digit)).join("");
  if (digits === "") return value;
  // A long integer is text where a double does not hold it: it must not meet the pseudonym of one that is a number.
  const limit = { 16: String(Number.MAX_SAFE_INTEGER), 19: "9223372036854775807" }[digits.length];
  const classOf = (candidate: string) => `${candidate[0] === "0"} ${limit !== undefined && candidate > limit}`;
  const result = within(secret, digits, classOf);
  let next = 0;
  return value.replace(/\p{Nd}/gu, () => result[next++]!);
}

/**
 * Other digits for a number: sign, length, the decimal point's place and being whole are kept, and an integer type that holds
 * the number holds its pseudonym. Undefined where JavaScript writes the number with an exponent.
 */
export function maskNumber(secret: Secret, value: number): number | undefined {
  const [whole = "", fraction = ""] = String(Math.abs(value)).split(".");
  if (/\D/.test(whole + fraction)) return undefined;
  const classOf = (candidate: string) =>
    fraction === ""
      ? `${candidate[0] === "0"} ${integerLimits.filter((limit) => Number(candidate) > limit).length}`
      : `${candidate[0] === "0"} ${candidate.endsWith("0")}`;
  const digits = within(secret, whole + fraction, classOf);
  const text = fraction === "" ? digits : `${digits.slice(0, whole.length)}.${digits.slice(whole.length)}`;
  return Math.sign(value) * Number(text);
}

/** The largest values of int2, int4 and a safe integer. */
const integerLimits = [32_767, 2_147_483_647, Number.MAX_SAFE_INTEGER];

/** Repeats a permutation until the result is in the class of the original: a permutation of that class (cycle walking). */
function within(secret: Secret, digits: string, classOf: (digits: string) => unknown): string {
  const wanted = classOf(digits);
  let result = permute(secret, digits);
  while (classOf(result) !== wanted) result = permute(secret, result);
  return result;
}

/** A keyed permutation of the digit strings of one length: a Feistel network of ten rounds, as in NIST SP 800-38G. */
function permute(secret: Secret, digits: string): string {
  let left = digits.slice(0, digits.length >> 1);
  let right = digits.slice(digits.length >> 1);
  for (let round = 0; round < 10; round++) {
    const { length } = left;
    const added = bytesOf(secret, `digits ${digits.length} ${round}`, right);
    const sum = (BigInt(left || "0") + BigInt(`0x${added.toString("hex")}`)) % 10n ** BigInt(length);
    [left, right] = [right, length === 0 ? "" : sum.toString().padStart(length, "0")];
  }
  return left + right;
}

/** Decimal digits of every script stand in runs of ten. */
function digitValue(digit: string): number {
  const code = digit.codePointAt(0)!;
  let start = code;
  while (/\p{Nd}/u.test(String.fromCodePoint(start - 1))) start--;
  return (code - start) % 10;
}
