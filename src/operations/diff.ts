import type { Digest, Key } from "../model/entry.js";
import type { Fields } from "../model/json.js";
import { differingPaths } from "../plan/entry-diff.js";
import { type ShownValue, showValues } from "../plan/show.js";
import { openObjects } from "../repository/object-reader.js";
import { type EntryAddress, entryWithKey, findEntry, maskedToday, nameOf, readEntry } from "./entry-address.js";
import { type Moment, resolveMoment } from "./moment.js";
import { openProject } from "./project.js";

export interface DiffOptions {
  /** Where to look for the project from. */
  directory: string;
  /** `[WEAVE:]DATASET/KEY`. */
  entry: string;
  /** Times (ISO 8601 with zone) or revisions; `to` is the newest state of the branch where it is not given. */
  from: string;
  to?: string;
  /** The branch whose history is asked; HEAD. */
  branch?: string;
}

/** In what an entry differs between two states. */
export interface EntryDiff {
  weave: string;
  dataset: string;
  /** The file's plain name. */
  name: string;
  from: Digest;
  to: Digest;
  kind: "created" | "updated" | "deleted" | "equal";
  fields: ShownValue[];
  notes: string[];
}

/** Compares an entry between two times or revisions, field by field. HDL104, HDL301, HDL311, HDL312, HDL400, HDL402 where neither has it. */
export async function diff({ directory, entry, from, to, branch }: DiffOptions): Promise<EntryDiff> {
  const project = await openProject(directory);
  await using objects = openObjects(project.repository);
  const at = (text?: string) =>
    resolveMoment(project, objects, {
      ...(text !== undefined && { at: text }),
      ...(branch !== undefined && { branch }),
    });
  const moments = [await at(from), await at(to)] as const;
  const [before, after] = await versionsOf(moments[0], moments[1], entry);
  const { address } = (after ?? before)!;
  const { data: newest } = to === undefined ? moments[1] : await at();
  const masked = new Set([
    ...[before, after].flatMap((state) => state?.address.dataset.masked ?? []),
    ...(await maskedToday(newest, address)),
  ]);
  const paths = differingPaths(before?.fields, after?.fields);
  const same = before && after && paths.length === 0;
  const { dataset, codec, weave } = address;
  return {
    weave,
    dataset: dataset.name,
    name: nameOf(address.path),
    from: moments[0].commit,
    to: moments[1].commit,
    kind: same ? "equal" : !before ? "created" : !after ? "deleted" : "updated",
    fields: showValues({ dataset: { ...dataset, masked: [...masked] }, typeName: codec.typeName }, paths, {
      before: before?.fields,
      after: after?.fields,
    }),
    notes: moments.flatMap(({ notes }) => notes),
  };
}

interface Found {
  address: EntryAddress;
  fields: Fields;
  key: Key;
}

/** The address is read as the newer state understands it, as the older one where that has no such entry; the other is found by key. */
async function versionsOf(from: Moment, to: Moment, asked: string): Promise<[Found | undefined, Found | undefined]> {
  const read = async ({ data }: Moment, address: EntryAddress): Promise<Found> => ({
    address,
    ...(await readEntry(data, address)),
  });
  const counterpart = async (moment: Moment, { address, key }: Found) => {
    const other = await entryWithKey(moment.data, address, key);
    return other && read(moment, other);
  };
  const failure = (error: unknown) => error as Error;
  const here = await findEntry(to.data, asked).catch(failure);
  if (!(here instanceof Error)) {
    const after = await read(to, here);
    return [await counterpart(from, after), after];
  }
  const there = await findEntry(from.data, asked).catch(failure);
  if (there instanceof Error) throw here;
  const before = await read(from, there);
  return [before, await counterpart(to, before)];
}
