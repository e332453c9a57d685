import type { Digest, Key } from "../model/entry.js";
import type { PreImage } from "../model/record.js";

/** Pre-images of one dataset whose applies wrote the same fields, with what they have in common said once. */
export type PackedImages = {
  dataset: string;
  keyFields: string[];
} & (
  | {
      /** Names of the fields that were written; null where the entries were deleted. */
      fields: string[] | null;
      images: [key: Key, name: string, wanted: string | null, before: string | null, after: (Digest | null)[]][];
    }
  | {
      /** Names of the fields that created entries have. */
      created: readonly string[];
      /** Without the digest where it is what was wanted. */
      images: [key: Key, name: string, wanted: string | null, digest?: Digest][];
    }
);

/** Of one pack: large enough to matter, and small enough to be read at once. */
const most = 5000;

export function packImages(images: readonly PreImage[]): PackedImages[] {
  const packs: PackedImages[] = [];
  let last: PreImage | undefined;
  for (const image of images) {
    let pack = packs.at(-1);
    if (!pack || !last || pack.images.length >= most || !isAlike(image, last)) {
      pack = emptyPack(image);
      packs.push(pack);
    }
    const { key, name, wanted, before, after, created } = image;
    if (!("created" in pack))
      pack.images.push([key, name, wanted, before ?? null, (after ?? []).map(([, one]) => one)]);
    else pack.images.push(created!.digest === wanted ? [key, name, wanted] : [key, name, wanted, created!.digest]);
    last = image;
  }
  return packs;
}

function emptyPack({ dataset, keyFields, after, created }: PreImage): PackedImages {
  if (created) return { dataset, keyFields, created: created.fields, images: [] };
  return { dataset, keyFields, fields: after ? after.map(([field]) => field) : null, images: [] };
}

function isAlike(one: PreImage, other: PreImage): boolean {
  return (
    one.dataset === other.dataset &&
    isSame(one.keyFields, other.keyFields) &&
    isSame(one.created?.fields, other.created?.fields) &&
    (one.after === other.after || isSame(fieldsOf(one), fieldsOf(other)))
  );
}

const fieldsOf = ({ after }: PreImage) => after?.map(([field]) => field);

function isSame(one: readonly string[] | undefined, other: readonly string[] | undefined): boolean {
  return one === other || (one?.length === other?.length && one!.every((name, i) => name === other![i]));
}

/** Also of one that holds a single image, as older versions wrote it. */
export function unpackImages(pack: PackedImages | PreImage): PreImage[] {
  if (!("images" in pack)) return [pack];
  const { dataset, keyFields } = pack;
  if ("created" in pack) {
    const { created: fields, images } = pack;
    return images.map(([key, name, wanted, digest = wanted!]) => ({
      ...{ dataset, keyFields, key, name, wanted },
      created: { fields, digest },
    }));
  }
  const { fields, images } = pack;
  return images.map(([key, name, wanted, before, after]) => ({
    ...{ dataset, keyFields, key, name, wanted },
    ...(before !== null && { before }),
    ...(fields && { after: fields.map((field, i): [string, Digest | null] => [field, after[i]!]) }),
  }));
}
