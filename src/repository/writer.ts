import { hash } from "node:crypto";
import type { Layout } from "../model/dataset.js";
import { DigestMap } from "../model/digest-map.js";
import { DigestSet } from "../model/digest-set.js";
import { type Digest, digestOf, digestOfEntry, type Entry } from "../model/entry.js";
import { durableOptions, syncPacks } from "./durable.js";
import { failure, finished, start } from "./git.js";
import { type ObjectType, Pack } from "./pack.js";
import type { Repository } from "./repository.js";
import { packed, packedChanges } from "./shard-tree.js";
import { holdEntries } from "./shards.js";
import { type Change, changeTree, type NamedObject, writeTree } from "./tree.js";

/** A pack of this size is handed to git, while the next is being filled: so at most two are in memory. Bytes. */
const packBytes = 16 * 1024 * 1024;
/** Fewer objects than this become loose ones, as with `git fetch`: many small packs would slow git down. */
const looseLimit = 100;

/** Writes objects into the repository. Until a ref names them they are garbage, which git's own maintenance collects. */
export interface ObjectWriter {
  /** Stores texts as blobs; waits while git is behind. */
  blobs(texts: readonly string[]): Promise<Digest[]>;
  /** Stores entries as the layout has them: as blobs, or held until the tree is written whose shards they go into. */
  entries(entries: readonly Omit<Entry, "key">[], layout: Layout): Promise<Digest[]>;
  /** Stores the trees of these files, and of further files and finished directories at the top; gives the topmost tree's id. */
  tree(
    files: Iterable<readonly [path: string, id: Digest]>,
    top?: { files?: Iterable<NamedObject>; directories?: Iterable<NamedObject> },
  ): Promise<Digest>;
  /** Stores the trees that differ from `tree` (undefined: none yet) by these changes; gives the topmost tree's id. */
  change(tree: Digest | undefined, changes: readonly Change[]): Promise<Digest>;
  /** Stores a commit object; gives its id. */
  commit(text: string): Digest;
  /** Waits until all is in the repository. */
  flush(): Promise<void>;
  /** Gives up: no further pack is written. The one that git is writing is finished, so that nothing half done is left. */
  abort(): void;
}

/** Makes a writer that leaves out objects for which `known` says that they exist. `durable`: `flush` returns when all is on disk. */
export function openWriter(
  repository: Repository,
  options: { known?: (id: Digest) => boolean; durable?: boolean } = {},
): ObjectWriter {
  const { known = () => false, durable = false } = options;
  let pack = new Pack();
  let contained = new DigestSet();
  let storing: Promise<void> = Promise.resolve();
  const stop = new AbortController();

  const add = (type: ObjectType, id: Digest, body: string | Uint8Array): Digest => {
    if (known(id)) return id;
    const before = contained.size;
    if (contained.add(id).size > before) pack.add(type, body);
    return id;
  };
  const storeTree = (body: Buffer) => add("tree", objectId("tree", body), body);
  const hand = async (): Promise<void> => {
    stop.signal.throwIfAborted();
    const full = pack;
    pack = new Pack();
    contained = new DigestSet();
    const before = storing;
    storing = before.then(() => {
      stop.signal.throwIfAborted();
      return storePack(repository, full, durable);
    });
    storing.catch(() => {});
    await before;
  };
  const handIfFull = async (): Promise<void> => {
    if (pack.size >= packBytes) await hand();
  };
  const storeText = async (text: string): Promise<Digest> => {
    const id = add("blob", digestOf(text), text);
    await handIfFull();
    return id;
  };
  return {
    async blobs(texts) {
      const ids: Digest[] = [];
      for (const text of texts) ids.push(await storeText(text));
      return ids;
    },
    async entries(entries, layout) {
      if (layout.kind === "lines") return holdEntries(repository.git, entries);
      const ids: Digest[] = [];
      for (const entry of entries) {
        ids.push(add("blob", digestOfEntry(entry), entry.bytes ?? entry.text));
        if (pack.size >= packBytes) await hand();
      }
      return ids;
    },
    async tree(files, top = {}) {
      const all = files instanceof DigestMap ? files : new DigestMap(files);
      const id = writeTree(await packed(repository.git, all, storeText), top, storeTree);
      await handIfFull();
      return id;
    },
    async change(tree, changes) {
      const real = await packedChanges(repository.git, tree, changes, storeText);
      const id = await changeTree(repository.git, tree, real, storeTree);
      await handIfFull();
      return id;
    },
    commit: (text) => add("commit", objectId("commit", text), text),
    async flush() {
      if (pack.count > 0) await hand();
      await storing;
    },
    abort: () => stop.abort(),
  };
}

function objectId(type: ObjectType, body: string | Buffer): Digest {
  const bytes = Buffer.from(body);
  return hash("sha1", Buffer.concat([Buffer.from(`${type} ${bytes.length}\0`), bytes]));
}

async function storePack(repository: Repository, pack: Pack, durable: boolean): Promise<void> {
  const { git } = repository;
  const loose = pack.count < looseLimit && !durable;
  const args = loose ? ["unpack-objects", "-q"] : ["index-pack", "--stdin"];
  const options = durable ? [...durableOptions, ...git.options] : git.options;
  const child = start({ ...git, options }, args, {}, { detached: true });
  child.stdout!.resume();
  child.stdin!.end(pack.finish());
  const { code, stderr } = await finished(child);
  if (code !== 0) throw failure(args, stderr, "is the disk full, or the repository read-only?");
  if (durable) await syncPacks(repository);
}
