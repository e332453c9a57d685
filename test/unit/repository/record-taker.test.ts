import fc from "fast-check";
import { expect, test } from "vitest";
import { DigestMap } from "../../../src/model/digest-map.js";
import { DigestSet } from "../../../src/model/digest-set.js";
import { digestOf } from "../../../src/model/entry.js";
import { isEntryPath, splitPacked } from "../../../src/repository/layout.js";
import { recordTaker } from "../../../src/repository/record-taker.js";

const part = fc.oneof(
  fc.constantFrom("ab", "3f", "AB", "g0", "abc", "items", "größe", "3f.jsonl", "_x", ".x", "a"),
  fc.stringMatching(/^[0-9a-f]{2}$/),
);
const name = fc.oneof(
  fc.constantFrom(
    "1.json",
    "a,b.json",
    "_dataset.json",
    ".json",
    "x.json",
    "_weave.json",
    "é.json",
    "x.txt",
    "3f.jsonl",
  ),
  fc.constantFrom("a~0123456789abcdef.json", "a\nb.json", "json", "ab", "a.jsonl"),
);
const path = fc.tuple(fc.array(part, { maxLength: 4 }), name).map(([parts, name]) => [...parts, name].join("/"));
const head = fc.constantFrom(
  ...["100644 blob", "100644 blob", "100644 blob", "100755 blob", "120000 blob", "160000 commit", "040000 tree"],
);

/** What is left is looked at one by one, so that what is taken has to be beyond doubt. */
function isOrdinary(head: string, path: string): boolean {
  const slash = path.indexOf("/");
  if (head === "040000 tree") return slash >= 0;
  const inside = path.slice(slash + 1);
  return (
    head === "100644 blob" && slash > 0 && isEntryPath(inside) && !splitPacked(inside) && /^[\x00-\x7f]*$/.test(inside)
  );
}

test("a listing's entries and directories are taken, and nothing that is strange", () => {
  const records = fc.uniqueArray(fc.record({ head, path }), { selector: (one) => one.path, maxLength: 40 });
  fc.assert(
    fc.property(records, (all) => {
      const taken = new Map<string, DigestMap>();
      const objects = new DigestSet();
      const filesOf = (directory: string) => {
        const files = taken.get(directory) ?? new DigestMap();
        taken.set(directory, files);
        return files;
      };
      const take = recordTaker(filesOf, objects);
      const wanted = new Map<string, Map<string, string>>();
      const directories = new Set<string>();
      for (const { head, path } of all) {
        const id = digestOf(path);
        const bytes = Buffer.from(`before\0${head} ${id}\t${path}\0after`);
        const start = "before\0".length;
        const at = bytes.indexOf("\t") + 1;
        expect(take(bytes, start, at, at + Buffer.byteLength(path)), `${head} ${path}`).toBe(isOrdinary(head, path));
        if (!isOrdinary(head, path)) continue;
        if (head === "040000 tree") directories.add(id);
        else {
          const slash = path.indexOf("/");
          const directory = path.slice(0, slash);
          wanted.set(directory, (wanted.get(directory) ?? new Map()).set(path.slice(slash + 1), id));
        }
      }
      const filled = [...taken].filter(([, files]) => files.size > 0);
      expect(new Map(filled.map(([directory, files]) => [directory, new Map(files)]))).toEqual(wanted);
      expect(objects.size).toBe(directories.size);
      for (const id of directories) expect(objects.has(id)).toBe(true);
    }),
    { numRuns: 500 },
  );
});
