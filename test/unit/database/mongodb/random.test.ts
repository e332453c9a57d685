import fc from "fast-check";
import { MongoClient } from "mongodb";
import { expect, test } from "vitest";
import { mongodbCodec } from "../../../../src/database/mongodb/codec.js";
import { openDatabase } from "../../../../src/database/open.js";
import type { Dataset } from "../../../../src/model/dataset.js";
import type { Entry } from "../../../../src/model/entry.js";
import { renderFields } from "../../../../src/model/json.js";
import { parseManifest } from "../../../../src/model/parse.js";
import { describeMongodb } from "../../../support/servers.js";
import * as b from "./bytes.js";
import { elements } from "./random-documents.js";
import { databaseUrl, insertRaw, rawDocuments } from "./server.js";
import { bsonZoo } from "./zoo.js";

const dataset = (name: string): Dataset => ({
  engine: "mongodb",
  name,
  key: ["_id"],
  selection: "",
  oneWay: false,
  layout: { kind: "files", fanout: 0 },
});

/** What every BSON type looks like, once at the top, once deeper and once as a key. */
const specimens = bsonZoo.flatMap(({ values }) =>
  values.flatMap(([, type, bytes], i): b.Element[][] => [
    [["v", type, bytes]],
    [b.document("v", ["x", type, bytes], b.array("y", ["", type, bytes]))],
    ...(i === 0 && ![0x04, 0x06, 0x0b].includes(type) ? [[["_id", type, bytes] as const]] : []), // no server takes these as _id
  ]),
);

describeMongodb("MongoDB", () => {
  test("promise 1, A1 to A9: weave(apply(T)) has the files of T, and the same bytes, over random documents", async () => {
    const url = databaseUrl();
    await using client = Object.assign(new MongoClient(url), { [Symbol.asyncDispose]: () => client.close() });
    await using database = await openDatabase(url);
    const db = client.db();
    const entriesOf = (name: string) =>
      database.read(async (session) => {
        const all: Entry[] = [];
        for await (const batch of session.entries(dataset(name))) all.push(...batch);
        return all.sort((a, b) => (a.key < b.key ? -1 : 1));
      });
    let [given, round] = [0, 0];
    const refused: string[] = [];
    const through = async (documents: b.Element[][]) => {
      const [source, copy] = [`source_${++round}`, `copy_${round}`];
      const withId = documents.map((list, i) => (list[0]?.[0] === "_id" ? list : [b.string("_id", `#${i}`), ...list]));
      const bytes = withId.map((list) => b.documentBytes(...list));
      refused.push(...(await insertRaw(db, source, bytes)));
      given += documents.length;
      const found = await entriesOf(source);
      const parsed = found.map(({ key, text }) => {
        const { fields, problems } = parseManifest(text);
        const canonical = mongodbCodec.canonical(dataset(source), fields);
        expect([...problems, ...canonical.problems]).toEqual([]);
        expect(renderFields(canonical.fields)).toBe(text);
        return { key, fields: canonical.fields };
      });
      await database.write((session) => session.write(dataset(copy), { kind: "create", entries: parsed }));
      expect(await rawDocuments(db, copy)).toEqual(await rawDocuments(db, source));
      expect(await entriesOf(copy)).toEqual(found);
    };
    try {
      await through(specimens);
      expect(refused.length, refused.join()).toBeLessThanOrEqual(4); // as _id, by some servers
      const lists = fc.array(elements, { minLength: 50, maxLength: 200, size: "max" });
      await fc.assert(fc.asyncProperty(lists, through), { numRuns: 10, endOnFailure: true });
      expect(refused.length / given).toBeLessThan(0.05);
    } finally {
      await db.dropDatabase();
    }
  });
});
