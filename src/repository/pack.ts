import { hash } from "node:crypto";

export type ObjectType = "commit" | "tree" | "blob";

const typeNumbers = { commit: 1, tree: 2, blob: 3 };
const headerBytes = 12;
/** The most that one stored block of deflate holds (RFC 1951, 3.2.4). */
const maxBlock = 65_535;

/**
 * A git pack in the making (git's gitformat-pack). Objects are not compressed: each is a zlib stream of stored blocks, which
 * costs a copy and a checksum only; git compresses them at its next maintenance.
 */
export class Pack {
  count = 0;
  private buffer = Buffer.allocUnsafe(64 * 1024);
  private end = headerBytes;

  /** Bytes so far. */
  get size(): number {
    return this.end;
  }

  add(type: ObjectType, body: string | Uint8Array): void {
    const length = typeof body === "string" ? Buffer.byteLength(body) : body.length;
    this.reserve(length + 5 * Math.ceil(length / maxBlock) + 32);
    this.count++;
    this.writeHeader(typeNumbers[type], length);
    const buffer = this.buffer;
    buffer.writeUInt16BE(0x7801, this.end);
    this.end += 2;
    if (length <= maxBlock) {
      this.writeBlock(length, true);
      if (typeof body === "string") buffer.write(body, this.end);
      else buffer.set(body, this.end);
      buffer.writeUInt32BE(adler32(buffer, this.end, this.end + length), this.end + length);
      this.end += length + 4;
      return;
    }
    const bytes = typeof body === "string" ? Buffer.from(body) : body;
    for (let offset = 0; offset < length; offset += maxBlock) {
      const block = bytes.subarray(offset, offset + maxBlock);
      this.writeBlock(block.length, offset + maxBlock >= length);
      buffer.set(block, this.end);
      this.end += block.length;
    }
    buffer.writeUInt32BE(adler32(bytes, 0, length), this.end);
    this.end += 4;
  }

  /** The pack's bytes, header and checksum included. Nothing may be added afterwards. */
  finish(): Buffer {
    this.reserve(20);
    this.buffer.write("PACK", 0, "latin1");
    this.buffer.writeUInt32BE(2, 4);
    this.buffer.writeUInt32BE(this.count, 8);
    const sum = hash("sha1", this.buffer.subarray(0, this.end), "buffer");
    this.buffer.set(sum, this.end);
    return this.buffer.subarray(0, this.end + 20);
  }

  private writeHeader(type: number, length: number): void {
    let byte = (type << 4) | (length & 15);
    for (let rest = Math.floor(length / 16); rest > 0; rest = Math.floor(rest / 128)) {
      this.buffer[this.end++] = byte | 128;
      byte = rest & 127;
    }
    this.buffer[this.end++] = byte;
  }

  private writeBlock(length: number, last: boolean): void {
    this.buffer[this.end] = last ? 1 : 0;
    this.buffer.writeUInt16LE(length, this.end + 1);
    this.buffer.writeUInt16LE(~length & 0xffff, this.end + 3);
    this.end += 5;
  }

  private reserve(bytes: number): void {
    const needed = this.end + bytes;
    if (needed <= this.buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(needed, 2 * this.buffer.length));
    larger.set(this.buffer.subarray(0, this.end));
    this.buffer = larger;
  }
}

/** The checksum of a zlib stream (RFC 1950). 5,552 bytes are the most before the sums need their remainder. */
function adler32(bytes: Uint8Array, start: number, end: number): number {
  let a = 1;
  let b = 0;
  for (let i = start; i < end; ) {
    for (const stop = Math.min(i + 5_552, end); i < stop; i++) {
      a += bytes[i]!;
      b += a;
    }
    a %= 65_521;
    b %= 65_521;
  }
  return b * 65_536 + a;
}
