import type { Json } from "../../model/json.js";
import { bsonType, RawValue, refuse } from "./bson.js";
import { ByteSink } from "./byte-sink.js";
import { decimalBytes, isInt32, nanBits } from "./number.js";

/** A member of a document to write: a value in canonical form, or one that is BSON already. */
export type Member = readonly [name: string, value: Json | RawValue];

const out = new ByteSink();

/**
 * The BSON of a document with these members in this order. Values must be in canonical form (`mongodbCodec.canonical`);
 * what is not is refused (NotCarried), never guessed.
 */
export function encodeDocument(members: Iterable<Member>): Buffer {
  out.reset();
  document(members);
  return Buffer.from(out.bytes.subarray(0, out.length));
}

/** One value as BSON. */
export function encodeValue(json: Json): RawValue {
  out.reset();
  const type = value(json);
  return new RawValue(type, Buffer.from(out.bytes.subarray(0, out.length)));
}

/** A document as a value, to be put into another. */
export function subDocument(members: Iterable<Member>): RawValue {
  return new RawValue(bsonType.document, encodeDocument(members));
}

/** An array of values. */
export function rawArray(items: readonly (Json | RawValue)[]): RawValue {
  return new RawValue(bsonType.array, encodeDocument(items.map((item, index) => [String(index), item])));
}

function document(members: Iterable<Member>): void {
  const start = begin();
  for (const [name, json] of members) member(name, json);
  finish(start);
}

function begin(): number {
  const start = out.length;
  out.int32(0);
  return start;
}

function finish(start: number): void {
  out.byte(0);
  out.bytes.writeInt32LE(out.length - start, start);
}

function member(name: string, json: Json | RawValue): void {
  const at = out.length;
  out.byte(0);
  cString(name);
  if (json instanceof RawValue) {
    out.bytes[at] = json.type;
    out.raw(json.bytes);
  } else {
    const type = value(json);
    out.bytes[at] = type;
  }
}

/** Writes a value and gives its type. */
function value(json: Json): number {
  switch (typeof json) {
    case "string":
      countedString(json);
      return bsonType.string;
    case "number":
      if (isInt32(json)) {
        out.int32(json);
        return bsonType.int32;
      }
      if (!Number.isFinite(json) || Number.isInteger(json))
        refuse("a plain number that is neither int32 nor a fraction");
      return double(json);
    case "boolean":
      out.byte(json ? 1 : 0);
      return bsonType.boolean;
  }
  if (json === null) return bsonType.null;
  if (Array.isArray(json)) {
    const start = begin();
    for (let i = 0; i < json.length; i++) member(String(i), json[i]!);
    finish(start);
    return bsonType.array;
  }
  for (const first in json) {
    if (first.startsWith("$")) return wrapper(first, json);
    break;
  }
  const start = begin();
  for (const name in json) member(name, json[name]!);
  finish(start);
  return bsonType.document;
}

function double(number: number): number {
  out.reserve(8);
  out.bytes.writeDoubleLE(number, out.length);
  out.length += 8;
  return bsonType.double;
}

/** Writes what a canonical wrapper stands for. */
// biome-ignore lint/suspicious/noExplicitAny: the shape of each wrapper follows from its first name, checked by `canonical`
function wrapper(name: string, json: any): number {
  const inner = json[name];
  switch (name) {
    case "$numberDouble": {
      const bits = nanBits(inner);
      return bits === undefined ? double(Number(inner)) : int64(String(bits), bsonType.double);
    }
    case "$numberLong":
      return int64(inner, bsonType.int64);
    case "$numberDecimal":
      out.raw(decimalBytes(inner));
      return bsonType.decimal128;
    case "$oid":
      hex(inner);
      return bsonType.objectId;
    case "$date":
      return int64(inner.$numberLong, bsonType.date);
    case "$binary":
      return binary(Buffer.from(inner.base64, "base64"), Number.parseInt(inner.subType, 16));
    case "$regularExpression":
      cString(inner.pattern);
      cString(inner.options);
      return bsonType.regularExpression;
    case "$timestamp":
      return twoWords(inner.t, inner.i, bsonType.timestamp);
    case "$document":
      document(inner);
      return bsonType.document;
    case "$code": {
      if (json.$scope === undefined) {
        countedString(inner);
        return bsonType.code;
      }
      const start = begin();
      countedString(inner);
      value(json.$scope);
      out.bytes.writeInt32LE(out.length - start, start);
      return bsonType.codeWithScope;
    }
    case "$symbol":
      countedString(inner);
      return bsonType.symbol;
    case "$dbPointer":
      countedString(inner.$ref);
      hex(inner.$id.$oid);
      return bsonType.dbPointer;
    case "$undefined":
      return bsonType.undefined;
    case "$minKey":
      return bsonType.minKey;
    case "$maxKey":
      return bsonType.maxKey;
    default:
      return refuse("an unknown wrapper");
  }
}

function binary(bytes: Buffer, subType: number): number {
  out.int32(subType === 2 ? bytes.length + 4 : bytes.length);
  out.byte(subType);
  if (subType === 2) out.int32(bytes.length);
  out.raw(bytes);
  return bsonType.binary;
}

function int64(text: string, type: number): number {
  const number = Number(text);
  // Within 53 bits a double is exact, and much faster than a BigInt.
  if (Number.isSafeInteger(number)) return twoWords(Math.floor(number / 0x100000000), number, type);
  out.reserve(8);
  out.bytes.writeBigUInt64LE(BigInt.asUintN(64, BigInt(text)), out.length);
  out.length += 8;
  return type;
}

/** Numbers are taken modulo 2^32. */
function twoWords(high: number, low: number, type: number): number {
  out.int32(low | 0);
  out.int32(high | 0);
  return type;
}

function hex(digits: string): void {
  out.reserve(12);
  out.length += out.bytes.write(digits, out.length, "hex");
}

/** BSON's string: int32 length with its NUL, bytes, NUL. */
function countedString(text: string): void {
  const at = out.length;
  out.int32(0);
  utf8(text);
  out.byte(0);
  out.bytes.writeInt32LE(out.length - at - 4, at);
}

/** A name or a pattern: bytes, NUL. */
function cString(text: string): void {
  if (text.includes("\0")) refuse("a NUL in a name or a regular expression");
  utf8(text);
  out.byte(0);
}

function utf8(text: string): void {
  const { length } = text;
  out.reserve(length * 3);
  const { bytes } = out;
  if (length < 64) {
    let at = out.length;
    let i = 0;
    for (; i < length; i++) {
      const code = text.charCodeAt(i);
      if (code > 0x7f) break;
      bytes[at++] = code;
    }
    if (i === length) {
      out.length = at;
      return;
    }
  }
  if (!text.isWellFormed()) refuse("a lone surrogate in a string or a name");
  out.length += bytes.write(text, out.length, "utf8");
}
