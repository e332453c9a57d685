import type { Codec } from "../model/codec.js";
import type { Dataset } from "../model/dataset.js";
import { DigestMap } from "../model/digest-map.js";
import { digestOfEntry, type Entry, type Key } from "../model/entry.js";
import { HeddleError } from "../model/errors.js";
import { entryName, entryPath, nameIn } from "../repository/layout.js";
import type { ObjectWriter } from "../repository/writer.js";

/** What a source gives for one dataset, as it comes in. */
export interface TakenFiles {
  /** Entries so far. */
  readonly size: number;
  /** Takes entries in; those that the branch does not have in the same place are written. HDL209 for a second one with a key. */
  add(entries: readonly Entry[]): Promise<void>;
  /** All of them: path in the dataset's directory → digest. Where they are just what the branch has, a copy of that. */
  files(): DigestMap;
}

/**
 * Entries that the branch has with the same bytes stay where they lie: they are known by their names, so that no path is
 * worked out for them. `had`: the files that the branch has.
 */
export function takeFiles(
  { layout, name: dataset }: Dataset,
  { keyName }: Codec,
  writer: ObjectWriter,
  had?: DigestMap,
): TakenFiles {
  const named = had?.byName();
  // Where an entry lies in two places, its name does not tell which is meant.
  const known = named && named.size === had?.size ? named : new DigestMap();
  const rest = new DigestMap(known);
  const others = new DigestMap();
  const isTaken = (name: string) => known.has(name) && !rest.has(name);

  return {
    get size() {
      return known.size - rest.size + others.size;
    },
    async add(entries) {
      const isSame = (entry: Entry) => rest.takeIf(entryName(entry.key, keyName), digestOfEntry(entry));
      const different = known.size === 0 ? entries : entries.filter((entry) => !isSame(entry));
      const fresh: Entry[] = [];
      for (const entry of different) {
        const path = entryPath(entry.key, layout, keyName);
        const digest = digestOfEntry(entry);
        const before = others.size;
        if (others.set(path, digest).size === before || isTaken(nameIn(path)))
          throw twoEntries(dataset, entry.key, path);
        if (had?.get(path) !== digest) fresh.push(entry);
      }
      await writer.entries(fresh, layout);
    },
    files() {
      if (!had) return others;
      const files = new DigestMap(known.size > 0 ? had : undefined);
      for (const name of rest.keys()) files.delete(rest.pathOf(name)!);
      for (const [path, digest] of others) files.set(path, digest);
      return files;
    },
  };
}

function twoEntries(dataset: string, key: Key, path: string): HeddleError {
  return new HeddleError("HDL209", `${dataset}: two entries have the key ${key}, or keys that share the name ${path}`, {
    hint: "name the fields of a unique key, or undo the transform that makes keys equal",
  });
}
