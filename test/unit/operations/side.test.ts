import { expect, test } from "vitest";
import { mongodbCodec } from "../../../src/database/mongodb/codec.js";
import { postgresCodec } from "../../../src/database/postgres/codec.js";
import type { Codec } from "../../../src/model/codec.js";
import type { Dataset } from "../../../src/model/dataset.js";
import { digestOf } from "../../../src/model/entry.js";
import { type Json, renderFields } from "../../../src/model/json.js";
import type { Exception } from "../../../src/model/record.js";
import { withKept, withStored } from "../../../src/operations/exceptions.js";
import { sideOf } from "../../../src/operations/side.js";
import type { Side, Wanted } from "../../../src/plan/side.js";
import { renderDataset, renderWeave } from "../../../src/repository/description.js";
import { entryName } from "../../../src/repository/layout.js";
import { openRepository } from "../../../src/repository/repository.js";
import { atCommit } from "../../../src/repository/source.js";
import { readWeave } from "../../../src/repository/weave.js";
import { compilePipeline } from "../../../src/transform/pipeline.js";
import { makeRepository, type TestRepository } from "../../support/git.js";

const table: Dataset = {
  ...{ engine: "postgresql", name: "t", key: ["id"], selection: "d", oneWay: false },
  layout: { kind: "files", fanout: 0 },
  fields: [
    { name: "id", type: "integer" },
    { name: "v", type: "text" },
  ],
};
const { fields: _, ...documents }: Dataset = { ...table, engine: "mongodb", key: ["_id"] };

async function sideIn(made: TestRepository, dataset: Dataset, codec: Codec, rows: Json[][]): Promise<Side> {
  const description = {
    formatVersion: 1,
    source: "s",
    selection: "d",
    view: "4b825dc642cb6eb9a060e54bf8d69288fbee4904",
  };
  made.write("data/w/_weave.json", renderWeave(description));
  made.write("data/w/t/_dataset.json", renderDataset(dataset));
  for (const [id, v] of rows) {
    const text = renderFields(
      new Map([
        [dataset.key[0]!, id!],
        ["v", v!],
      ]),
    );
    made.write(`data/w/t/${entryName(JSON.stringify([id]), codec.keyName)}`, text);
  }
  const repository = await openRepository(made.directory, { environment: made.environment });
  const source = atCommit(repository, made.commitAll());
  const data = (await readWeave(source, "w")).datasets.get("t")!;
  const overlay = await compilePipeline({ rules: [], codec, origin: "overlay" });
  return sideOf({ source, weave: "w", data, codec, overlay });
}

async function read(side: Side, names = [...side.files.keys()]) {
  const all = [];
  for await (const batch of side.read(names.map((name) => [name, side.files.get(name)!]))) all.push(...batch);
  return all.map(({ name, key, fields, digest }) => ({ name, key, fields, digest }));
}

const values: Json[] = ["plain", "é", 'a "b"\\', null, "x\ny", ""];
const nested: Json[] = [
  1.5,
  { $date: { $numberLong: "5" } },
  {
    $document: [
      ["b", "a"],
      ["1", "a"],
    ],
  },
  { 0: 1, b: [1, { c: null }] },
];

test.each([
  ["PostgreSQL", table, postgresCodec, values],
  ["MongoDB", documents, mongodbCodec, [...values, ...nested]],
] as const)("entries of %s are the same however often they are read", async (_, dataset, codec, all) => {
  using made = makeRepository();
  const side = await sideIn(
    made,
    dataset,
    codec,
    all.map((value, i) => [i, value]),
  );
  const first = await read(side);
  expect(first.map(({ name, fields }) => [name, fields.get("v")])).toEqual(all.map((value, i) => [`${i}.json`, value]));
  for (const { digest, fields } of first) expect(digest).toBe(digestOf(renderFields(fields)));
  for (const time of ["from what was kept", "from git again", "once more"])
    expect(await read(side), time).toEqual(first);
  expect(await read(side, ["3.json", "1.json"])).toEqual([first[3], first[1]]);
});

test("what is put around a side keeps its entries' names and keys, and no text of what they were", async () => {
  using made = makeRepository();
  const plain = await sideIn(made, table, postgresCodec, [
    [1, "a"],
    [2, "b"],
  ]);
  const named = (name: string) => ({ dataset: "t", name });
  const stored: Exception = { kind: "altered", ...named("1.json"), fields: [{ field: "v", wanted: "a", stored: "A" }] };
  const kept: Exception = { kind: "kept", ...named("2.json"), base: renderFields(new Map<string, Json>([["id", 2]])) };
  const lost: Exception = { kind: "kept", ...named("1.json") };
  const all = async (side: Side) => {
    const found: Wanted[] = [];
    for await (const batch of side.read([...side.files])) found.push(...batch);
    return found.map(({ name, key, fields, text, lost = false }) => [
      name,
      key,
      fields.get("v"),
      text === undefined,
      lost,
    ]);
  };
  for (let time = 0; time < 3; time++) {
    expect(await all(withStored(plain, [stored]))).toEqual([
      ["1.json", "[1]", "A", true, false],
      ["2.json", "[2]", "b", false, false],
    ]);
    expect(await all(withKept(plain, [kept, lost]))).toEqual([
      ["1.json", "[1]", "a", true, true],
      ["2.json", "[2]", undefined, true, false],
    ]);
  }
});

test("E37: a copy of a file that was read is refused under its own name, also where it is read alone", async () => {
  using made = makeRepository();
  made.write(
    "data/w/t/copy.json",
    renderFields(
      new Map<string, Json>([
        ["id", 1],
        ["v", "a"],
      ]),
    ),
  );
  const side = await sideIn(made, table, postgresCodec, [[1, "a"]]);
  await read(side, ["1.json"]);
  await expect(read(side, ["copy.json"])).rejects.toMatchObject({ code: "HDL400", problems: { length: 1 } });
});
