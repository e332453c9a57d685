import fc from "fast-check";
import { expect, test } from "vitest";
import { type Json, renderFields } from "../../../src/model/json.js";
import { parseManifest } from "../../../src/model/parse.js";
import { byName, packed, readShard, renderShard, unpacked } from "../../../src/model/shard.js";
import { mergeShard } from "../../../src/plan/merge-shard.js";
import { hostileStrings } from "../../fixtures/hostile-strings.js";

const name = fc.oneof(
  fc.constantFrom("a", "b", "10", "2", "__proto__", "constructor", '":{', "}}", "\u2028", "é", ...hostileStrings),
  fc.string({ unit: "binary" }),
);
const value: fc.Arbitrary<Json> = fc.oneof(
  name,
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => (Object.is(number, -0) ? 0 : number)),
  fc.constantFrom<Json>(null, true, [], {}, [{}], { $numberLong: "1" }, { b: { c: [1, "x"] } }),
);
const text = fc
  .uniqueArray(fc.tuple(name, value), { selector: ([name]) => name, maxLength: 6 })
  .map((fields) => renderFields(new Map(fields)));

test("A1 to A9, E35: a line gives back the very bytes of the file that it stands for", () => {
  fc.assert(
    fc.property(text, (text) => {
      fc.pre(parseManifest(text).problems.length === 0);
      const json = packed(text)!;
      expect(json).not.toContain("\n");
      expect(unpacked(json)).toBe(text);
      const shard = renderShard([{ name: "a", json }]);
      expect(readShard(shard)).toEqual({ lines: [{ name: "a", json, line: 1 }], problems: [] });
    }),
    { numRuns: 500 },
  );
});

test("a line in another spelling stays as it is, to be told by who reads it", () => {
  for (const json of ['{"a": 1}', '{"a":1.0}', '{"a":1,"a":2}', '{"a":}', '{"__proto__":{"x":01}}']) {
    expect(unpacked(json)).toBe(`${json}\n`);
    expect(parseManifest(unpacked(json)).canonical).toBe(false);
  }
  expect(packed('{"a": 1}\n')).toBe('{"a": 1}');
  expect(packed('{\n "a": 1 }\n')).toBe('{"a":1}');
  expect(packed('{"a": 1,}\n')).toBeUndefined();
});

test("names are sorted as LC_ALL=C sort sorts lines", () => {
  const names = ["a", "a-b", "a.b", "a,b", "a_b", "a1", "A~0", "B", "b", "1", "10", "2"];
  const lines = names.map((name) => ({ name, json: "{}" }));
  const sorted = renderShard(lines.toSorted(byName));
  const rows = sorted.split("\n").slice(0, -1);
  expect(rows.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))).toEqual(rows);
  expect(readShard(sorted).problems).toEqual([]);
});

type Entries = Record<string, { x: number; y: number }>;
const shard = (entries: Entries) =>
  renderShard(
    Object.entries(entries)
      .map(([name, entry]) => ({ name, json: JSON.stringify(entry) }))
      .sort(byName),
  );

test("shards merge by entry and field: what one side changed is taken, what both changed differently is a conflict", () => {
  const entry = fc.option(fc.record({ x: fc.integer({ min: 0, max: 2 }), y: fc.integer({ min: 0, max: 2 }) }), {
    nil: undefined,
  });
  const three = fc.dictionary(fc.constantFrom("a", "b", "b-c", "d"), fc.tuple(entry, entry, entry));
  fc.assert(
    fc.property(three, (all) => {
      const side = (i: 0 | 1 | 2): Entries =>
        Object.fromEntries(Object.entries(all).flatMap(([name, sides]) => (sides[i] ? [[name, sides[i]]] : [])));
      const texts = { base: shard(side(0)), ours: shard(side(1)), theirs: shard(side(2)) };
      const { text, conflicts } = mergeShard(texts)!;
      const expected: Entries = {};
      const conflicting = new Set<string>();
      for (const [name, [base, ours, theirs]] of Object.entries(all)) {
        const same = (a: object | undefined, b: object | undefined) => JSON.stringify(a) === JSON.stringify(b);
        const whole = same(ours, theirs) || same(theirs, base) ? ours : theirs;
        if (same(ours, theirs) || same(theirs, base) || same(ours, base)) {
          if (whole) expected[name] = whole;
        } else if (!ours || !theirs) conflicting.add(name);
        else {
          const merged = { ...ours };
          for (const field of ["x", "y"] as const) {
            if (ours[field] === theirs[field] || theirs[field] === base?.[field]) continue;
            if (ours[field] === base?.[field]) merged[field] = theirs[field];
            else conflicting.add(name);
          }
          expected[name] = merged;
        }
      }
      expect(new Set(conflicts.map((conflict) => conflict.split(" ")[0]))).toEqual(conflicting);
      if (conflicting.size === 0) expect(text).toBe(shard(expected));
      else expect(readShard(text).problems).not.toEqual([]);
      const preferred = mergeShard(texts, { prefer: "ours" })!.text;
      expect(preferred === "" || readShard(preferred).problems.length === 0).toBe(true);
    }),
    { numRuns: 500 },
  );
});
