import fc from "fast-check";
import { expect, test } from "vitest";
import { mongodbCodec } from "../../../../src/database/mongodb/codec.js";
import { entryReader } from "../../../../src/database/mongodb/decode.js";
import { encodeDocument } from "../../../../src/database/mongodb/encode.js";
import type { Dataset } from "../../../../src/model/dataset.js";
import { renderFields } from "../../../../src/model/json.js";
import { parseManifest } from "../../../../src/model/parse.js";
import * as b from "./bytes.js";
import { documents, value } from "./random-documents.js";

const read = entryReader({ key: [] });
const dataset: Dataset = {
  engine: "mongodb",
  name: "things",
  key: [],
  selection: "",
  oneWay: false,
  layout: { kind: "files", fanout: 0 },
};

/** `_id` is put first in canonical form, as the server does. */
const idFirst = (names: string[]) => !names.includes("_id") || names[0] === "_id";

test("A1 to A9: any document comes back as the same bytes, and its text is canonical", () => {
  fc.assert(
    fc.property(documents, (bytes) => {
      const { text } = read(bytes);
      const { fields, problems } = parseManifest(text);
      expect(problems).toEqual([]);
      expect(renderFields(fields)).toBe(text);
      expect(encodeDocument(fields).toString("hex")).toBe(bytes.toString("hex"));
      const canonical = mongodbCodec.canonical(dataset, fields);
      expect(canonical.problems).toEqual([]);
      if (idFirst([...fields.keys()])) expect(renderFields(canonical.fields)).toBe(text);
    }),
    { numRuns: 3000 },
  );
});

test("a damaged document is refused, or carried as the bytes it is", () => {
  fc.assert(
    fc.property(documents, fc.nat(), fc.integer({ min: 0, max: 255 }), (bytes, where, byte) => {
      const damaged = Buffer.from(bytes);
      damaged[where % damaged.length] = byte;
      let text: string;
      try {
        ({ text } = read(damaged));
      } catch (error) {
        expect((error as Error).constructor.name).toBe("NotCarried");
        return;
      }
      expect(encodeDocument(parseManifest(text).fields).toString("hex")).toBe(damaged.toString("hex"));
    }),
    { numRuns: 3000 },
  );
});

test("an unselected damage does not matter to what is selected; a computed value that is what was seen changes nothing", () => {
  fc.assert(
    fc.property(value, (element) => {
      const { fields } = parseManifest(read(b.documentBytes(["v", element[1], element[2]])).text);
      const json = fields.get("v")!;
      const back = mongodbCodec.fromPlain(mongodbCodec.toPlain(json), json);
      expect(JSON.stringify(back)).toBe(JSON.stringify(json));
    }),
    { numRuns: 1000 },
  );
});
