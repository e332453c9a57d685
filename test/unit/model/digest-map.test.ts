import fc from "fast-check";
import { expect, test } from "vitest";
import { DigestMap } from "../../../src/model/digest-map.js";
import { DigestSet } from "../../../src/model/digest-set.js";
import { digestOf } from "../../../src/model/entry.js";

const name = fc.oneof(
  fc.integer({ min: 0, max: 300 }).map((n) => `${(n % 7).toString(16)}/${n}.json`),
  fc.constantFrom("", "é.json", "größe.json", "西部劇.json", "a/西.json", "a.json", "b/a.json", "xa.json"),
);
const digest = fc.oneof(
  { weight: 9, arbitrary: fc.nat(50).map((n) => digestOf(`${n}`)) },
  fc.constantFrom("", "x", "0".repeat(64)),
);
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant("set" as const), name, digest }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("delete" as const), name }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("takeIf" as const), name, digest }) },
  fc.record({ do: fc.constantFrom("copy" as const, "clear" as const) }),
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** By bytes that lie in a buffer, where that can be done. */
function setBytes(map: DigestMap, name: string, digest: string): boolean {
  if (digest.length !== 40 || name.length % 2 === 0 || !/^[\x00-\x7f]*$/.test(name)) return false;
  const bytes = Buffer.from(`${digest}\t${name}\0`);
  return map.setBytes(bytes, digest.length + 1, digest.length + 1 + name.length, 0);
}

test("a DigestMap that grows after something was deleted from it loses nothing", () => {
  const digest = digestOf("");
  const names = Array.from({ length: 300 }, (_, i) => `${i}.json`);
  for (let before = 1; before < 150; before += 7) {
    const map = new DigestMap(names.slice(0, before).map((name) => [name, digest]));
    map.delete("0.json");
    for (const [i, name] of names.entries()) {
      if (i < before) continue;
      map.set(name, digest);
      expect(map.has(name), `${name} after ${before}`).toBe(true);
    }
    expect([...map.keys()]).toEqual(names.slice(1));
  }
});

test("a DigestMap is a Map, and what happens to a copy leaves it alone", () => {
  const same = (map: DigestMap, model: Map<string, string>) => {
    expect(new Map(map)).toEqual(model);
    expect(map.size).toBe(model.size);
    for (const key of model.keys()) expect(map.get(key)).toBe(model.get(key));
    expect(new Set(map.keys())).toEqual(new Set(model.keys()));
    expect([...map.values()].sort()).toEqual([...model.values()].sort());
  };
  const run = (steps: Step[]) => {
    let [map, model] = [new DigestMap(), new Map<string, string>()];
    const left: [DigestMap, Map<string, string>][] = [];
    for (const one of steps) {
      if (one.do === "set") {
        expect(map.has(one.name)).toBe(model.has(one.name));
        if (!setBytes(map, one.name, one.digest)) map.set(one.name, one.digest);
        model.set(one.name, one.digest);
      } else if (one.do === "takeIf") {
        const isThere = model.get(one.name) === one.digest;
        expect(map.takeIf(one.name, one.digest)).toBe(isThere);
        if (isThere) model.delete(one.name);
      } else if (one.do === "delete") expect(map.delete(one.name)).toBe(model.delete(one.name));
      else if (one.do === "clear") {
        map.clear();
        model.clear();
      } else {
        left.push([map, model]);
        [map, model] = [new DigestMap(map), new Map(model)];
      }
      for (const [other, content] of left) {
        if (map.isCopyOf(other)) expect(model).toEqual(content);
      }
    }
    for (const [map, model] of left) same(map, model);
    same(map, model);
  };
  fc.assert(fc.property(fc.array(step, { maxLength: 400 }), run), { numRuns: 150 });
});

test("a copy is known for one until one of the two changes", () => {
  const changes: ((map: DigestMap) => unknown)[] = [
    (map) => map.set("3.json", digestOf("3")),
    (map) => map.set("1.json", digestOf("3")),
    (map) => map.set("é西.json", "x"),
    (map) => map.delete("1.json"),
    (map) => map.clear(),
  ];
  for (const change of changes) {
    for (const which of [0, 1]) {
      const map = new DigestMap([
        ["1.json", digestOf("1")],
        ["2.json", digestOf("2")],
      ]);
      const copy = new DigestMap(map);
      expect(copy.isCopyOf(map) && map.isCopyOf(copy)).toBe(true);
      change([map, copy][which]!);
      expect(copy.isCopyOf(map) || map.isCopyOf(copy)).toBe(false);
    }
  }
});

test("by name: what follows the last slash, with the whole path", () => {
  const paths = fc.uniqueArray(name, { selector: (path) => path.slice(path.lastIndexOf("/") + 1) });
  const run = (all: string[], gone: string[]) => {
    const map = new DigestMap(all.map((path, i) => [path, digestOf(`${i}`)]));
    for (const path of gone) map.delete(path);
    const byName = map.byName();
    const model = new Map([...map].map(([path, digest]) => [path.slice(path.lastIndexOf("/") + 1), digest]));
    expect(new Map(byName)).toEqual(model);
    for (const path of map.keys()) expect(byName.pathOf(path.slice(path.lastIndexOf("/") + 1))).toBe(path);
    for (const key of model.keys()) {
      expect(byName.delete(key)).toBe(true);
      expect(byName.has(key)).toBe(false);
    }
    expect(byName.size).toBe(0);
    expect(map.size).toBe(model.size);
  };
  fc.assert(fc.property(paths, fc.array(name, { maxLength: 20 }), run), { numRuns: 150 });
});

test("a DigestSet has what was added", () => {
  fc.assert(
    fc.property(fc.array(digest), fc.array(digest), (added, asked) => {
      const model = new Set(added.filter((one) => one.length === 40));
      const set = new DigestSet();
      for (const one of added) set.add(one);
      expect([...model].map((one) => set.indexOf(one))).toEqual([...model].map((_, i) => i));
      expect(set.size).toBe(model.size);
      for (const one of [...added, ...asked]) expect(set.has(one)).toBe(model.has(one));
    }),
  );
  const many = new DigestSet();
  for (let i = 0; i < 5000; i++) many.add(digestOf(`${i}`));
  expect(many.size).toBe(5000);
  expect(many.has(digestOf("4999")) && !many.has(digestOf("5000"))).toBe(true);
});
