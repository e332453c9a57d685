import type { Dataset } from "../../model/dataset.js";
import type { Entry } from "../../model/entry.js";
import { bsonType, NotCarried, nameEnd, refuse, valueEnd } from "./bson.js";
import { hasDuplicates, isName, names, noteName } from "./field-name.js";
import * as json from "./json-writer.js";
import { endOfValue, member, openDocument, value } from "./value-text.js";

/**
 * BSON documents → canonical JSON text. Names and strings are copied as bytes, never made into JavaScript objects, which would
 * reorder integer-like names, collapse duplicates and lose types.
 */
const { out } = json;

/** A reader of a dataset's documents: what the selection leaves of each, as an entry. Throws NotCarried. */
export function entryReader(dataset: Pick<Dataset, "key" | "pick" | "omit">): (document: Uint8Array) => Entry {
  const key = dataset.key.map((name) => Buffer.from(name));
  const pick = dataset.pick?.map((name) => Buffer.from(name));
  const omit = dataset.omit?.map((name) => Buffer.from(name));
  const nullable = dataset.key.length === 1 && dataset.key[0] === "_id";

  return (document) =>
    guarded(document, (source) => {
      const last = openDocument(source, 0, source.length);
      const keyAt = key.map(() => -1);
      let count = 0;
      json.beginText(true);
      out.byte(0x7b);
      for (let at = 4; at < last; ) {
        const start = at + 1;
        const end = nameEnd(source, start);
        const next = endOfValue(source, source[at]!, end + 1, last);
        for (let i = 0; i < key.length; i++) if (isName(source, start, end, key[i]!)) keyAt[i] = at;
        if (!pick || pick.some((name) => isName(source, start, end, name))) {
          if (!omit?.some((name) => isName(source, start, end, name))) {
            field.start = start;
            field.end = end;
            if (count++ > 0) out.byte(0x2c);
            noteName(source, start, end);
            member(source, at, start, end, next, 0);
          }
        }
        at = next;
      }
      field.end = -1;
      if (hasDuplicates(source, 4, last, 0)) refuse("two top-level fields of one name");
      if (count > 0) json.newLine(0);
      out.byte(0x7d);
      out.byte(0x0a);
      const textEnd = out.length;

      json.beginText(false);
      for (let i = 0; i < key.length; i++) {
        const at = keyAt[i]!;
        if (at < 0) refuse(`no field ${JSON.stringify(dataset.key[i])}, which belongs to the key`);
        const type = source[at]!;
        if (!nullable && (type === bsonType.null || type === bsonType.undefined))
          refuse(`the key field ${JSON.stringify(dataset.key[i])} is null`);
        out.byte(i === 0 ? 0x5b : 0x2c);
        const valueAt = nameEnd(source, at + 1) + 1;
        value(source, type, valueAt, valueEnd(source, type, valueAt), 0);
      }
      out.byte(0x5d);
      return { key: json.textBetween(textEnd, out.length), text: json.textBetween(0, textEnd) };
    });
}

/** Where the name of the current top-level field lies, for messages. */
const field = { start: 0, end: -1 };

function guarded<T>(document: Uint8Array, work: (source: Buffer) => T): T {
  const source = Buffer.from(document.buffer, document.byteOffset, document.byteLength);
  out.reset();
  names.length = 0;
  field.end = -1;
  try {
    return work(source);
  } catch (error) {
    const told = error instanceof RangeError ? new NotCarried("not well-formed BSON: a length is wrong") : error;
    if (told instanceof NotCarried && field.end >= 0) told.field = source.toString("utf8", field.start, field.end);
    throw told;
  }
}
