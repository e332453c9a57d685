import { bsonType, nameEnd, refuse, valueEnd } from "./bson.js";
import { arrayIndex, hasDuplicates, isName, names, noteName } from "./field-name.js";
import * as json from "./json-writer.js";
import { decimalOf, doubleText, nanText } from "./number.js";

/**
 * One BSON value → canonical JSON text. What `encode` could not turn back into the very same bytes is refused (NotCarried):
 * reading is lossless by construction.
 */
const { out } = json;

/** JSON deeper than this is refused. A server allows 180 levels or a little more, of up to three levels of JSON each. */
const maxDepth = 990;

/** Checks size and end of the document that lies in [at, end); gives the position of its final NUL. */
export function openDocument(source: Buffer, at: number, end: number): number {
  if (end - at < 5 || source.readInt32LE(at) !== end - at || source[end - 1] !== 0)
    refuse("not well-formed BSON: a document's length is wrong");
  return end - 1;
}

export function endOfValue(source: Buffer, type: number, at: number, last: number): number {
  const end = valueEnd(source, type, at);
  if (end < at || end > last) refuse("not well-formed BSON: a value ends behind its document");
  return end;
}

/** Writes the value that lies in [at, end). */
export function value(source: Buffer, type: number, at: number, end: number, depth: number): void {
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
  const text = decimalOf(source.subarray(at, at + 16));
  if (text === undefined) refuse("a Decimal128 in an encoding that its text would alter");
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
export function member(source: Buffer, at: number, start: number, end: number, next: number, depth: number): void {
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
