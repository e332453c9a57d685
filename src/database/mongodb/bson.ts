/** The byte layout of BSON (bsonspec.org, version 1.1): type codes, and where a value ends. */

export const bsonType = {
  double: 0x01,
  string: 0x02,
  document: 0x03,
  array: 0x04,
  binary: 0x05,
  undefined: 0x06,
  objectId: 0x07,
  boolean: 0x08,
  date: 0x09,
  null: 0x0a,
  regularExpression: 0x0b,
  dbPointer: 0x0c,
  code: 0x0d,
  symbol: 0x0e,
  codeWithScope: 0x0f,
  int32: 0x10,
  timestamp: 0x11,
  int64: 0x12,
  decimal128: 0x13,
  minKey: 0xff,
  maxKey: 0x7f,
} as const;

/** A value that cannot be carried without altering it, or bytes that are no BSON. The reason holds no data. */
export class NotCarried extends Error {
  /** The top-level field it lies in, where that is known. */
  field: string | undefined;
}

export function refuse(reason: string): never {
  throw new NotCarried(reason);
}

/** A value already in BSON: written as it is. */
export class RawValue {
  constructor(
    readonly type: number,
    readonly bytes: Uint8Array,
  ) {}
}

/** The position behind the value of `type` at `at`. Checks no more than it needs to. */
export function valueEnd(source: Buffer, type: number, at: number): number {
  switch (type) {
    case bsonType.null:
    case bsonType.undefined:
    case bsonType.minKey:
    case bsonType.maxKey:
      return at;
    case bsonType.boolean:
      return at + 1;
    case bsonType.int32:
      return at + 4;
    case bsonType.double:
    case bsonType.date:
    case bsonType.timestamp:
    case bsonType.int64:
      return at + 8;
    case bsonType.objectId:
      return at + 12;
    case bsonType.decimal128:
      return at + 16;
    case bsonType.string:
    case bsonType.code:
    case bsonType.symbol:
      return at + 4 + source.readInt32LE(at);
    case bsonType.document:
    case bsonType.array:
    case bsonType.codeWithScope:
      return at + source.readInt32LE(at);
    case bsonType.binary:
      return at + 5 + source.readInt32LE(at);
    case bsonType.dbPointer:
      return at + 4 + source.readInt32LE(at) + 12;
    case bsonType.regularExpression:
      return nameEnd(source, nameEnd(source, at) + 1) + 1;
    default:
      return refuse(`a value of the unknown BSON type 0x${type.toString(16).padStart(2, "0")}`);
  }
}

/** The position of the NUL that ends the name at `at`. */
export function nameEnd(source: Buffer, at: number): number {
  const end = source.indexOf(0, at);
  return end < 0 ? refuse("not well-formed BSON: a name has no end") : end;
}

/** The top-level fields of a document, in order, as raw values. */
export function rawFields(source: Buffer): Map<string, RawValue> {
  const fields = new Map<string, RawValue>();
  for (let at = 4; at < source.length - 1; ) {
    const type = source[at]!;
    const end = nameEnd(source, at + 1);
    const next = valueEnd(source, type, end + 1);
    if (next <= at || next >= source.length) refuse("not well-formed BSON: a value ends behind its document");
    fields.set(source.toString("utf8", at + 1, end), new RawValue(type, source.subarray(end + 1, next)));
    at = next;
  }
  return fields;
}
