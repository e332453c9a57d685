import type { Digest } from "./entry.js";
import { digestBytes, digestRead, readDigest, readDigestAt } from "./hex.js";

/** A set of SHA-1 digests for millions of them, in typed arrays: about 30 bytes each. Others (`""`) are never in it. */
export class DigestSet {
  private digests = Buffer.alloc(32 * digestBytes);
  private slots = new Int32Array(64).fill(-1);
  private count = 0;

  get size(): number {
    return this.count;
  }

  has(digest: Digest): boolean {
    return this.indexOf(digest) >= 0;
  }

  /** How many were added before it; -1 where it is not in it. */
  indexOf(digest: Digest): number {
    if (this.count === 0) return -1;
    return readDigest(digest) ? this.slots[this.slotOf(read, 0)]! : -1;
  }

  add(digest: Digest): this {
    this.put(digest);
    return this;
  }

  /** Adds it where it is not there; gives its `indexOf`. */
  put(digest: Digest): number {
    return readDigest(digest) ? this.putRead() : -1;
  }

  /** Adds one whose hex digits lie in a buffer. */
  addAt(bytes: Uint8Array, start: number): void {
    if (readDigestAt(bytes, start)) this.putRead();
  }

  private putRead(): number {
    const slot = this.slotOf(read, 0);
    if (this.slots[slot]! >= 0) return this.slots[slot]!;
    const i = this.count++;
    if (this.count * digestBytes > this.digests.length)
      this.digests = Buffer.concat([this.digests], 2 * this.digests.length);
    read.copy(this.digests, i * digestBytes);
    this.slots[slot] = i;
    if (2 * this.count > this.slots.length) this.rehash();
    return i;
  }

  /** Digests are as good as random: their first bytes are their hash. */
  private slotOf(from: Buffer, at: number): number {
    const mask = this.slots.length - 1;
    for (let slot = from.readInt32LE(at) & mask; ; slot = (slot + 1) & mask) {
      const i = this.slots[slot]!;
      if (i < 0 || from.compare(this.digests, i * digestBytes, (i + 1) * digestBytes, at, at + digestBytes) === 0)
        return slot;
    }
  }

  private rehash(): void {
    this.slots = new Int32Array(2 * this.slots.length).fill(-1);
    for (let i = 0; i < this.count; i++) this.slots[this.slotOf(this.digests, i * digestBytes)] = i;
  }
}

const read = Buffer.from(digestRead.buffer);
