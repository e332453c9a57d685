import type { Dataset } from "../model/dataset.js";
import type { Digest } from "../model/entry.js";
import type { Problem } from "../model/errors.js";
import { type Fields, type Json, renderFields } from "../model/json.js";
import { keyOf, keyParts } from "../model/key.js";
import { differingPaths } from "../plan/entry-diff.js";
import { readDatasetText } from "../repository/description.js";
import { isEntryPath } from "../repository/layout.js";
import type { ObjectReader } from "../repository/object-reader.js";
import type { Commit } from "../repository/revision.js";
import type { FileChange } from "../repository/shard-tree.js";
import { readFields } from "./entry-history.js";

export type EventKind = "created" | "updated" | "deleted" | "rolledback";

/** What happened to one entry in one commit of the branch, as CloudEvents 1.0 have it in JSON. */
export interface EntryEvent {
  specversion: "1.0";
  /** The same for the same commit and file, wherever it is asked: `COMMIT:PATH`. */
  id: string;
  /** The dataset's directory in the repository. */
  source: string;
  type: `heddle.entry.${EventKind}`;
  /** `WEAVE:DATASET/NAME`. */
  subject: string;
  /** When the commit became the branch's: its committer time, ISO 8601. */
  time: string;
  datacontenttype: "application/json";
  data: {
    weave: string;
    dataset: string;
    /** The parts of the key; null where the file cannot be read. */
    key: Json[] | null;
    /** Commit id, author and subject line. */
    revision: string;
    author: string;
    message: string;
    /** The whole entry as the manifest has it, masked fields and typed wrappers too; absent where there was none, null where the file cannot be read. */
    before?: Record<string, Json> | null;
    after?: Record<string, Json> | null;
    /** Of an update: JSON Pointers of the fields that differ. */
    changed?: string[];
  };
}

/** One entry in one commit. */
export interface EntryChange extends FileChange {
  /** Without fan-out: the same wherever a layout puts it. */
  file: string;
  weave: string;
  /** Of the dataset. */
  directory: string;
  name: string;
}

/** In the order of git's paths. A file that moved within its dataset comes as one that went and one that came. */
export function entriesOf(files: readonly FileChange[]): EntryChange[] {
  const entries = new Map<string, EntryChange>();
  for (const { path, before, after } of files) {
    const inWeave = path.indexOf("/", "data/".length);
    const inDataset = path.indexOf("/", inWeave + 1);
    const last = path.lastIndexOf("/");
    if (inWeave < 0 || inDataset < 0 || !isEntryPath(path.slice(inDataset + 1))) continue;
    const file = last === inDataset ? path : path.slice(0, inDataset) + path.slice(last);
    const known = entries.get(file);
    const gone = known && after === undefined;
    entries.set(file, {
      file,
      weave: path.slice("data/".length, inWeave),
      directory: path.slice(inWeave + 1, inDataset),
      name: path.slice(last + 1),
      path: gone ? known.path : path,
      before: before ?? known?.before,
      after: after ?? known?.after,
    });
  }
  return [...entries.values()];
}

/** What `_dataset.json` says in the course of time. */
export type Descriptions = ReturnType<typeof openDescriptions>;

export function openDescriptions(objects: ObjectReader) {
  const now = new Map<string, Digest>();
  const before = new Map<string, Digest | undefined>();
  const read = new Map<Digest, Dataset | undefined>();
  return {
    /** Takes a commit's changes in. */
    follow(files: readonly FileChange[]): void {
      before.clear();
      for (const { path, before: id, after } of files) {
        if (!path.endsWith("/_dataset.json")) continue;
        const directory = path.slice(0, -"/_dataset.json".length);
        before.set(directory, id);
        if (after === undefined) now.delete(directory);
        else now.set(directory, after);
      }
    },
    /** The dataset in a directory after the commit, or before it; undefined where it cannot be read. */
    async of(directory: string, when: "before" | "after"): Promise<Dataset | undefined> {
      const id = when === "before" && before.has(directory) ? before.get(directory) : now.get(directory);
      if (id === undefined) return undefined;
      if (!read.has(id)) {
        const problems: Problem[] = [];
        const text = (await objects.read(id, "blob")).toString();
        read.set(id, readDatasetText(text, directory, problems));
      }
      return read.get(id);
    },
  };
}

/** What a change of a file is as an event; undefined where the entry is not asked for, or only its spelling changed. */
export async function eventOf(
  objects: ObjectReader,
  descriptions: Descriptions,
  commit: Commit,
  { weave, directory, name, path, before: old, after: id, back }: EntryChange & { back: boolean },
  matches: (weave: string, dataset: string) => boolean,
): Promise<EntryEvent | undefined> {
  if (old === id) return undefined;
  const source = `data/${weave}/${directory}`;
  const described = await descriptions.of(source, id === undefined ? "before" : "after");
  const dataset = described?.name ?? directory;
  if (!matches(weave, dataset)) return undefined;
  const [before, after] = await Promise.all([old, id].map((blob) => (blob ? readFields(objects, blob) : undefined)));
  // Only the file's spelling changed.
  if (before && after && renderFields(before) === renderFields(after)) return undefined;
  const kind = id === undefined ? "deleted" : back ? "rolledback" : old === undefined ? "created" : "updated";
  const fields = after ?? before;
  const key = described && fields && keyOf(described, fields);
  return {
    specversion: "1.0",
    id: `${commit.id}:${path}`,
    source,
    type: `heddle.entry.${kind}`,
    subject: `${weave}:${dataset}/${name.replace(/\.json$/, "")}`,
    time: commit.time,
    datacontenttype: "application/json",
    data: {
      weave,
      dataset,
      key: key === undefined ? null : keyParts(key),
      ...{ revision: commit.id, author: commit.author, message: commit.subject },
      ...(old !== undefined && { before: documentOf(before) }),
      ...(id !== undefined && { after: documentOf(after) }),
      ...(before && after && { changed: differingPaths(before, after) }),
    },
  };
}

/** Null for a file that is no manifest: history cannot be mended, and goes on. */
function documentOf(fields: Fields | undefined): Record<string, Json> | null {
  return fields ? Object.fromEntries(fields) : null;
}
