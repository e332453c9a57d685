import { Decimal128 } from "bson";
import type { Dataset } from "../../model/dataset.js";
import type { Entry } from "../../model/entry.js";
import { bsonType, NotCarried, nameEnd, refuse, valueEnd } from "./bson.js";
import * as json from "./json-writer.js";
import { doubleText, nanText } from "./number.js";

/**
 * BSON bytes → canonical JSON text. Names and strings are copied as bytes, never made into JavaScript objects, which would
 * reorder integer-like names, collapse duplicates and lose types. What `encode` could not turn back into the very same bytes
 * is refused (NotCarried): reading is lossless by construction.
 */
const { out } = json;

/** JSON deeper than this is refused. A server allows 180 levels or a little more, of up to three levels of JSON each. */
const maxDepth = 990;

/** A reader of a dataset's documents: what the selection leaves of each, as an entry. Throws NotCarried. */
export function entryReader(dataset: Pick<Dataset, "key" | "pick" | "omit">): (document: Uint8Array) => Entry {
  const key = dataset.key.map((name) => Buffer.from(name));
  const pick = dataset.pick?.map((name) => Buffer.from(name));
  const omit = dataset.omit?.map((name) => Buffer.from(name));
  const nullable = dataset.key.length === 1 && dataset.key[0] === "_id";

  return (document) =>
    guarded(document, (source) => {
      const last = openDocument(source, 0, source.length);
      const keyAt = key.map(() => -1);
      let count = 0;
      json.beginText(true);
      out.byte(0x7b);
      for (let at = 4; at < last; ) {
        const start = at + 1;
        const end = nameEnd(source, start);
        const next = endOfValue(source, source[at]!, end + 1, last);
        for (let i = 0; i < key.length; i++) if (isName(source, start, end, key[i]!)) keyAt[i] = at;
        if (!pick || pick.some((name) => isName(source, start, end, name))) {
          if (!omit?.some((name) => isName(source, start, end, name))) {
            field.start = start;
            field.end = end;
            if (count++ > 0) out.byte(0x2c);
            noteName(source, start, end);
            member(source, at, start, end, next, 0);
          }
        }
        at = next;
      }
      field.end = -1;
      if (hasDuplicates(source, 4, last, 0)) refuse("two top-level fields of one name");
      if (count > 0) json.newLine(0);
      out.byte(0x7d);
      out.byte(0x0a);
      const textEnd = out.length;

      json.beginText(false);
      for (let i = 0; i < key.length; i++) {
        const at = keyAt[i]!;
        if (at < 0) refuse(`no field ${JSON.stringify(dataset.key[i])}, which belongs to the key`);
        const type = source[at]!;
        if (!nullable && (type === bsonType.null || type === bsonType.undefined))
          refuse(`the key field ${JSON.stringify(dataset.key[i])} is null`);
        out.byte(i === 0 ? 0x5b : 0x2c);
        const valueAt = nameEnd(source, at + 1) + 1;
        value(source, type, valueAt, valueEnd(source, type, valueAt), 0);
      }
      out.byte(0x5d);
      return { key: json.textBetween(textEnd, out.length), text: json.textBetween(0, textEnd) };
    });
}

/** Where the name of the current top-level field lies, for messages. */
const field = { start: 0, end: -1 };

function guarded<T>(document: Uint8Array, work: (source: Buffer) => T): T {
  const source = Buffer.from(document.buffer, document.byteOffset, document.byteLength);
  out.reset();
  names.length = 0;
  field.end = -1;
  try {
    return work(source);
  } catch (error) {
    const told = error instanceof RangeError ? new NotCarried("not well-formed BSON: a length is wrong") : error;
    if (told instanceof NotCarried && field.end >= 0) told.field = source.toString("utf8", field.start, field.end);
    throw told;
  }
}

/** Checks size and end of the document that lies in [at, end); gives the position of its final NUL. */
function openDocument(source: Buffer, at: number, end: number): number {
  if (end - at < 5 || source.readInt32LE(at) !== end - at || source[end - 1] !== 0)
    refuse("not well-formed BSON: a document's length is wrong");
  return end - 1;
}

function endOfValue(source: Buffer, type: number, at: number, last: number): number {
  const end = valueEnd(source, type, at);
  if (end < at || end > last) refuse("not well-formed BSON: a value ends behind its document");
  return end;
}

/** Writes the value that lies in [at, end). */
function value(source: Buffer, type: number, at: number, end: number, depth: number): void {
  switch (type) {
    case bsonType.double:
      double(source, at, depth);
      break;
    case bsonType.string:
      json.countedString(source, at, end);
      break;
    case bsonType.document:
      document(source, at, end, depth);
      break;
    case bsonType.array:
      array(source, at, end, depth);
      break;
    case bsonType.binary:
      binary(source, at, end, depth);
      break;
    case bsonType.undefined:
      json.wrapped('"$undefined"', "true", depth);
      break;
    case bsonType.objectId:
      json.openWith('"$oid"', depth);
      json.hexString(source, at, at + 12);
      json.close(depth);
      break;
    case bsonType.boolean:
      if (source[at]! > 1) refuse("a boolean that is neither 0 nor 1");
      out.ascii(source[at] === 1 ? "true" : "false");
      break;
    case bsonType.date:
      json.openWith('"$date"', depth);
      int64(source, at, depth + 1);
      json.close(depth);
      break;
    case bsonType.null:
      out.ascii("null");
      break;
    case bsonType.regularExpression: {
      json.openWith('"$regularExpression"', depth);
      json.openWith('"pattern"', depth + 1);
      const options = json.cString(source, at);
      json.nextMember('"options"', depth + 1);
      json.cString(source, options);
      json.close(depth + 1);
      json.close(depth);
      break;
    }
    case bsonType.dbPointer:
      json.openWith('"$dbPointer"', depth);
      json.openWith('"$ref"', depth + 1);
      json.countedString(source, at, end - 12);
      json.nextMember('"$id"', depth + 1);
      json.openWith('"$oid"', depth + 2);
      json.hexString(source, end - 12, end);
      json.close(depth + 2);
      json.close(depth + 1);
      json.close(depth);
      break;
    case bsonType.code:
      json.openWith('"$code"', depth);
      json.countedString(source, at, end);
      json.close(depth);
      break;
    case bsonType.symbol:
      json.openWith('"$symbol"', depth);
      json.countedString(source, at, end);
      json.close(depth);
      break;
    case bsonType.codeWithScope: {
      const scope = at + 8 + source.readInt32LE(at + 4);
      if (scope < at + 9 || scope > end - 5) refuse("not well-formed BSON: code with a wrong length");
      json.openWith('"$code"', depth);
      json.countedString(source, at + 4, scope);
      json.nextMember('"$scope"', depth);
      document(source, scope, end, depth + 1);
      json.close(depth);
      break;
    }
    case bsonType.int32:
      out.ascii(String(source.readInt32LE(at)));
      break;
    case bsonType.timestamp:
      json.openWith('"$timestamp"', depth);
      json.openWith('"t"', depth + 1);
      out.ascii(String(source.readUInt32LE(at + 4)));
      json.nextMember('"i"', depth + 1);
      out.ascii(String(source.readUInt32LE(at)));
      json.close(depth + 1);
      json.close(depth);
      break;
    case bsonType.int64:
      int64(source, at, depth);
      break;
    case bsonType.decimal128:
      decimal(source, at, depth);
      break;
    case bsonType.minKey:
      json.wrapped('"$minKey"', "1", depth);
      break;
    case bsonType.maxKey:
      json.wrapped('"$maxKey"', "1", depth);
      break;
    default:
      refuse(`a value of the unknown BSON type 0x${type.toString(16).padStart(2, "0")}`);
  }
}

function double(source: Buffer, at: number, depth: number): void {
  const value = source.readDoubleLE(at);
  if (Number.isNaN(value)) json.wrapped('"$numberDouble"', `"${nanText(source.readBigUInt64LE(at))}"`, depth);
  else if (Number.isFinite(value) && !Number.isInteger(value)) out.ascii(String(value));
  else json.wrapped('"$numberDouble"', `"${doubleText(value)}"`, depth);
}

function int64(source: Buffer, at: number, depth: number): void {
  const high = source.readInt32LE(at + 4);
  // Within 53 bits a double is exact, and much faster than a BigInt.
  const safe = high >= -0x200000 && high < 0x200000;
  const text = safe ? high * 0x100000000 + source.readUInt32LE(at) : source.readBigInt64LE(at);
  json.wrapped('"$numberLong"', `"${text}"`, depth);
}

function decimal(source: Buffer, at: number, depth: number): void {
  const bytes = source.subarray(at, at + 16);
  const text = new Decimal128(bytes).toString();
  if (!bytes.equals(Decimal128.fromString(text).bytes)) refuse("a Decimal128 in an encoding that its text would alter");
  json.wrapped('"$numberDecimal"', `"${text}"`, depth);
}

function binary(source: Buffer, at: number, end: number, depth: number): void {
  const subType = source[at + 4]!;
  let start = at + 5;
  // The old subtype 2 holds its length a second time.
  if (subType === 2) {
    start += 4;
    if (start > end || source.readInt32LE(at + 5) !== end - start) refuse("a binary of subtype 2 with a wrong length");
  }
  json.openWith('"$binary"', depth);
  json.openWith('"base64"', depth + 1);
  out.ascii(`"${source.toString("base64", start, end)}"`);
  json.nextMember('"subType"', depth + 1);
  json.hexString(source, at + 4, at + 5);
  json.close(depth + 1);
  json.close(depth);
}

/** `"name": value` on a line of its own; the element begins with its type at `at`, its name lies in [start, end). */
function member(source: Buffer, at: number, start: number, end: number, next: number, depth: number): void {
  json.newLine(depth + 1);
  json.string(source, start, end);
  json.colon();
  value(source, source[at]!, end + 1, next, depth + 1);
}

/** A plain object where JSON carries it, else `{"$document": [[name, value], …]}`. */
function document(source: Buffer, at: number, end: number, depth: number): void {
  const last = openDocument(source, at, end);
  if (depth > maxDepth) refuse("nested too deep");
  const began = out.length;
  const outer = names.length;
  let previous = -1;
  let plain = source[at + 5] !== 0x24; // the first name does not begin with "$"
  out.byte(0x7b);
  for (let element = at + 4; element < last && plain; ) {
    const start = element + 1;
    const stop = nameEnd(source, start);
    const next = endOfValue(source, source[element]!, stop + 1, last);
    const index = arrayIndex(source, start, stop);
    if (index >= 0 && index <= previous) plain = false;
    previous = index >= 0 ? index : Number.POSITIVE_INFINITY;
    if (isName(source, start, stop, proto)) plain = false;
    if (names.length > outer) out.byte(0x2c);
    noteName(source, start, stop);
    member(source, element, start, stop, next, depth);
    element = next;
  }
  if (plain && hasDuplicates(source, at + 4, last, outer)) plain = false;
  const empty = names.length === outer;
  names.length = outer;
  if (plain) {
    if (!empty) json.newLine(depth);
    out.byte(0x7d);
  } else {
    out.length = began;
    pairs(source, at + 4, last, depth);
  }
}

const proto = Buffer.from("__proto__");

function pairs(source: Buffer, first: number, last: number, depth: number): void {
  json.openWith('"$document"', depth);
  out.byte(0x5b);
  for (let at = first; at < last; ) {
    const stop = nameEnd(source, at + 1);
    const next = endOfValue(source, source[at]!, stop + 1, last);
    if (at > first) out.byte(0x2c);
    json.newLine(depth + 2);
    out.byte(0x5b);
    json.newLine(depth + 3);
    json.string(source, at + 1, stop);
    out.byte(0x2c);
    json.newLine(depth + 3);
    value(source, source[at]!, stop + 1, next, depth + 3);
    json.newLine(depth + 2);
    out.byte(0x5d);
    at = next;
  }
  json.newLine(depth + 1);
  out.byte(0x5d);
  json.close(depth);
}

function array(source: Buffer, at: number, end: number, depth: number): void {
  const last = openDocument(source, at, end);
  if (depth > maxDepth) refuse("nested too deep");
  let count = 0;
  out.byte(0x5b);
  for (let element = at + 4; element < last; count++) {
    const stop = nameEnd(source, element + 1);
    const next = endOfValue(source, source[element]!, stop + 1, last);
    if (arrayIndex(source, element + 1, stop) !== count) refuse("an array whose elements are not numbered 0, 1, 2, …");
    if (count > 0) out.byte(0x2c);
    json.newLine(depth + 1);
    value(source, source[element]!, stop + 1, next, depth + 1);
    element = next;
  }
  if (count > 0) json.newLine(depth);
  out.byte(0x5d);
}

/** The number that a name spells as JavaScript's array indices do: no leading zero, below 2^32 - 1; else -1. */
function arrayIndex(source: Buffer, start: number, end: number): number {
  if (end === start || end - start > 10 || (source[start] === 0x30 && end - start > 1)) return -1;
  let index = 0;
  for (let at = start; at < end; at++) {
    const digit = source[at]! - 0x30;
    if (digit < 0 || digit > 9) return -1;
    index = index * 10 + digit;
  }
  return index < 4294967295 ? index : -1;
}

function isName(source: Buffer, start: number, end: number, name: Buffer): boolean {
  if (end - start !== name.length) return false;
  for (let i = 0; i < name.length; i++) if (source[start + i] !== name[i]) return false;
  return true;
}

/** Hashes (FNV-1a) of the names of all documents that are open, the innermost last. */
const names: number[] = [];

function noteName(source: Buffer, start: number, end: number): void {
  let hash = 0x811c9dc5;
  for (let at = start; at < end; at++) hash = Math.imul(hash ^ source[at]!, 0x01000193);
  names.push(hash);
}

/** Whether the document whose hashes begin at `outer` has a name twice. Names themselves are compared only where hashes are equal. */
function hasDuplicates(source: Buffer, first: number, last: number, outer: number): boolean {
  if (!hasEqualHashes(outer)) return false;
  const seen = new Set<string>();
  let count = 0;
  for (let at = first; at < last; count++) {
    const end = nameEnd(source, at + 1);
    seen.add(source.toString("latin1", at + 1, end));
    at = valueEnd(source, source[at]!, end + 1);
  }
  return seen.size < count;
}

function hasEqualHashes(outer: number): boolean {
  const count = names.length - outer;
  if (count <= 32) {
    for (let i = outer + 1; i < names.length; i++)
      for (let j = outer; j < i; j++) if (names[i] === names[j]) return true;
    return false;
  }
  const sorted = Int32Array.from(names.slice(outer)).sort();
  for (let i = 1; i < count; i++) if (sorted[i] === sorted[i - 1]) return true;
  return false;
}
