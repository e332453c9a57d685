import fc from "fast-check";
import { expect, test } from "vitest";
import { postgresCodec } from "../../../src/database/postgres/codec.js";
import type { Dataset, Layout } from "../../../src/model/dataset.js";
import { DigestMap } from "../../../src/model/digest-map.js";
import { digestOf, type Entry } from "../../../src/model/entry.js";
import { takeFiles } from "../../../src/operations/taken-files.js";
import { entryPath } from "../../../src/repository/layout.js";
import type { ObjectWriter } from "../../../src/repository/writer.js";

const key = fc
  .oneof(fc.nat(40), fc.constantFrom("a", "A", "con", "é", "b.c", ""))
  .map((part) => JSON.stringify([part]));
const entry = fc.record({ key, text: fc.nat(3).map((n) => `{\n  "v": ${n}\n}\n`) });
const entries = fc.uniqueArray(entry, { selector: (one) => one.key, maxLength: 30 });
const layout = fc.constantFrom<Layout>(
  { kind: "files", fanout: 0 },
  { kind: "files", fanout: 1 },
  { kind: "files", fanout: 2 },
  { kind: "lines", shards: 16 },
);

const datasetOf = (layout: Layout): Dataset => ({
  ...{ name: "items", engine: "postgresql", key: ["id"], references: [], selection: "", oneWay: false },
  layout,
});
const filesOf = (all: readonly Entry[], layout: Layout) =>
  new DigestMap(all.map(({ key, text }) => [entryPath(key, layout, postgresCodec.keyName), digestOf(text)]));

/** A writer that only remembers what it was given. */
function remembering() {
  const written: string[] = [];
  const entries: ObjectWriter["entries"] = async (all) => {
    const texts = all.map(({ text }) => text);
    written.push(...texts);
    return texts.map(digestOf);
  };
  return { written, writer: { entries } as ObjectWriter };
}

async function take(had: DigestMap | undefined, all: readonly Entry[], layout: Layout) {
  const { written, writer } = remembering();
  const taken = takeFiles(datasetOf(layout), postgresCodec, writer, had);
  for (let i = 0; i < all.length; i += 7) await taken.add(all.slice(i, i + 7));
  return { files: taken.files(), size: taken.size, written };
}

test("what a source gives is each entry in its place; what the branch has there is not written again", async () => {
  await fc.assert(
    fc.asyncProperty(entries, entries, layout, async (before, now, layout) => {
      const had = filesOf(before, layout);
      const { files, size, written } = await take(had, now, layout);
      expect(new Map(files)).toEqual(new Map(filesOf(now, layout)));
      expect(size).toBe(now.length);
      const paths = now.map(({ key }) => entryPath(key, layout, postgresCodec.keyName));
      expect(written).toEqual(
        now.filter(({ text }, i) => had.get(paths[i]!) !== digestOf(text)).map(({ text }) => text),
      );
      expect(new Map(had)).toEqual(new Map(filesOf(before, layout)));
      expect((await take(undefined, now, layout)).written).toEqual(now.map(({ text }) => text));
    }),
  );
});

test("an unchanged source gives a copy of what the branch has", async () => {
  const all = Array.from({ length: 100 }, (_, i) => ({ key: `[${i}]`, text: `${i}` }));
  const had = filesOf(all, { kind: "files", fanout: 1 });
  const { files } = await take(had, all.toReversed(), { kind: "files", fanout: 1 });
  expect(files.isCopyOf(had)).toBe(true);
  expect((await take(had, all.slice(1), { kind: "files", fanout: 1 })).files.isCopyOf(had)).toBe(false);
});

test("an entry in the place of another layout stays there until it changes", async () => {
  const layout: Layout = { kind: "files", fanout: 1 };
  const had = new DigestMap([["1.json", digestOf("one")]]);
  expect([...(await take(had, [{ key: "[1]", text: "one" }], layout)).files.keys()]).toEqual(["1.json"]);
  const [place] = (await take(had, [{ key: "[1]", text: "two" }], layout)).files.keys();
  expect(place).toBe(entryPath("[1]", layout, postgresCodec.keyName));
  // In two places it is not known which one is meant: its own.
  const both = new DigestMap([...had, [place!, digestOf("one")]]);
  const { files, written } = await take(both, [{ key: "[1]", text: "one" }], layout);
  expect([[...files.keys()], written]).toEqual([[place], []]);
});

test.each([
  ["the branch has none of them", []],
  ["the branch has the first", [["ones"]]],
  ["the branch has it in another layout's place", [["ones", "1.json"]]],
])("two entries of one key are refused where %s", async (_, before) => {
  const layout: Layout = { kind: "files", fanout: 1 };
  const place = entryPath("[1]", layout, postgresCodec.keyName);
  const had = new DigestMap(before.map(([text, path = place]) => [path, digestOf(text!)]));
  for (const second of ["ones", "twos"]) {
    const all = ["ones", second].map((text) => ({ key: "[1]", text }));
    await expect(take(had, all, layout)).rejects.toMatchObject({ code: "HDL209" });
  }
});
