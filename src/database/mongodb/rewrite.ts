import type { Update } from "../database.js";
import { type RawValue, rawFields } from "./bson.js";
import { encodeDocument, encodeValue } from "./encode.js";

/**
 * A live document with an update made: what is not in it stays as it is, byte for byte; new fields come last; `order` puts
 * the selected fields into the places that selected fields have, so that the others stay where they are.
 */
export function rewrite(document: Buffer, { set, order }: Pick<Update, "set" | "order">): Buffer {
  const fields = rawFields(document);
  for (const [name, value] of set) {
    if (value === undefined) fields.delete(name);
    else fields.set(name, encodeValue(value));
  }
  if (!order) return encodeDocument(fields);
  const selected = order.filter((name) => fields.has(name));
  const places = new Set(selected);
  const names = selected.values();
  return encodeDocument(
    [...fields.keys()].map((name): [string, RawValue] => {
      const here = places.has(name) ? names.next().value! : name;
      return [here, fields.get(here)!];
    }),
  );
}
