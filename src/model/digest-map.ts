import type { Digest } from "./entry.js";
import { digestBytes, digestRead, isDigestAt, readDigest, readDigestAt } from "./hex.js";

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
  /** By number: 1 where the entry was deleted. Made when it is first asked for. */
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
    if (!this.others && this.names?.store === this.store && this.deleted === 0) return new DigestMap(this.names);
    const map = new DigestMap(this);
    const gone = map.track();
    map.named = true;
    map.slots.fill(-1);
    const { texts, starts, count } = map.store;
    for (let i = 0; i < count; i++) {
      if (gone[i]) continue;
      const end = starts[i + 1]!;
      let start = end;
      while (start > starts[i]! && texts[start - 1] !== slash) start--;
      const hash = hashOf(texts, start, end);
      map.hashes[i] = hash;
      const slot = map.slotOf(texts, start, end, hash);
      const before = map.slots[slot]!;
      if (before >= 0) map.remove(before, slot);
      map.slots[slot] = i;
    }
    if (!this.others && this.deleted === 0) this.names = new DigestMap(map);
    if (this.others) map.others = new Map([...this.others].map(([path, digest]) => [lastPart(path), digest]));
    if (this.others) map.paths = new Map([...this.others.keys()].map((path) => [lastPart(path), path]));
    return map;
  }

  /** What `byName` gave, where it holds all the same entries. */
  private names: DigestMap | undefined;

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
    const gone = this.track();
    const { count } = this.store;
    for (let i = 0; i < count; i++) if (!gone[i]) add(this.keyAt(i), i);
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
    const slot = this.slotFor(name);
    if (slot >= 0 && readDigest(digest) && !this.others?.has(name)) {
      this.put(slot, asked, 0, name.length, hashAsked);
      return this;
    }
    const i = slot < 0 ? -1 : this.slots[slot]!;
    if (i >= 0) this.remove(i, slot);
    this.others ??= new Map();
    this.others.set(name, digest);
    return this;
  }

  /** The same for a name whose ASCII bytes, and for a digest whose digits, lie in a buffer; false where it cannot be done. */
  setBytes(bytes: Uint8Array, start: number, end: number, digest: number): boolean {
    if (this.others || !readDigestAt(bytes, digest)) return false;
    const hash = hashOf(bytes, start, end);
    this.put(this.slotOf(bytes, start, end, hash), bytes, start, end, hash);
    return true;
  }

  delete(name: string): boolean {
    const slot = this.slotFor(name);
    const i = slot < 0 ? -1 : this.slots[slot]!;
    if (i >= 0) this.remove(i, slot);
    return i >= 0 || this.others?.delete(name) === true;
  }

  /** Deletes an entry if it has this digest; tells whether it had. */
  takeIf(name: string, digest: Digest): boolean {
    const slot = this.slotFor(name);
    const i = slot < 0 ? -1 : this.slots[slot]!;
    if (i < 0) return this.others?.get(name) === digest && this.others.delete(name);
    if (!isDigestAt(this.store.digests, i * digestBytes, digest)) return false;
    this.remove(i, slot);
    return true;
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
    const slot = this.slotFor(name);
    const i = slot < 0 ? -1 : this.slots[slot]!;
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
    this.track();
    for (let i = 0; i < this.store.count; i++) if (!this.gone?.[i]) yield [this.keyAt(i), this.digestAt(i)];
    if (this.others) yield* this.others;
  }

  *keys(): MapIterator<string> {
    this.track();
    for (let i = 0; i < this.store.count; i++) if (!this.gone?.[i]) yield this.keyAt(i);
    if (this.others) yield* this.others.keys();
  }

  *values(): MapIterator<Digest> {
    this.track();
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
    const slot = this.slotFor(name);
    return slot < 0 ? -1 : this.slots[slot]!;
  }

  /** The slot of a name, which `asked` then holds; -1 for one beyond Latin-1. */
  private slotFor(name: string): number {
    return ask(name) ? this.slotOf(asked, 0, name.length, hashAsked) : -1;
  }

  /** The slot that holds the entry with these bytes, or the free one where it would go. Deleted entries keep theirs. */
  private slotOf(bytes: Uint8Array, start: number, end: number, hash: number): number {
    const { slots, hashes } = this;
    const { texts, starts } = this.store;
    const mask = slots.length - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const i = slots[slot]!;
      if (i === -1) return slot;
      if (i < 0 || hashes[i] !== hash) continue;
      const from = starts[i + 1]! - (end - start);
      if (from !== starts[i] && !(this.named && from > starts[i]! && texts[from - 1] === slash)) continue;
      let j = 0;
      while (start + j < end && texts[from + j] === bytes[start + j]) j++;
      if (start + j === end) return slot;
    }
  }

  /** The entry's slot stays taken, by a number that is no entry's, so that others behind it are still found. */
  private remove(i: number, slot: number): void {
    this.slots[slot] = deletedSlot;
    if (this.gone) this.gone[i] = 1;
    this.deleted++;
  }

  /** Knows from now on which entries were deleted: those that no slot has. */
  private track(): Uint8Array {
    if (this.gone) return this.gone;
    this.gone = new Uint8Array(this.store.starts.length);
    if (this.deleted === 0) return this.gone;
    this.gone.fill(1, 0, this.store.count);
    for (const i of this.slots) if (i >= 0) this.gone[i] = 0;
    return this.gone;
  }

  /** Gives an entry the digest that was read last, and adds it where its slot is free. */
  private put(slot: number, bytes: Uint8Array, from: number, to: number, hash: number): void {
    this.own();
    const { store } = this;
    const known = this.slots[slot]!;
    const i = known < 0 ? store.count : known;
    if (known < 0) this.append(bytes, from, to, hash);
    for (let j = 0; j < digestBytes; j++) store.digests[i * digestBytes + j] = digestRead[j]!;
    // Before others are moved: what no slot has counts as deleted.
    this.slots[slot] = i;
    if (2 * store.count > this.slots.length) this.rehash();
  }

  private append(bytes: Uint8Array, from: number, to: number, hash: number): void {
    const { store } = this;
    const i = store.count;
    const start = store.starts[i]!;
    const end = start + to - from;
    if (i + 1 === store.starts.length) {
      store.starts = larger(store.starts, new Uint32Array(2 * i + 1));
      store.digests = larger(store.digests, Buffer.allocUnsafe(2 * i * digestBytes));
      this.hashes = larger(this.hashes, new Uint32Array(2 * i));
      if (this.gone) this.gone = larger(this.gone, new Uint8Array(2 * i + 1));
    }
    if (end > store.texts.length) store.texts = larger(store.texts, Buffer.allocUnsafe(2 * end));
    const { texts } = store;
    for (let j = 0; start + j < end; j++) texts[start + j] = bytes[from + j]!;
    store.starts[i + 1] = end;
    store.count++;
    this.hashes[i] = hash;
  }

  private rehash(): void {
    const gone = this.deleted > 0 ? this.track() : undefined;
    this.slots = new Int32Array(2 * this.slots.length).fill(-1);
    const mask = this.slots.length - 1;
    for (let i = 0; i < this.store.count; i++) {
      if (gone?.[i]) continue;
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

/** The name that was asked for last, in Latin-1, and its hash. */
let asked = Buffer.allocUnsafe(256);
let hashAsked = 0;

/** False for a name beyond Latin-1. */
function ask(name: string): boolean {
  if (name.length > asked.length) asked = Buffer.allocUnsafe(2 * name.length);
  const bytes = asked;
  let beyond = 0;
  for (let i = 0; i < name.length; i++) {
    const code = name.charCodeAt(i);
    beyond |= code & 0xff00;
    bytes[i] = code;
  }
  hashAsked = hashOf(bytes, 0, name.length);
  return beyond === 0;
}

/** FNV-1a. */
function hashOf(bytes: Uint8Array, start: number, end: number): number {
  let hash = 0x811c9dc5;
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193);
  return (hash ^ (hash >>> 15)) >>> 0;
}

function larger<T extends Uint8Array | Uint32Array>(from: T, to: T): T {
  to.set(from);
  return to;
}
