import { createHash } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { DigestTable } from "../../../src/model/digest-table.js";

const digest = (i: number) => createHash("sha1").update(String(i)).digest("hex");

test("a table of digests holds what a Map would, and so does one that is made of its content", () => {
  const key = fc.integer({ min: 0, max: 400 });
  // Keys that begin alike lie in one place.
  const keys = fc.oneof(
    key.map(digest),
    key.map((i) => `00000000${digest(i).slice(8)}`),
    key.map((i) => `ffffffff${digest(i).slice(8)}`),
  );
  const values = fc.option(fc.integer().map(digest));
  fc.assert(
    fc.property(fc.array(fc.tuple(keys, values), { maxLength: 500 }), (entries) => {
      const [table, map] = [new DigestTable(), new Map(entries)];
      for (const [name, value] of entries) table.set(name, value);
      for (const one of [table, new DigestTable(Buffer.from(table.content))]) {
        expect(one.size).toBe(map.size);
        for (const [name, value] of map) expect(one.get(name)).toBe(value);
        for (let i = 401; i < 420; i++) expect(one.get(digest(i))).toBe(undefined);
      }
    }),
    { numRuns: 50 },
  );
});
