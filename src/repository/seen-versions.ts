import { hash } from "node:crypto";

/**
 * A set of texts by 64 bits of their hash, for millions of them: 8 to 24 bytes each. Two texts are taken for one with a
 * chance of one to 10^7 in a million of them.
 */
export class SeenVersions {
  /** Two words for each place; zeros mean that it is free. */
  private words = new Uint32Array(2048);
  private count = 0;

  has(text: string): boolean {
    const [a, b] = wordsOf(text);
    return this.words[this.placeOf(a, b)] !== 0;
  }

  add(text: string): void {
    this.put(...wordsOf(text));
    if (this.count * 3 < this.words.length) return;
    const old = this.words;
    this.words = new Uint32Array(2 * old.length);
    this.count = 0;
    for (let i = 0; i < old.length; i += 2) if (old[i] !== 0) this.put(old[i]!, old[i + 1]!);
  }

  private put(a: number, b: number): void {
    const place = this.placeOf(a, b);
    if (this.words[place] === 0) this.count++;
    this.words[place] = a;
    this.words[place + 1] = b;
  }

  /** Where these words stand, or the free place where they belong. */
  private placeOf(a: number, b: number): number {
    const { words } = this;
    for (let place = (2 * b) % words.length; ; place = (place + 2) % words.length) {
      if (words[place] === 0 || (words[place] === a && words[place + 1] === b)) return place;
    }
  }
}

function wordsOf(text: string): [number, number] {
  const digest = hash("sha1", text, "buffer");
  return [digest.readUInt32LE(0) || 1, digest.readUInt32LE(4)];
}
