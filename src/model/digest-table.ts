import type { Digest } from "./entry.js";

const half = 20;
const width = 2 * half;
const none = Buffer.alloc(half);

/**
 * Digests by digests, for millions of them: open addressing in one Buffer, which is also its form in a file. A record is
 * the key's bytes and the value's, zero bytes for null; a slot whose key is zero bytes is free. 60 to 120 bytes an entry.
 */
export class DigestTable {
  private count = 0;

  /** @param bytes of a table that was written */
  constructor(private bytes: Buffer = Buffer.alloc(64 * width)) {
    for (let at = 0; at < bytes.length; at += width) if (!this.isFree(at)) this.count++;
  }

  get size(): number {
    return this.count;
  }

  /** What it holds, to be written. */
  get content(): Buffer {
    return this.bytes;
  }

  /** Undefined where there is none. */
  get(key: Digest): Digest | null | undefined {
    const at = this.placeOf(key);
    if (this.isFree(at)) return undefined;
    const value = this.bytes.subarray(at + half, at + width);
    return value.equals(none) ? null : value.toString("hex");
  }

  set(key: Digest, value: Digest | null): this {
    const at = this.placeOf(key);
    if (this.isFree(at)) {
      this.bytes.write(key, at, "hex");
      this.count++;
    }
    if (value === null) this.bytes.fill(0, at + half, at + width);
    else this.bytes.write(value, at + half, "hex");
    if (3 * this.count * width > 2 * this.bytes.length) this.grow();
    return this;
  }

  private isFree(at: number): boolean {
    for (let i = at; i < at + half; i += 4) if (this.bytes.readUInt32LE(i) !== 0) return false;
    return true;
  }

  /** Where the key is, or would go. Digests are as good as random: their first bytes say where. */
  private placeOf(key: Digest): number {
    const slots = this.bytes.length / width;
    const head = Number.parseInt(key.slice(0, 8), 16);
    for (let slot = Math.floor((head / 2 ** 32) * slots); ; slot = (slot + 1) % slots) {
      const at = slot * width;
      const isLike = this.bytes.readUInt32BE(at) === head;
      if ((isLike && this.bytes.toString("hex", at, at + half) === key) || this.isFree(at)) return at;
    }
  }

  private grow(): void {
    const { bytes } = this;
    this.bytes = Buffer.alloc(2 * bytes.length);
    for (let at = 0; at < bytes.length; at += width) {
      const key = bytes.toString("hex", at, at + half);
      if (key !== none.toString("hex")) bytes.copy(this.bytes, this.placeOf(key), at, at + width);
    }
  }
}
