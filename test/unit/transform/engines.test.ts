import { describe, expect, test } from "vitest";
import { mongodbCodec } from "../../../src/database/mongodb/codec.js";
import { postgresCodec } from "../../../src/database/postgres/codec.js";
import type { Codec } from "../../../src/model/codec.js";
import type { Dataset } from "../../../src/model/dataset.js";
import type { Problem } from "../../../src/model/errors.js";
import { type Fields, type Json, renderFields } from "../../../src/model/json.js";
import { compilePipeline } from "../../../src/transform/pipeline.js";
import type { Step } from "../../../src/transform/rules.js";
import { datasetOf } from "./plain-codec.js";
import { maskKey } from "./through.js";

async function run(codec: Codec, dataset: Dataset, steps: Step[], row: Record<string, Json>, when?: string) {
  const rule = { for: dataset.name, steps, ...(when !== undefined && { when }) };
  const pipeline = await compilePipeline({ rules: [rule], codec, maskKey });
  const fields: Fields = new Map(Object.entries(row));
  const { entries, problems } = await pipeline.run(dataset, [{ key: "[1]", text: renderFields(fields) }]);
  return {
    fields: entries[0] && (JSON.parse(entries[0].text) as Record<string, Json>),
    problems: problems as Problem[],
  };
}

describe("MongoDB", () => {
  const documents: Dataset = { ...datasetOf("t"), engine: "mongodb", key: ["_id"] };
  const mongo = (steps: Step[], fields: Record<string, Json>, when?: string) =>
    run(mongodbCodec, documents, steps, { _id: 1, ...fields }, when);

  test("A6: a computed value takes the type that the field has, else the narrowest", async () => {
    const price = { $numberDecimal: "10.50" };
    const compute = {
      "/price": "price * 2",
      "/long": "long + 1",
      "/double": "double * 2",
      "/new": "price",
      "/at": "at",
    };
    const at = { $date: { $numberLong: "1700000000000" } };
    const { fields, problems } = await mongo(
      [{ compute }],
      { price, long: { $numberLong: "4" }, double: { $numberDouble: "1.0" }, at },
      "price > 10 and at < '2026'",
    );
    expect(problems).toEqual([]);
    expect(fields).toEqual({
      _id: 1,
      price: { $numberDecimal: "21" },
      long: { $numberLong: "5" },
      double: { $numberDouble: "2.0" },
      at,
      new: 21,
    });
  });

  test("A5: a literal that looks like a wrapper but is none is refused", async () => {
    const { problems } = await mongo([{ merge: { a: { $numberLong: "x" } } }], {});
    expect(problems).toMatchObject([{ step: "transform[0].steps[0] merge", path: expect.stringMatching(/^\/a/) }]);
  });

  test("masks keep types, or refuse", async () => {
    const { fields } = await mongo(
      [{ mask: { "/n": "digits", "/l": "digits", "/d": "digits", "/o": "hash", "/s": "hash" } }],
      {
        n: 2_000_000_000,
        l: { $numberLong: "9223372036854775807" },
        d: { $numberDecimal: "1234567890123456789012345678901234" },
        o: { $oid: "65f0c0ffee65f0c0ffee65f0" },
        s: "65f0c0ffee65f0c0ffee65f0",
      },
    );
    expect(fields).toEqual({
      _id: 1,
      n: expect.any(Number),
      l: { $numberLong: expect.stringMatching(/^[1-9]\d{18}$/) },
      d: { $numberDecimal: expect.stringMatching(/^[1-9]\d{33}$/) },
      o: { $oid: fields!.s },
      s: expect.stringMatching(/^[\da-f]{24}$/),
    });
    const date = { $date: { $numberLong: "1700000000000" } };
    const binary = { $binary: { base64: "AAAA", subType: "00" } };
    for (const value of [
      date,
      binary,
      { $symbol: "x" },
      { $undefined: true },
      { $document: [["$x", 1]] },
      true,
    ] as Json[]) {
      for (const kind of ["email", "digits", "name", "hash"] as const) {
        const { problems } = await mongo([{ mask: { "/a": kind } }], { a: value });
        expect(problems).toMatchObject([{ message: expect.stringContaining(`cannot be masked by ${kind}`) }]);
      }
    }
  });

  test("A5: no step enters a typed value", async () => {
    const value = {
      $document: [
        ["1", { $numberLong: "5" }],
        ["$x", 1],
      ],
    } as Json;
    const steps: Step[] = [
      { patch: [{ op: "replace", path: "/a/$document/0", value: 1 }] },
      { remove: ["/a/$document"] },
      { compute: { "/a/b": "1" } },
      { rename: { "/a/b": "/a/c" } },
      { merge: { a: { b: 1 } } },
      { mask: { "/a/$document": "remove" } },
    ];
    for (const step of steps) {
      const { problems } = await mongo([step], { a: value });
      expect(problems).toMatchObject([{ message: expect.stringContaining("typed value") }]);
    }
  });
});

describe("PostgreSQL", () => {
  const rows: Dataset = {
    ...datasetOf("t", {
      id: "integer",
      price: "numeric(10,2)",
      big: "bigint",
      small: "smallint",
      at: "timestamp with time zone",
      tags: "text[]",
      doc: "jsonb",
    }),
    engine: "postgresql",
  };
  const row = {
    id: 1,
    price: "10.50",
    big: "9007199254740993",
    small: 30_000,
    at: "2026-11-01 12:00:00+00",
    tags: ["a", null],
    doc: { n: 1.5 },
  };
  const postgres = (steps: Step[], when?: string) => run(postgresCodec, rows, steps, row, when);

  test("C16: expressions see numbers where a double holds them, and give back the column's type", async () => {
    const compute = {
      "/price": "price + 0.25",
      "/big": "big",
      "/at": "at",
      "/tags": "$append(tags, doc.n > 1 ? 'x')",
      "/doc/n": "doc.n * 2",
    };
    const { fields, problems } = await postgres(
      [{ compute }],
      "price = 10.5 and big = '9007199254740993' and at < '2026-12'",
    );
    expect(problems).toEqual([]);
    expect(fields).toEqual({ ...row, price: "10.75", tags: ["a", null, "x"], doc: { n: 3 } });
  });

  test("digits fit the column again", async () => {
    const { fields, problems } = await postgres([
      { mask: { "/price": "digits", "/big": "digits", "/small": "digits" } },
    ]);
    expect(problems).toEqual([]);
    expect(fields).toMatchObject({
      price: expect.stringMatching(/^[1-9]\d\.\d\d$/),
      big: expect.stringMatching(/^9\d{15}$/),
    });
    expect(fields!.small).toBeLessThanOrEqual(32_767);
    expect(fields!.price).not.toBe(row.price);
  });

  test.each<[Step, string]>([
    [{ merge: { price: 1 } }, "/price"],
    [{ patch: [{ op: "replace", path: "/small", value: 70_000 }] }, "/small"],
    [{ merge: { tags: { a: 1 } } }, "/tags"],
    [{ mask: { "/big": "email" } }, "/big"],
  ])("what does not fit the column is a problem of its step: %j", async (step, path) => {
    const { problems } = await postgres([step]);
    expect(problems).toMatchObject([
      { path, step: expect.stringMatching(/^transform\[0\]\.steps\[0\] /), dataset: "t" },
    ]);
  });
});
