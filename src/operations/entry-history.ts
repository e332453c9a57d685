import type { Digest } from "../model/entry.js";
import type { Fields } from "../model/json.js";
import { parseManifest } from "../model/parse.js";
import { readCommit } from "../repository/commit-header.js";
import { dataAt, fileAt } from "../repository/data-tree.js";
import { isEntryPath } from "../repository/layout.js";
import type { ObjectReader } from "../repository/object-reader.js";
import { type LoggedCommit, pathLog } from "../repository/path-log.js";
import type { Repository } from "../repository/repository.js";
import type { FileChange, FileTouch } from "../repository/shard-tree.js";
import { filesChanged } from "../repository/tree-diff.js";
import { type EntryAddress, fileOfEntry, nameOf } from "./entry-address.js";

/** What one commit did to one entry. */
export interface Version {
  commit: LoggedCommit;
  /** The entry's file in the project, after the commit. */
  file: string;
  /** Its file before, where the commit moved or renamed it. */
  from?: string;
  before: FileTouch["before"];
  after: Digest | undefined;
  /** Versions between two renames are one stretch, from 0, the newest: parents are of the same one. */
  stretch: number;
  /** The stretch under the old name, where the commit moved or renamed the file. */
  leadsTo?: number;
}

/**
 * The versions of an entry, newest first, back over moves of its file and renames of its key. A commit that removes one file
 * of the dataset and brings another with the same key, or with the same other fields and no third that has them, renamed it.
 */
export async function* entryHistory(
  repository: Repository,
  objects: ObjectReader,
  tip: Digest,
  entry: EntryAddress,
): AsyncGenerator<Version> {
  const stretches = [{ tip, file: fileOfEntry(entry) }];
  for (const [stretch, { tip, file }] of stretches.entries()) {
    // What came before a rename under the new name was another entry.
    let wanted: Set<Digest> | undefined;
    for await (const { commit, files } of pathLog(repository, tip, file)) {
      const touch = files.find(({ path }) => path === file) ?? { before: [], after: undefined };
      wanted ??= new Set([commit.id]);
      if (!wanted.has(commit.id)) continue;
      const version: Version = { commit, file, before: touch.before, after: touch.after, stretch };
      const isNew = touch.after !== undefined && touch.before.every((id) => id === undefined);
      const origin = isNew
        ? await originOf(repository, objects, commit.id, file, touch.after!, entry.dataset.key)
        : undefined;
      if (origin) {
        Object.assign(version, { from: origin.file, before: [origin.id], leadsTo: stretches.length });
        stretches.push({ tip: origin.parent, file: origin.file });
      } else for (const parent of commit.parents) wanted.add(parent);
      yield version;
    }
  }
}

/** Files of one commit that are compared with a new one; where more went or came, only names are. */
const mostCompared = 1000;

/** The file that a commit made a new one of. */
async function originOf(
  repository: Repository,
  objects: ObjectReader,
  commit: Digest,
  file: string,
  id: Digest,
  key: readonly string[],
): Promise<{ parent: Digest; file: string; id: Digest } | undefined> {
  const directory = file.split("/").slice(0, 3).join("/");
  const inside = ({ path }: FileChange) => isEntryPath(path.slice(directory.length + 1));
  const [parent] = readCommit(await objects.read(commit, "commit")).parents;
  // A shallow clone names parents that it does not have.
  if (parent === undefined || !(await objects.find(parent))) return undefined;
  // Most entries come with their dataset: nothing to compare, and nothing to list.
  const [, weave, name] = directory.split("/") as [string, string, string];
  const before = await dataAt(objects, repository, parent);
  if (!(await fileAt(before, weave, `${name}/_dataset.json`))) return undefined;
  const changed = (await filesChanged(repository, [parent, commit], directory)).filter(inside);
  const gone = changed.filter(({ after }) => after === undefined);
  if (gone.length === 0) return undefined;
  const found = (origin: FileChange) => ({ parent, file: origin.path, id: origin.before! });
  const moved = gone.find(({ path }) => nameOf(path) === nameOf(file));
  if (moved) return found(moved);

  const come = changed.filter(({ path, before }) => before === undefined && path !== file);
  if (gone.length + come.length > mostCompared) return undefined;
  const texts = async (one: Digest) => partsOf(await readFields(objects, one), key);
  const [own, went, came] = await Promise.all([
    texts(id),
    Promise.all(gone.map(({ before }) => texts(before!))),
    Promise.all(come.map(({ after }) => texts(after!))),
  ]);
  const same = gone.find((_, i) => went[i]?.key !== undefined && went[i]?.key === own?.key);
  if (same) return found(same);
  const alike = gone.filter((_, i) => own?.rest !== undefined && went[i]?.rest === own.rest);
  return alike.length === 1 && came.every((other) => other?.rest !== own!.rest) ? found(alike[0]!) : undefined;
}

/** Key and other fields as texts that are equal for equal ones; undefined where there are none. */
function partsOf(fields: Fields | undefined, key: readonly string[]) {
  if (!fields) return undefined;
  const rest = [...fields].filter(([name]) => !key.includes(name));
  return {
    key: JSON.stringify(key.map((name) => fields.get(name))),
    rest: rest.length === 0 ? undefined : JSON.stringify(rest),
  };
}

/** What a file of any time says; undefined where it cannot be read. */
export async function readFields(objects: ObjectReader, id: Digest): Promise<Fields | undefined> {
  const { fields, problems } = parseManifest((await objects.read(id, "blob")).toString());
  return problems.length === 0 ? fields : undefined;
}
