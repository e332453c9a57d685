import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Pack } from "../../../src/repository/pack.js";
import { openRepository, type Repository } from "../../../src/repository/repository.js";
import { openWriter } from "../../../src/repository/writer.js";
import { makeRepository, type TestRepository } from "../../support/git.js";

const open = (made: TestRepository): Promise<Repository> =>
  openRepository(made.directory, { environment: made.environment });

const show = (made: TestRepository, id: string) => made.git("cat-file", "blob", id);

describe("objects are what git itself would write", () => {
  test.each([0, 1, 15, 16, 65_535, 65_536, 131_070, 131_071, 3_000_000])("a blob of %i bytes", async (size) => {
    using made = makeRepository();
    // Bytes that differ from block to block, so that a lost or doubled block is seen.
    const text = Array.from({ length: Math.ceil(size / 8) }, (_, i) => i.toString(36).padStart(8, "é"))
      .join("")
      .slice(0, size);
    const writer = openWriter(await open(made));
    const [id] = await writer.blobs([text]);
    await writer.flush();
    made.write("file", text);
    expect(made.git("hash-object", "--no-filters", "file")).toBe(id);
    expect(made.git("cat-file", "-s", id!)).toBe(String(Buffer.byteLength(text)));
    expect(made.git("fsck", "--strict")).not.toMatch(/error|corrupt/);
  });

  test("trees, sorted as git sorts: the same ids as git's own", async () => {
    using made = makeRepository();
    const names = ["a", "a.b", "a-b", "a0", "A", "z", "é", "\u{1F600}", "\uFFFD", "b.json", "b"];
    const files = names.flatMap((name) => [
      [`${name}.f`, name],
      [`${name}/x`, `${name} x`],
      [`${name}/deep/er/y`, "y"],
    ]) as [string, string][];
    const writer = openWriter(await open(made));
    const ids = await writer.blobs(files.map(([, text]) => text));
    const tree = await writer.tree(files.map(([path], i) => [path, ids[i]!] as const).reverse());
    await writer.flush();
    for (const [path, text] of files) made.write(path, text);
    made.git("add", "--all");
    expect(tree).toBe(made.git("write-tree"));
    expect(await writer.tree([])).toBe("4b825dc642cb6eb9a060e54bf8d69288fbee4904");
  });

  test("many objects go into a pack, few become loose, known ones are left out", async () => {
    using made = makeRepository();
    const repository = await open(made);
    const count = () => made.git("count-objects", "-v").replaceAll("\n", " ");
    const few = openWriter(repository);
    await few.blobs(["one", "two", "one"]);
    await few.flush();
    expect(count()).toMatch(/^count: 2 .*packs: 0/);
    const texts = Array.from({ length: 300 }, (_, i) => `text ${i}`);
    const many = openWriter(repository);
    const ids = await many.blobs(texts);
    await many.flush();
    expect(count()).toMatch(/in-pack: 300 packs: 1/);
    expect(show(made, ids[299]!)).toBe("text 299");
    const known = openWriter(repository, { known: (id) => ids.includes(id) });
    expect(await known.blobs(texts)).toEqual(ids);
    await known.flush();
    expect(count()).toMatch(/in-pack: 300 packs: 1/);
  });

  test("more than one pack's worth, and objects larger than a pack: all arrive", async () => {
    using made = makeRepository();
    const writer = openWriter(await open(made));
    const texts = Array.from({ length: 18 }, (_, i) => `${i} `.repeat(500_000));
    const ids = await writer.blobs(texts);
    const [huge] = await writer.blobs(["x".repeat(34_000_000)]);
    await writer.flush();
    expect(made.git("cat-file", "-s", huge!)).toBe("34000000");
    for (const [i, id] of ids.entries()) expect(made.git("cat-file", "-s", id)).toBe(String(texts[i]!.length));
  });

  test("abort writes nothing more", async () => {
    using made = makeRepository();
    const writer = openWriter(await open(made));
    await writer.blobs(["never"]);
    writer.abort();
    await expect(writer.flush()).rejects.toThrow();
    expect(made.git("count-objects")).toMatch(/^0 objects/);
  });

  test("F40: a repository that cannot be written is an error with git's reason", async () => {
    using made = makeRepository();
    const repository = await open(made);
    const writer = openWriter({ ...repository, git: { ...repository.git, options: ["--git-dir=/proc/self"] } });
    await writer.blobs(["x"]);
    await expect(writer.flush()).rejects.toMatchObject({ code: "HDL300" });
  });

  test("a pack grows without bound only by what is in it", () => {
    const pack = new Pack();
    for (let i = 0; i < 1_000; i++) pack.add("blob", `text ${i}`);
    expect(pack.count).toBe(1_000);
    expect(pack.size).toBeLessThan(30_000);
  });
});

describe("changing a tree", () => {
  const path = fc.array(fc.constantFrom("a", "b", "a.b", "a-", "é"), { minLength: 1, maxLength: 3 });
  const files = fc.uniqueArray(
    path.map((names) => `${names.join("/")}.f`),
    { maxLength: 12 },
  );

  test("gives what writing the whole anew gives", async () => {
    using made = makeRepository();
    const repository = await open(made);
    await fc.assert(
      fc.asyncProperty(files, files, files, async (before, added, removed) => {
        const writer = openWriter(repository);
        const [one, two] = (await writer.blobs(["one", "two"])) as [string, string];
        const old = await writer.tree(before.map((file) => [file, one] as const));
        await writer.flush();
        const changed = await writer.change(old, [
          ...removed.map((file) => ({ path: file, remove: true as const })),
          ...added.map((file) => ({ path: file, blob: two })),
        ]);
        const kept = before.filter((file) => !removed.includes(file) && !added.includes(file));
        const expected = [...kept.map((file) => [file, one] as const), ...added.map((file) => [file, two] as const)];
        expect(changed).toBe(await writer.tree(expected));
      }),
      { numRuns: 20 },
    );
  });

  test("replaces a directory whole, keeps modes, and refuses a file in the way", async () => {
    using made = makeRepository();
    made.write("data/a/x", "1");
    made.write("data/b/y", "1");
    made.write("run", "#!/bin/sh\n");
    made.git("add", "--all");
    made.git("update-index", "--chmod=+x", "run");
    made.git("commit", "--quiet", "-m", "x");
    const tree = made.git("rev-parse", "HEAD^{tree}");
    const writer = openWriter(await open(made));
    const [z] = (await writer.blobs(["z"])) as [string];
    const changed = await writer.change(tree, [
      { path: "data/a", tree: await writer.tree([["z", z]]) },
      { path: "run", blob: z },
      { path: "new/deep/file", blob: z },
    ]);
    await writer.flush();
    expect(
      made
        .git("ls-tree", "-r", changed)
        .split("\n")
        .map((line) => line.replace(/blob \w+\t/, "")),
    ).toEqual(["100644 data/a/z", "100644 data/b/y", "100644 new/deep/file", "100755 run"]);
    await expect(writer.change(tree, [{ path: "run/a", blob: z }])).rejects.toMatchObject({
      code: "HDL400",
      message: "run is not a directory",
    });
  });
});
