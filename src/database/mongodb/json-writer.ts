import { isUtf8 } from "node:buffer";
import { nameEnd, refuse } from "./bson.js";
import { ByteSink } from "./byte-sink.js";

/**
 * Writes JSON as bytes, in the layout of `JSON.stringify(value, null, 2)` or without white space. There is one writer for the
 * process: decoding never waits in the middle of a document.
 */
export const out = new ByteSink();

let compact = false;

/** Begins a text; `spaced` false leaves out all white space. */
export function beginText(spaced: boolean): void {
  compact = !spaced;
}

/** The text between two positions of `out`. Strings stand between ASCII characters: the whole is valid UTF-8 exactly if each is. */
export function textBetween(start: number, end: number): string {
  if (!isUtf8(out.bytes.subarray(start, end))) refuse("a string or a name is not valid UTF-8");
  return out.bytes.toString("utf8", start, end);
}

export function newLine(depth: number): void {
  if (compact) return;
  const count = 2 * depth + 1;
  out.reserve(count);
  const { bytes } = out;
  let at = out.length;
  out.length += count;
  bytes[at++] = 0x0a;
  while (at < out.length) bytes[at++] = 0x20;
}

export function colon(): void {
  out.byte(0x3a);
  if (!compact) out.byte(0x20);
}

/** `{"name": `, at the depth of the object. */
export function openWith(name: string, depth: number): void {
  out.byte(0x7b);
  newLine(depth + 1);
  out.ascii(name);
  colon();
}

/** `, "name": `. */
export function nextMember(name: string, depth: number): void {
  out.byte(0x2c);
  newLine(depth + 1);
  out.ascii(name);
  colon();
}

export function close(depth: number): void {
  newLine(depth);
  out.byte(0x7d);
}

/** An object of one member, whose value is ASCII text. */
export function wrapped(name: string, value: string, depth: number): void {
  openWith(name, depth);
  out.ascii(value);
  close(depth);
}

/** The UTF-8 bytes in [start, end) as a JSON string, escaped as `JSON.stringify` does. */
export function string(source: Buffer, start: number, end: number): void {
  out.reserve(end - start + 2);
  let { bytes } = out;
  let at = out.length;
  bytes[at++] = 0x22;
  for (let from = start; from < end; from++) {
    const byte = source[from]!;
    if (byte >= 0x20 && byte !== 0x22 && byte !== 0x5c) bytes[at++] = byte;
    else {
      const escaped = escapes[byte]!;
      out.length = at;
      out.reserve(end - from + escaped.length + 1);
      bytes = out.bytes;
      for (let i = 0; i < escaped.length; i++) bytes[at++] = escaped.charCodeAt(i);
    }
  }
  bytes[at++] = 0x22;
  out.length = at;
}

const escapes: Record<number, string> = {};
for (let code = 0; code < 0x60; code++) escapes[code] = JSON.stringify(String.fromCharCode(code)).slice(1, -1);

/** BSON's string: int32 length with its NUL, bytes, NUL. */
export function countedString(source: Buffer, at: number, end: number): void {
  if (end - at < 5 || source.readInt32LE(at) !== end - at - 4 || source[end - 1] !== 0)
    refuse("not well-formed BSON: a string's length is wrong");
  string(source, at + 4, end - 1);
}

/** BSON's cstring, without its NUL; gives the position behind that. */
export function cString(source: Buffer, at: number): number {
  const end = nameEnd(source, at);
  string(source, at, end);
  return end + 1;
}

/** Two hex digits a byte, as a JSON string. */
export function hexString(source: Buffer, start: number, end: number): void {
  out.byte(0x22);
  out.reserve(2 * (end - start));
  for (let at = start; at < end; at++) {
    const byte = source[at]!;
    out.bytes[out.length++] = hexDigits.charCodeAt(byte >> 4);
    out.bytes[out.length++] = hexDigits.charCodeAt(byte & 15);
  }
  out.byte(0x22);
}

const hexDigits = "0123456789abcdef";
