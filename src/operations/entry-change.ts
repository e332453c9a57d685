import { codecFor } from "../database/open.js";
import type { Codec } from "../model/codec.js";
import type { Dataset } from "../model/dataset.js";
import type { Digest } from "../model/entry.js";
import type { Fields } from "../model/json.js";
import { differingPaths } from "../plan/entry-diff.js";
import { type ShownValue, showValues } from "../plan/show.js";
import { readCommit } from "../repository/commit-header.js";
import { type DataTree, dataAt, readDataset } from "../repository/data-tree.js";
import { isEntryPath } from "../repository/layout.js";
import type { ObjectReader } from "../repository/object-reader.js";
import type { Repository } from "../repository/repository.js";
import type { FileTouch } from "../repository/shard-tree.js";
import { nameOf } from "./entry-address.js";
import { readFields, type Version } from "./entry-history.js";

/** What one commit did to an entry. */
export interface EntryChange {
  weave: string;
  dataset: string;
  /** The file's plain name; `_dataset` for the description of the dataset. */
  name: string;
  /** `moved`: the file lies elsewhere; `renamed`: the key is another. */
  kind: "created" | "updated" | "deleted" | "moved" | "renamed";
  /** The plain name before, where it was renamed. */
  from?: string;
  /** Values before and after; none where one entry of many came or went. */
  fields: ShownValue[];
}

/** Entries of one commit that are told. */
const mostTold = 100;

/** Versions of entries that are kept for a while. */
const mostKept = 100;

/** How values of a dataset are told. */
interface Shape {
  dataset: Dataset;
  codec: Codec;
}

/** Tells changes by what the newest state says of datasets: a field that is masked now was a secret before. */
export interface Teller {
  /** The change that a version of an entry is, with all its values. */
  version(version: Version): Promise<EntryChange>;
  /** What one commit did to many entries: `mostTold` of the changes, and how many more there are. */
  entries(commit: Digest, entries: readonly TouchedEntry[]): Promise<{ changes: EntryChange[]; more: number }>;
}

export function openTeller(repository: Repository, objects: ObjectReader, newest: DataTree): Teller {
  const shapes = new Map<string, Promise<Shape | undefined>>();
  const shapeOf = (weave: string, directory: string, commit: Digest): Promise<Shape | undefined> => {
    const name = `${weave}/${directory}`;
    const known = shapes.get(name) ?? findShape(repository, objects, newest, { weave, directory, commit });
    shapes.set(name, known);
    return known;
  };

  // What one commit made is what the next one found.
  const read = new Map<Digest, Promise<Fields | undefined>>();
  const fieldsOf = (id: Digest): Promise<Fields | undefined> => {
    const known = read.get(id) ?? readFields(objects, id);
    read.set(id, known);
    if (read.size > mostKept) read.delete(read.keys().next().value!);
    return known;
  };

  const tell = async (commit: Digest, { path, before, after }: FileTouch, from?: string): Promise<EntryChange> => {
    const [, weave, directory] = path.split("/") as [string, string, string];
    const shape = await shapeOf(weave, directory, commit);
    const name = nameOf(path);
    const old = from === undefined ? name : nameOf(from);
    const there = before.filter((id) => id !== undefined);
    const versions = await Promise.all([after, ...there].map((id) => (id ? fieldsOf(id) : undefined)));
    return {
      weave,
      dataset: shape?.dataset.name ?? directory,
      name,
      kind: old !== name ? "renamed" : from !== undefined ? "moved" : kindOf(there.length > 0, after),
      ...(old !== name && { from: old }),
      fields: shape ? differences(shape, versions[0], versions.slice(1)) : [],
    };
  };

  return {
    version: ({ commit, file, from, before, after }) => tell(commit.id, { path: file, before, after }, from),
    async entries(commit, entries) {
      const told = entries.slice(0, mostTold).map(async ({ from, ...file }) => {
        const isUpdate = file.after !== undefined && file.before.some((id) => id !== undefined && id !== file.after);
        if (isUpdate) return tell(commit, file, from);
        const [, weave, directory] = file.path.split("/") as [string, string, string];
        const dataset = (await shapeOf(weave, directory, commit))?.dataset.name ?? directory;
        const isThere = file.before.some((id) => id !== undefined);
        const kind = isThere && file.after ? "moved" : kindOf(isThere, file.after);
        return { weave, dataset, name: nameOf(file.path), kind, fields: [] } satisfies EntryChange;
      });
      const changes = (await Promise.all(told)).filter((change, i) => !isMerged(change, entries[i]!));
      return { changes, more: Math.max(entries.length - mostTold, 0) };
    },
  };
}

/** Whether a merge took every field from one of its parents: then others made the change. */
export function isMerged({ kind, fields }: EntryChange, { before }: Pick<FileTouch, "before">): boolean {
  return kind === "updated" && fields.length === 0 && before.length > 1;
}

function kindOf(isThere: boolean, after: Digest | undefined): EntryChange["kind"] {
  return after === undefined ? "deleted" : isThere ? "updated" : "created";
}

/** What differs from every version before: of a merge, what it did not take from any of its parents. */
function differences(
  { dataset, codec }: Shape,
  after: Fields | undefined,
  befores: readonly (Fields | undefined)[],
): ShownValue[] {
  const [first, ...others] = befores.map((before) => differingPaths(before, after));
  const isNear = (a: string, b: string) => a === b || a.startsWith(`${b}/`) || b.startsWith(`${a}/`);
  const paths = first ?? differingPaths(undefined, after);
  const own = paths.filter((path) => others.every((other) => other.some((one) => isNear(one, path))));
  return showValues({ dataset, typeName: codec.typeName }, own, { before: befores[0], after });
}

/** A file of a commit, and where it was before if it moved. */
interface TouchedEntry extends FileTouch {
  from?: string;
}

/** Files of one commit as entries: one that went and one that came under the same name are one entry that moved. */
export function entriesOf(files: readonly FileTouch[]): TouchedEntry[] {
  const entries = new Map<string, TouchedEntry>();
  for (const file of files) {
    const [data, weave, directory, ...inside] = file.path.split("/");
    const path = inside.join("/");
    if (directory === undefined || (!isEntryPath(path) && path !== "_dataset.json")) continue;
    const name = [data, weave, directory, inside.at(-1)].join("/");
    const other = entries.get(name);
    const [gone, come] = file.after === undefined ? [file, other] : [other, file];
    if (!other) entries.set(name, file);
    else if (gone && come) entries.set(name, { ...come, before: gone.before, from: gone.path });
  }
  return [...entries.values()];
}

async function findShape(
  repository: Repository,
  objects: ObjectReader,
  newest: DataTree,
  { weave, directory, commit }: { weave: string; directory: string; commit: Digest },
): Promise<Shape | undefined> {
  const states = async function* () {
    yield newest;
    yield dataAt(objects, repository, commit);
    for (const parent of readCommit(await objects.read(commit, "commit")).parents) {
      if (await objects.find(parent)) yield dataAt(objects, repository, parent);
    }
  };
  for await (const state of states()) {
    const dataset = await readDataset(state, weave, directory);
    if (dataset) return { dataset, codec: await codecFor(dataset.engine) };
  }
  return undefined;
}
