import type { Digest, Key } from "../../model/entry.js";
import type { PreImage } from "../../model/record.js";

/** Pre-images of one dataset whose applies wrote the same fields, with what they have in common said once. */
interface PackedImages {
  dataset: string;
  keyFields: string[];
  /** Names of the fields that were written; null where the entries were deleted. */
  fields: string[] | null;
  images: [key: Key, name: string, wanted: string | null, before: string | null, after: (Digest | null)[]][];
}

/** Of one row: large enough to matter, and small enough to be read at once. */
const most = 1000;

export function packImages(images: readonly PreImage[]): PackedImages[] {
  const packs: PackedImages[] = [];
  let kind = "";
  for (const { dataset, keyFields, key, name, wanted, before, after } of images) {
    const fields = after ? after.map(([field]) => field) : null;
    const own = JSON.stringify([dataset, keyFields, fields]);
    let pack = packs.at(-1);
    if (!pack || own !== kind || pack.images.length >= most) {
      pack = { dataset, keyFields, fields, images: [] };
      packs.push(pack);
      kind = own;
    }
    pack.images.push([key, name, wanted, before ?? null, after ? after.map(([, digest]) => digest) : []]);
  }
  return packs;
}

/** Of a row, also of one that holds a single image as older versions wrote it. */
export function unpackImages(row: PackedImages | PreImage): PreImage[] {
  if (!("images" in row)) return [row];
  const { dataset, keyFields, fields, images } = row;
  return images.map(([key, name, wanted, before, after]) => ({
    ...{ dataset, keyFields, key, name, wanted },
    ...(before !== null && { before }),
    ...(fields && { after: fields.map((field, i): [string, Digest | null] => [field, after[i]!]) }),
  }));
}
