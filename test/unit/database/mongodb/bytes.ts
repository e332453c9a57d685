/** BSON put together byte by byte, after bsonspec.org: an expectation that owes nothing to the code under test. */

export type Element = readonly [name: string, type: number, value: Uint8Array];

const cString = (text: string): Buffer => Buffer.concat([Buffer.from(text), Buffer.alloc(1)]);

export function int32Bytes(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value);
  return bytes;
}

export function int64Bytes(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64LE(value);
  return bytes;
}

function doubleBytes(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return bytes;
}

const countedString = (text: string): Buffer => Buffer.concat([int32Bytes(Buffer.byteLength(text) + 1), cString(text)]);

export function documentBytes(...elements: Element[]): Buffer {
  const body = Buffer.concat(
    elements.flatMap(([name, type, value]) => [Buffer.from([type]), cString(name), Buffer.from(value)]),
  );
  return Buffer.concat([int32Bytes(body.length + 5), body, Buffer.alloc(1)]);
}

export const int32 = (name: string, value: number): Element => [name, 0x10, int32Bytes(value)];
export const int64 = (name: string, value: bigint): Element => [name, 0x12, int64Bytes(value)];
export const double = (name: string, value: number): Element => [name, 0x01, doubleBytes(value)];
export const string = (name: string, value: string): Element => [name, 0x02, countedString(value)];
export const document = (name: string, ...elements: Element[]): Element => [name, 0x03, documentBytes(...elements)];
export const array = (name: string, ...elements: Element[]): Element => [
  name,
  0x04,
  documentBytes(...elements.map(([, type, value], i): Element => [String(i), type, value])),
];
export const binary = (name: string, subType: number, data: Uint8Array): Element => [
  name,
  0x05,
  Buffer.concat([int32Bytes(data.length), Buffer.from([subType]), data]),
];
export const objectId = (name: string, hex: string): Element => [name, 0x07, Buffer.from(hex, "hex")];
export const boolean = (name: string, value: boolean): Element => [name, 0x08, Buffer.from([value ? 1 : 0])];
export const date = (name: string, value: bigint): Element => [name, 0x09, int64Bytes(value)];
export const nothing = (name: string, type: number): Element => [name, type, Buffer.alloc(0)];
export const nil = (name: string): Element => nothing(name, 0x0a);
export const regularExpression = (name: string, pattern: string, options: string): Element => [
  name,
  0x0b,
  Buffer.concat([cString(pattern), cString(options)]),
];
export const dbPointer = (name: string, collection: string, hex: string): Element => [
  name,
  0x0c,
  Buffer.concat([countedString(collection), Buffer.from(hex, "hex")]),
];
export const code = (name: string, text: string): Element => [name, 0x0d, countedString(text)];
export const symbol = (name: string, text: string): Element => [name, 0x0e, countedString(text)];
export function codeWithScope(name: string, text: string, ...scope: Element[]): Element {
  const inner = Buffer.concat([countedString(text), documentBytes(...scope)]);
  return [name, 0x0f, Buffer.concat([int32Bytes(inner.length + 4), inner])];
}
export const timestamp = (name: string, seconds: number, counter: number): Element => [
  name,
  0x11,
  int64Bytes(BigInt.asIntN(64, (BigInt(seconds) << 32n) | BigInt(counter))),
];
/** A Decimal128 by its high and low 64 bits. */
export function decimal128(name: string, high: bigint, low: bigint): Element {
  const bytes = Buffer.alloc(16);
  bytes.writeBigUInt64LE(low);
  bytes.writeBigUInt64LE(high, 8);
  return [name, 0x13, bytes];
}
