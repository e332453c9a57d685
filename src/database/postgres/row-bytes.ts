import { hash } from "node:crypto";
import type { Digest, Entry, Key } from "../../model/entry.js";
import { unescaped } from "./copy-text.js";
import { ending, opening, printer } from "./row.js";
import { isJson, type ValueType } from "./value-type.js";

/** Makes entries of a block of COPY text: complete lines of UTF-8, or of nothing but ASCII. */
export type BlockPrinter = (block: Buffer, ascii: boolean) => Entry[];

/**
 * Makes the entries that `rowRenderer` makes, with their digests, without strings: bytes that are the same in COPY text
 * and in JSON are copied, and digested where they lie. Undefined for keys that are not printed as the text shows them.
 */
export function blockPrinter(
  columns: readonly { name: string; type: ValueType }[],
  key: readonly number[],
): BlockPrinter | undefined {
  if (key.some((i) => isJson(columns[i]!.type) || columns[i]!.type.kind === "array")) return undefined;
  const openings = columns.map(({ name }, i) => Buffer.from(opening(name, i)));
  const ways = columns.map(({ type }) => wayOf(type));
  const print = columns.map(({ type }) => printer(type));
  const close = Buffer.from(ending);
  /** Bytes of a row beside those of its values, which take no more than twice those that they have in the block. */
  const fixed = openings.reduce((sum, { length }) => sum + length + "false,".length, maxHeader + close.length);
  /** How much longer than a block what is made of it was at most. */
  let ratio = 3;

  return (block, ascii) => {
    const entries: Entry[] = [];
    const printed: { bytes: Buffer } = { bytes: Buffer.allocUnsafe(Math.ceil(ratio * block.length) + fixed) };
    const starts = new Int32Array(columns.length);
    const ends = new Int32Array(columns.length);
    let out: Buffer = printed.bytes;
    let i = 0;
    let o = 0;
    while (i < block.length) {
      out = roomy(out, o, o + fixed + 2 * (block.length - i));
      o += maxHeader;
      const start = o;
      for (let c = 0; c < openings.length; c++) {
        const before = openings[c]!;
        for (let j = 0; j < before.length; j++) out[o++] = before[j]!;
        starts[c] = o;
        const from = i;
        let byte = block[i]!;
        let way = byte === backslash && block[i + 1] === 0x4e ? nothing : ways[c]!;
        if (way === bare) {
          for (; byte !== tab && byte !== newline; byte = block[++i]!) out[o++] = byte;
          if (i - from >= safeDigits) way = other;
        } else if (way === quoted) {
          out[o++] = quote;
          // Until the cell ends, or something comes that COPY or JSON escapes.
          for (; byte > lastControl && byte !== backslash; byte = block[++i]!) {
            if (byte === quote) out[o++] = backslash;
            out[o++] = byte;
          }
          out[o++] = quote;
          if (byte !== tab && byte !== newline) way = other;
        } else if (way !== other) {
          const text = way === nothing ? "null" : byte === 0x74 ? "true" : "false";
          for (let j = 0; j < text.length; j++) out[o++] = text.charCodeAt(j);
          i += way === nothing ? 2 : 1;
        }
        if (way === other) {
          for (byte = block[i]!; byte !== tab && byte !== newline; ) byte = block[++i]!;
          const text = print[c]!(unescaped(block.toString(ascii ? "latin1" : "utf8", from, i)));
          o = starts[c]!;
          out = roomy(out, o, o + 3 * text.length + fixed + 2 * (block.length - i));
          o += out.write(text, o);
        }
        ends[c] = o;
        i++;
      }
      for (let j = 0; j < close.length; j++) out[o++] = close[j]!;
      const digest = hash("sha1", out.subarray(writeHeader(out, start, o - start), o));
      out = roomy(out, o, 2 * o - start + fixed);
      // Written behind the row, and then forgotten.
      let end = o;
      for (let j = 0; j < key.length; j++) {
        out[end++] = j === 0 ? 0x5b : 0x2c;
        const last = ends[key[j]!]!;
        for (let at = starts[key[j]!]!; at < last; at++) out[end++] = out[at]!;
      }
      out[end++] = 0x5d;
      const keyText = out.toString(ascii ? "latin1" : "utf8", o, end);
      entries.push(new PrintedEntry(keyText, digest, printed, start, o));
    }
    printed.bytes = out;
    ratio = Math.max(ratio, o / block.length);
    return entries;
  };
}

/** Writes what git puts before a blob of so many bytes, up to a place; gives where it begins. */
function writeHeader(out: Buffer, end: number, length: number): number {
  let start = end;
  out[--start] = 0;
  for (let rest = length; rest > 0; rest = Math.trunc(rest / 10)) out[--start] = 0x30 + (rest % 10);
  for (let j = blob.length - 1; j >= 0; j--) out[--start] = blob[j]!;
  return start;
}

/** The same bytes, of which some are used, in a buffer of that size at least. */
function roomy(bytes: Buffer, used: number, least: number): Buffer {
  if (least <= bytes.length) return bytes;
  const larger = Buffer.allocUnsafe(Math.max(least, 2 * bytes.length));
  larger.set(bytes.subarray(0, used));
  return larger;
}

/** An entry whose text is made when it is asked for, anew each time; it keeps all that was printed with it. */
class PrintedEntry implements Entry {
  constructor(
    readonly key: Key,
    readonly digest: Digest,
    private readonly printed: { bytes: Buffer },
    private readonly start: number,
    private readonly end: number,
  ) {}

  get bytes(): Uint8Array {
    return this.printed.bytes.subarray(this.start, this.end);
  }

  get text(): string {
    return this.printed.bytes.toString("utf8", this.start, this.end);
  }
}

/** How a value is printed: as its bytes, in quotes, as a word, or by way of strings. */
const [bare, quoted, boolean, other, nothing] = [0, 1, 2, 3, 4];

function wayOf({ kind }: ValueType): number {
  if (kind === "integer" || kind === "bigint") return bare;
  if (kind === "plain" || kind === "text") return quoted;
  return kind === "boolean" ? boolean : other;
}

/** A bigint of so many characters may be unsafe. */
const safeDigits = 16;
const blob = Buffer.from("blob ");
const maxHeader = blob.length + String(Number.MAX_SAFE_INTEGER).length + 1;
const [tab, newline, lastControl, quote, backslash] = [0x09, 0x0a, 0x1f, 0x22, 0x5c];
