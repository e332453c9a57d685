import type { Digest } from "./entry.js";

const digestBytes = 20;

/** Texts with a digest each, in the order they came. Never altered once another map may share it. */
interface Store {
  /** Latin-1, one text after the other. */
  texts: Buffer;
  /** Where each text begins, and where the last one ends. */
  starts: Uint32Array;
  digests: Buffer;
  count: number;
  shared: boolean;
}

/**
 * A Map from names to digests for millions of entries, in typed arrays: about 60 bytes an entry, where a Map takes 300.
 * Copies share what they hold until one of them changes. Names beyond Latin-1, and values that are no SHA-1, lie in an
 * ordinary Map and come last.
 */
export class DigestMap implements Map<string, Digest> {
  readonly [Symbol.toStringTag] = "DigestMap";
  private store: Store;
  /** Open addressing: numbers of entries, or -1. */
  private slots: Int32Array;
  /** Of entries' names, by number. */
  private hashes: Uint32Array;
  /** By number: 1 where the entry was deleted. */
  private gone: Uint8Array | undefined;
  private deleted = 0;
  private others: Map<string, Digest> | undefined;
  /** Entries are known by what follows the last slash of their text. */
  private named = false;

  constructor(entries: Iterable<readonly [string, Digest]> = []) {
    if (entries instanceof DigestMap) {
      entries.store.shared = true;
      this.store = entries.store;
      this.slots = entries.slots.slice();
      this.hashes = entries.hashes.slice();
      this.gone = entries.gone?.slice();
      this.deleted = entries.deleted;
      this.others = entries.others && new Map(entries.others);
      this.named = entries.named;
      return;
    }
    this.store = {
      texts: Buffer.allocUnsafe(1024),
      starts: new Uint32Array(33),
      digests: Buffer.allocUnsafe(32 * digestBytes),
      count: 0,
      shared: false,
    };
    this.slots = new Int32Array(64).fill(-1);
    this.hashes = new Uint32Array(32);
    for (const [name, digest] of entries) this.set(name, digest);
  }

  /** The same entries under the last parts of their paths. Of several with one name the last counts. */
  byName(): DigestMap {
    const map = new DigestMap(this);
    map.named = true;
    map.slots.fill(-1);
    const { texts, starts, count } = map.store;
    for (let i = 0; i < count; i++) {
      if (map.gone?.[i]) continue;
      const [start, end] = [starts[i]!, starts[i + 1]!];
      let name = end;
      while (name > start && texts[name - 1] !== slash) name--;
      map.hashes[i] = hashOfBytes(texts, name, end);
      const slot = map.slotOfBytes(i, name, end);
      const before = map.slots[slot]!;
      if (before >= 0) map.remove(before, slot);
      map.slots[slot] = i;
    }
    if (this.others) map.others = new Map([...this.others].map(([path, digest]) => [lastPart(path), digest]));
    if (this.others) map.paths = new Map([...this.others.keys()].map((path) => [lastPart(path), path]));
    return map;
  }

  /** Of `others`, where they are known by their last parts. */
  private paths: Map<string, string> | undefined;

  /** The whole path of an entry of `byName()`. */
  pathOf(name: string): string | undefined {
    const i = this.find(name);
    return i < 0 ? this.paths?.get(name) : this.textAt(i);
  }

  /** Numbers of entries by the directory that they lie in (`""` at the top), and what has a number: name there, and digest. */
  byDirectory(): { groups: Map<string, number[]>; at(i: number): [name: string, digest: Digest] } {
    const groups = new Map<string, number[]>();
    const add = (path: string, i: number) => {
      const directory = path.slice(0, Math.max(path.lastIndexOf("/"), 0));
      const group = groups.get(directory);
      if (group) group.push(i);
      else groups.set(directory, [i]);
    };
    for (let i = 0; i < this.store.count; i++) if (!this.gone?.[i]) add(this.keyAt(i), i);
    const { count } = this.store;
    const others = [...(this.others ?? [])];
    for (const [i, [path]] of others.entries()) add(path, count + i);
    const at = (i: number): [string, Digest] => {
      const [path, digest] = i < count ? [this.textAt(i), this.digestAt(i)] : others[i - count]!;
      return [lastPart(path), digest];
    };
    return { groups, at };
  }

  get size(): number {
    return this.store.count - this.deleted + (this.others?.size ?? 0);
  }

  get(name: string): Digest | undefined {
    const i = this.find(name);
    return i < 0 ? this.others?.get(name) : this.digestAt(i);
  }

  has(name: string): boolean {
    return this.find(name) >= 0 || this.others?.has(name) === true;
  }

  set(name: string, digest: Digest): this {
    const hash = hashOf(name);
    const slot = this.slotOf(name, hash);
    const i = this.slots[slot]!;
    const plain = readHex(digest);
    if (i >= 0 && plain) {
      this.own();
      this.store.digests.set(hexRead, i * digestBytes);
      return this;
    }
    if (i >= 0) this.delete(name);
    if (this.others?.has(name) || !plain || !isLatin1(name)) {
      this.others ??= new Map();
      this.others.set(name, digest);
    } else this.append(name, hash, slot);
    return this;
  }

  delete(name: string): boolean {
    const slot = this.slotOf(name);
    const i = this.slots[slot]!;
    if (i >= 0) this.remove(i, slot);
    return i >= 0 || this.others?.delete(name) === true;
  }

  /** Deletes an entry if it has this digest; tells whether it had. */
  takeIf(name: string, digest: Digest): boolean {
    const slot = this.slotOf(name);
    const i = this.slots[slot]!;
    if (i >= 0) {
      if (!this.hasDigest(i, digest)) return false;
      this.remove(i, slot);
      return true;
    }
    return this.others?.get(name) === digest && this.others.delete(name);
  }

  /** Whether another map is known to hold the same: a copy that nothing was done to, of an unaltered one. */
  isCopyOf(other: DigestMap): boolean {
    return (
      this.store === other.store &&
      this.deleted + other.deleted === 0 &&
      this.others === undefined &&
      other.others === undefined &&
      this.named === other.named
    );
  }

  /** Deletes an entry and gives its digest; undefined where there is none. */
  take(name: string): Digest | undefined {
    const slot = this.slotOf(name);
    const i = this.slots[slot]!;
    if (i >= 0) {
      this.remove(i, slot);
      return this.digestAt(i);
    }
    const digest = this.others?.get(name);
    this.others?.delete(name);
    return digest;
  }

  clear(): void {
    const { store, slots, hashes } = new DigestMap();
    Object.assign(this, { store, slots, hashes, gone: undefined, deleted: 0, others: undefined });
  }

  *entries(): MapIterator<[string, Digest]> {
    for (let i = 0; i < this.store.count; i++) if (!this.gone?.[i]) yield [this.keyAt(i), this.digestAt(i)];
    if (this.others) yield* this.others;
  }

  *keys(): MapIterator<string> {
    for (let i = 0; i < this.store.count; i++) if (!this.gone?.[i]) yield this.keyAt(i);
    if (this.others) yield* this.others.keys();
  }

  *values(): MapIterator<Digest> {
    for (let i = 0; i < this.store.count; i++) if (!this.gone?.[i]) yield this.digestAt(i);
    if (this.others) yield* this.others.values();
  }

  [Symbol.iterator](): MapIterator<[string, Digest]> {
    return this.entries();
  }

  forEach(work: (digest: Digest, name: string, map: Map<string, Digest>) => void, self?: unknown): void {
    for (const [name, digest] of this) work.call(self, digest, name, this);
  }

  private textAt(i: number): string {
    const { texts, starts } = this.store;
    return texts.toString("latin1", starts[i]!, starts[i + 1]!);
  }

  private keyAt(i: number): string {
    return this.named ? lastPart(this.textAt(i)) : this.textAt(i);
  }

  private digestAt(i: number): Digest {
    return this.store.digests.toString("hex", i * digestBytes, (i + 1) * digestBytes);
  }

  private find(name: string): number {
    return this.slots[this.slotOf(name)]!;
  }

  /** The slot that holds the entry, or the free one where it would go. Deleted entries keep theirs. */
  private slotOf(name: string, hash = hashOf(name)): number {
    const { slots, hashes } = this;
    const mask = slots.length - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const i = slots[slot]!;
      if (i === -1 || (i >= 0 && hashes[i] === hash && this.isKey(i, name))) return slot;
    }
  }

  /** The same for a name that is a part of an entry's text; its hash stands in `hashes`. */
  private slotOfBytes(i: number, start: number, end: number): number {
    const { slots, hashes, store } = this;
    const { texts, starts } = store;
    const mask = slots.length - 1;
    for (let slot = hashes[i]! & mask; ; slot = (slot + 1) & mask) {
      const other = slots[slot]!;
      if (other === -1) return slot;
      if (other < 0 || hashes[other] !== hashes[i]) continue;
      const from = starts[other + 1]! - (end - start);
      let j = from < starts[other]! || (from > starts[other]! && texts[from - 1] !== slash) ? -1 : 0;
      while (j >= 0 && start + j < end) j = texts[from + j] === texts[start + j] ? j + 1 : -1;
      if (j >= 0) return slot;
    }
  }

  private hasDigest(i: number, digest: Digest): boolean {
    const { digests } = this.store;
    if (digest.length !== 2 * digestBytes) return false;
    for (let j = 0, at = i * digestBytes; j < 2 * digestBytes; j += 2, at++) {
      const byte = digests[at]!;
      if (digest.charCodeAt(j) !== hexDigits[byte >> 4] || digest.charCodeAt(j + 1) !== hexDigits[byte & 15])
        return false;
    }
    return true;
  }

  private isKey(i: number, name: string): boolean {
    const { texts, starts } = this.store;
    const end = starts[i + 1]!;
    const start = end - name.length;
    if (start < starts[i]!) return false;
    if (this.named ? start > starts[i]! && texts[start - 1] !== slash : start !== starts[i]) return false;
    for (let j = 0; j < name.length; j++) if (texts[start + j] !== name.charCodeAt(j)) return false;
    return true;
  }

  /** The entry's slot stays taken, by a number that is no entry's, so that others behind it are still found. */
  private remove(i: number, slot: number): void {
    this.slots[slot] = deletedSlot;
    this.gone ??= new Uint8Array(this.store.starts.length);
    this.gone[i] = 1;
    this.deleted++;
  }

  /** Adds an entry, with the digest that was read last, in a free slot. */
  private append(name: string, hash: number, slot: number): void {
    this.own();
    const { store } = this;
    const i = store.count;
    const start = store.starts[i]!;
    if (i + 1 === store.starts.length) {
      store.starts = larger(store.starts, new Uint32Array(2 * i + 1));
      store.digests = larger(store.digests, Buffer.allocUnsafe(2 * i * digestBytes));
      this.hashes = larger(this.hashes, new Uint32Array(2 * i));
      if (this.gone) this.gone = larger(this.gone, new Uint8Array(2 * i + 1));
    }
    if (start + name.length > store.texts.length)
      store.texts = larger(store.texts, Buffer.allocUnsafe(2 * (start + name.length)));
    const { texts, digests } = store;
    for (let j = 0; j < name.length; j++) texts[start + j] = name.charCodeAt(j);
    store.starts[i + 1] = start + name.length;
    for (let j = 0; j < digestBytes; j++) digests[i * digestBytes + j] = hexRead[j]!;
    store.count++;
    this.hashes[i] = hash;
    if (2 * store.count > this.slots.length) this.rehash();
    else this.slots[slot] = i;
  }

  private rehash(): void {
    this.slots = new Int32Array(2 * this.slots.length).fill(-1);
    const mask = this.slots.length - 1;
    for (let i = 0; i < this.store.count; i++) {
      if (this.gone?.[i]) continue;
      let slot = this.hashes[i]! & mask;
      while (this.slots[slot] !== -1) slot = (slot + 1) & mask;
      this.slots[slot] = i;
    }
  }

  /** Before a change to what a copy may share. */
  private own(): void {
    const { texts, starts, digests, count, shared } = this.store;
    if (!shared) return;
    this.store = {
      texts: Buffer.from(texts),
      starts: starts.slice(),
      digests: Buffer.from(digests),
      count,
      shared: false,
    };
  }
}

const deletedSlot = -2;
const slash = 0x2f;

const lastPart = (path: string): string => path.slice(path.lastIndexOf("/") + 1);

/** Character codes of the hex digits, and what each of them stands for; -1 for others. */
const hexDigits = Uint8Array.from("0123456789abcdef", (digit) => digit.charCodeAt(0));
const hexValues = Int8Array.from({ length: 256 }, (_, code) => hexDigits.indexOf(code));

/** The digest that was read last. */
const hexRead = new Uint8Array(digestBytes);

/** Whether a text is a SHA-1 in lower-case hex digits; then `hexRead` holds it. */
function readHex(text: string): boolean {
  if (text.length !== 2 * digestBytes) return false;
  for (let j = 0; j < digestBytes; j++) {
    const byte = (valueOfHex(text.charCodeAt(2 * j)) << 4) | valueOfHex(text.charCodeAt(2 * j + 1));
    if (byte < 0) return false;
    hexRead[j] = byte;
  }
  return true;
}

const valueOfHex = (code: number): number => (code < 256 ? hexValues[code]! : -1);

function isLatin1(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0xff) return false;
  return true;
}

/** FNV-1a over UTF-16 code units. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return (hash ^ (hash >>> 15)) >>> 0;
}

/** The same of the text whose Latin-1 bytes these are. */
function hashOfBytes(bytes: Buffer, start: number, end: number): number {
  let hash = 0x811c9dc5;
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193);
  return (hash ^ (hash >>> 15)) >>> 0;
}

function larger<T extends Uint8Array | Uint32Array>(from: T, to: T): T {
  to.set(from);
  return to;
}
