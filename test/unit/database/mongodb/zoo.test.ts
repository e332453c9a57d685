import { expect, test } from "vitest";
import { bsonType } from "../../../../src/database/mongodb/bson.js";
import { mongodbCodec } from "../../../../src/database/mongodb/codec.js";
import { entryReader } from "../../../../src/database/mongodb/decode.js";
import { encodeDocument } from "../../../../src/database/mongodb/encode.js";
import type { Dataset } from "../../../../src/model/dataset.js";
import type { Json } from "../../../../src/model/json.js";
import { parseManifest } from "../../../../src/model/parse.js";
import * as b from "./bytes.js";
import { bsonZoo } from "./zoo.js";

const read = entryReader({ key: [] });
const dataset: Dataset = {
  engine: "mongodb",
  name: "things",
  key: [],
  selection: "",
  oneWay: false,
  layout: { kind: "files", fanout: 0 },
};

function carried(element: b.Element): Json {
  const bytes = b.documentBytes(element);
  const { fields } = parseManifest(read(bytes).text);
  expect(encodeDocument(fields).equals(bytes)).toBe(true);
  return fields.get("v")!;
}

function refused(element: b.Element): string {
  try {
    read(b.documentBytes(element));
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error("was not refused");
}

function malformed(value: Json): string {
  const { problems } = mongodbCodec.canonical(dataset, new Map([["v", value]]));
  expect(problems, JSON.stringify(value)).toHaveLength(1);
  return problems[0]!.message;
}

test("A6 to A8: there is a specimen of every BSON type", () => {
  const types = bsonZoo.map(({ values }) => values[0]![1]);
  expect(new Set(types)).toEqual(new Set(Object.values(bsonType)));
});

/** docs/formats.md has its table from this file: `npm run types` writes it. */
test("A5 to A9: every value has the form that it always had, and what cannot be carried or read is refused", async () => {
  const matrix = bsonZoo.map(({ type, values, refused: bad = [], malformed: texts = [] }) => {
    const forms = values.map(carried);
    for (const form of forms) expect(mongodbCodec.typeName(form)).toBe(type);
    return {
      type,
      values: forms.map((form) => JSON.stringify(form)),
      refused: [...new Set([...bad.map(refused), ...texts.map(malformed)])],
    };
  });
  await expect(`${JSON.stringify(matrix, null, 2)}\n`).toMatchFileSnapshot("zoo.golden.json");
});
