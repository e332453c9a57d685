import type { ReadSession, Table } from "../database/database.js";
import { wholeDataset } from "../database/describe.js";
import type { Dataset } from "../model/dataset.js";
import { type Digest, digestOf, type Key, partDigest, valueDigest } from "../model/entry.js";
import { HeddleError } from "../model/errors.js";
import type { Journal } from "../model/journal.js";
import { equalJson, type Fields, type Json } from "../model/json.js";
import type { Created, Exception, PreImage } from "../model/record.js";
import type { Side } from "../plan/side.js";
import { trustedFields } from "./values.js";

/** The pre-images of one dataset by the names of their entries. */
export type Images = ReadonlyMap<string, PreImage>;

/** For every entry its state before the oldest of these applies and after the newest. */
export async function collectImages(
  session: ReadSession,
  undoes: NonNullable<Journal["undoes"]>,
): Promise<Map<string, Map<string, PreImage>>> {
  const datasets = new Map<string, Map<string, PreImage>>();
  for (const { plan, counts, at } of undoes) {
    const all: PreImage[] = [];
    for await (const batch of session.preImages(plan)) all.push(...batch);
    // An apply that was resumed may have met an entry twice: the first image is older.
    for (const image of all.reverse()) {
      const images = datasets.get(image.dataset) ?? new Map<string, PreImage>();
      datasets.set(image.dataset, images);
      const newer = images.get(image.name);
      images.set(image.name, newer ? combined(image, newer) : image);
    }
    const count = all.length;
    if (count >= counts.created + counts.updated + counts.deleted) continue;
    throw new HeddleError("HDL301", `the pre-images of ${plan.slice(0, 8)} (${at}) are no longer kept`, {
      hint: "go back by git: revert the commit, or apply an older revision with --rollback",
    });
  }
  return datasets;
}

/** One image for two applies that followed each other. */
function combined({ after = [], created, ...older }: PreImage, newer: PreImage): PreImage {
  const both = { ...older, wanted: newer.wanted };
  if (!writtenFields(newer)) return both;
  if (newer.created) {
    const { fields } = newer.created;
    const others = [...after, ...(newer.after ?? [])].filter(([field]) => !fields.includes(field));
    return { ...both, ...(others.length > 0 && { after: others }), created: newer.created };
  }
  const first = created ? leftBy(created, newer.before!) : after;
  return { ...both, after: [...new Map([...first, ...newer.after!])] };
}

/** The fields of a created entry as the next apply found them; where they are not as they were left, none is. */
function leftBy({ fields, digest }: Created, before: string): NonNullable<PreImage["after"]> {
  const found = trustedFields(before);
  const isAsLeft = partDigest(found, fields) === digest;
  return fields.map((field) => [field, isAsLeft ? valueDigest(found.get(field)) : ""]);
}

/** The fields that an apply wrote; undefined where it deleted the entry. */
export function writtenFields({ after, created }: PreImage): string[] | undefined {
  if (!after && !created) return undefined;
  return [...(after ?? []).map(([field]) => field), ...(created?.fields ?? [])];
}

/** A collection that was never made: nothing was written into it. */
export function neverMade(name: string, images: Images, tables: readonly Table[]): boolean {
  return (
    !tables.some((table) => table.name === name) && [...images.values()].every(({ before }) => before === undefined)
  );
}

export function wholeOf(name: string, images: Images, engine: string, tables: readonly Table[]): Dataset {
  const [image] = images.values();
  const table = tables.find((candidate) => candidate.name === name);
  if (!table || !image) throw new HeddleError("HDL206", `${name}: the database has no such table any more`);
  const key = image.keyFields;
  if ([...images.values()].some(({ keyFields }) => JSON.stringify(keyFields) !== JSON.stringify(key))) {
    throw new HeddleError("HDL301", `${name}: its key changed between the applies that this would take back`, {
      hint: "undo the newest apply alone, then the one before it",
    });
  }
  const bare: Dataset = { engine, name, key, selection: "", oneWay: false, layout: { kind: "files", fanout: 0 } };
  return wholeDataset(bare, tables);
}

/** What the entries become: a side like a revision's. Of an entry that is there only what was written changes. */
export function sideOfImages(
  dataset: Dataset,
  images: Images,
  live: ReadonlyMap<string, string>,
  manifests: ReadonlyMap<string, Fields>,
  rows: boolean,
): Side {
  const names = new Map([...images.values()].map(({ key, name }) => [key, name]));
  const existed = [...images.values()].filter(({ before }) => before !== undefined);
  return {
    dataset,
    files: new Map(existed.map(({ name, before }): [string, Digest] => [name, digestOf(before!)])),
    shaped: false,
    nameOf: (key: Key) => names.get(key) ?? key,
    async *read(files) {
      yield files.map(([name]) => {
        const image = images.get(name)!;
        const { key, before } = image;
        const now = live.get(name);
        const fields = restored(trustedFields(before!), image, now === undefined ? now : trustedFields(now), rows);
        return { name, key, fields, manifest: manifests.get(name)! };
      });
    },
  };
}

/** What the revision before says of the fields that were written or altered, as far as what was stored tells. */
export function manifestsOf(
  images: Images,
  then: readonly Exception[],
  now: readonly Exception[],
): Map<string, Fields> {
  const alteredOf = (exceptions: readonly Exception[], { dataset, name }: PreImage) =>
    exceptions.flatMap((one) =>
      one.kind === "altered" && one.dataset === dataset && one.name === name ? one.fields : [],
    );
  const manifests = new Map<string, Fields>();
  for (const image of images.values()) {
    if (image.before === undefined) continue;
    const before = trustedFields(image.before);
    const altered = new Map(alteredOf(then, image).map((one) => [one.field, one]));
    const manifest: Fields = new Map();
    const names = writtenFields(image) ?? [...before.keys()];
    for (const name of [...names, ...altered.keys(), ...alteredOf(now, image).map(({ field }) => field)]) {
      const [value, one] = [before.get(name), altered.get(name)];
      const wanted = one && equalJson(value, one.stored) ? one.wanted : value;
      if (wanted !== undefined) manifest.set(name, wanted);
    }
    manifests.set(image.name, manifest);
  }
  return manifests;
}

/**
 * The entry as it was; where it is there, and was updated, as it is but for the fields that were written. A row that is
 * there keeps its columns that came later.
 */
export function restored(before: Fields, image: PreImage, now: Fields | undefined, rows: boolean): Fields {
  const fields = writtenFields(image);
  if (now === undefined || (fields === undefined && !rows)) return before;
  const written = new Set(fields ?? before.keys());
  const value = (name: string) => (written.has(name) ? before : now).get(name);
  return new Map(
    [...new Set([...before.keys(), ...now.keys()])].flatMap((name): [string, Json][] => {
      const own = value(name);
      return own === undefined ? [] : [[name, own]];
    }),
  );
}

/** What the database has of these entries now, whole, by name. */
export async function liveTexts(session: ReadSession, dataset: Dataset, images: Images): Promise<Map<string, string>> {
  const live = new Map<string, string>();
  const names = new Map([...images.values()].map(({ key, name }) => [key, name]));
  for await (const found of session.lookup(dataset, [...names.keys()])) {
    for (const { requested, entry } of found) live.set(names.get(requested)!, entry.text);
  }
  return live;
}
