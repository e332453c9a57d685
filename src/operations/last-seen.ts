import type { Digest } from "../model/entry.js";
import { HeddleError } from "../model/errors.js";
import { readCommit } from "../repository/commit-header.js";
import { type DataTree, dataAt } from "../repository/data-tree.js";
import type { ObjectReader } from "../repository/object-reader.js";
import type { Repository } from "../repository/repository.js";
import { lastTouched } from "../repository/timeline.js";
import { type EntryAddress, filesMeant, findEntry } from "./entry-address.js";

/** An entry where it is, or was. */
export interface SeenEntry {
  entry: EntryAddress;
  /** The state that has it: the newest one, or the last before it was deleted. */
  data: DataTree;
  /** The commit that deleted it. */
  deleted?: Digest;
}

/** Finds an entry that the newest state has, or that an older one of the same dataset had. HDL104 and HDL402 as `findEntry`. */
export async function findEntryEver(
  repository: Repository,
  objects: ObjectReader,
  tip: Digest,
  asked: string,
): Promise<SeenEntry> {
  const data = await dataAt(objects, repository, tip);
  try {
    return { entry: await findEntry(data, asked), data };
  } catch (error) {
    if (!(error instanceof HeddleError) || error.code !== "HDL402") throw error;
    const seen = await lastSeen(repository, objects, data, tip, asked);
    if (!seen) throw error;
    return seen;
  }
}

async function lastSeen(
  repository: Repository,
  objects: ObjectReader,
  data: DataTree,
  tip: Digest,
  asked: string,
): Promise<SeenEntry | undefined> {
  const files = await filesMeant(data, asked);
  const deleted = files.length === 0 ? undefined : await lastTouched(repository, tip, files);
  if (deleted === undefined) return undefined;
  for (const parent of readCommit(await objects.read(deleted, "commit")).parents) {
    const before = await dataAt(objects, repository, parent);
    const entry = await findEntry(before, asked).catch(() => undefined);
    if (entry) return { entry, data: before, deleted };
  }
  return undefined;
}
