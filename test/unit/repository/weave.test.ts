import { chmodSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Dataset } from "../../../src/model/dataset.js";
import { digestOf } from "../../../src/model/entry.js";
import type { Problem } from "../../../src/model/errors.js";
import { readDatasetText, readWeaveText, renderDataset, renderWeave } from "../../../src/repository/description.js";
import { type ManifestFile, manifests } from "../../../src/repository/manifests.js";
import { openRepository } from "../../../src/repository/repository.js";
import { atCommit, type Source } from "../../../src/repository/source.js";
import { readWeave } from "../../../src/repository/weave.js";
import { atWorkTree } from "../../../src/repository/work-tree.js";
import { makeRepository, type TestRepository } from "../../support/git.js";
import { memoryCodec } from "../../support/memory-codec.js";

const dataset: Dataset = {
  engine: "memory",
  name: "products",
  key: ["id"],
  selection: "digest",
  oneWay: false,
  layout: { kind: "files", fanout: 0 },
};
const description = { formatVersion: 1, source: "s", selection: "d", view: "4b825dc642cb6eb9a060e54bf8d69288fbee4904" };

function withWeave(made: TestRepository): void {
  made.write("data/catalog/_weave.json", renderWeave(description));
  made.write("data/catalog/products/_dataset.json", renderDataset(dataset));
}

const kinds = ["commit", "work tree"] as const;

async function sourceOf(made: TestRepository, kind: (typeof kinds)[number]): Promise<Source> {
  const repository = await openRepository(made.directory, { environment: made.environment });
  return kind === "work tree" ? atWorkTree(repository) : atCommit(repository, made.commitAll());
}

async function readAll(source: Source): Promise<{ entries: ManifestFile[]; problems: Problem[] }> {
  const weave = await readWeave(source, "catalog");
  const problems: Problem[] = [...weave.problems];
  const entries: ManifestFile[] = [];
  for (const { dataset, directory, files } of weave.datasets.values()) {
    const selection = { codec: memoryCodec, dataset, directory: `data/catalog/${directory}`, files };
    for await (const batch of manifests(source, selection, problems)) entries.push(...batch);
  }
  return { entries, problems };
}

const places = (problems: readonly Problem[]) =>
  problems
    .map(
      ({ file, line, column, path, message }) =>
        `${[file, line, column].filter(Boolean).join(":")}${path ? ` ${path}` : ""} ${message}`,
    )
    .sort();

describe.each(kinds)("from a %s", (kind) => {
  test("a weave that is not there is empty; a dataset without entries is still there", async () => {
    using made = makeRepository();
    const nothing = await readWeave(await sourceOf(made, kind), "catalog");
    expect(nothing).toMatchObject({ tree: undefined, description: undefined, problems: [] });
    expect(nothing.datasets.size).toBe(0);
    withWeave(made);
    const weave = await readWeave(await sourceOf(made, kind), "catalog");
    expect(weave.problems).toEqual([]);
    expect(weave.description).toEqual(description);
    const products = weave.datasets.get("products")!;
    expect(products).toMatchObject({ dataset, directory: "products" });
    expect(products.files.size).toBe(0);
    if (kind !== "commit") return;
    expect(weave.tree).toBe(made.git("rev-parse", "HEAD:data/catalog"));
    expect(products.tree).toBe(made.git("rev-parse", "HEAD:data/catalog/products"));
    expect(products.description).toBe(made.git("rev-parse", "HEAD:data/catalog/products/_dataset.json"));
  });

  test("entries come in canonical form, whatever their spelling and layout; the digest is the canonical one", async () => {
    using made = makeRepository();
    withWeave(made);
    const a = '{\n  "id": "a",\n  "z": 1\n}\n';
    made.write("data/catalog/products/a.json", a);
    made.write("data/catalog/products/b.json", '{"z": 1.0, "id": "b"}');
    // sha256 of ["c"] begins with fd.
    made.write("data/catalog/products/fd/c.json", '{\n  "id": "c"\n}\n');
    const { entries, problems } = await readAll(await sourceOf(made, kind));
    expect(problems).toEqual([]);
    const byKey = new Map(entries.map((entry) => [entry.key, entry]));
    expect(byKey.get('["a"]')).toMatchObject({ path: "a.json", text: a, digest: digestOf(a), canonical: true });
    const b = '{\n  "id": "b",\n  "z": 1\n}\n';
    expect(byKey.get('["b"]')).toMatchObject({ text: b, digest: digestOf(b), canonical: false });
    expect(byKey.get('["c"]')).toMatchObject({ path: "fd/c.json", canonical: false });
    expect(entries).toHaveLength(3);
  });

  test("E37: everything strange is listed at once, with file, line, column and path", async () => {
    using made = makeRepository();
    withWeave(made);
    const files: Record<string, string | Buffer> = {
      "products/misnamed.json": '{\n  "id": "other"\n}\n',
      "products/ff/c.json": '{\n  "id": "c"\n}\n',
      "products/d.json": '{\n  "id": "d"\n}\n',
      // sha256 of ["d"] begins with 65.
      "products/65/d.json": '{\n  "id": "d"\n}\n',
      "products/twice.json": '{\n  "id": "twice",\n  "id": "twice"\n}\n',
      "products/crlf.json": '{\r\n  "id": "crlf"\r\n}\r\n',
      "products/bom.json": '\uFEFF{\n  "id": "bom"\n}\n',
      "products/cut.json": '{\n  "id": "cut"',
      "products/nokey.json": "{}\n",
      "products/bad.json": '{\n  "id": "bad",\n  "bad": 1\n}\n',
      "products/latin1.json": Buffer.from('{\n  "id": "latin1",\n  "a": "é"\n}\n', "latin1"),
      "products/lfs.json": "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 3\n",
      "products/conflict.json": "{\n<<<<<<< HEAD\n}\n",
      "products/notes.txt": "?",
      "products/deep/x.json": "{}",
      "products/run.json": '{\n  "id": "run"\n}\n',
      "README.md": "?",
      "orphan/a.json": "{}",
      "wrong/_dataset.json": renderDataset({ ...dataset, name: "right" }),
      "broken/_dataset.json": '{"engine": "memory", "name": "broken", "key": "id", "fan": 1}',
    };
    for (const [path, content] of Object.entries(files)) made.write(`data/catalog/${path}`, content);
    chmodSync(join(made.directory, "data/catalog/products/run.json"), 0o755);
    symlinkSync("a.json", join(made.directory, "data/catalog/products/link.json"));
    const { problems } = await readAll(await sourceOf(made, kind));
    expect(places(problems)).toEqual(
      [
        'data/catalog/products/misnamed.json:2:9 holds the entry with the key ["other"], whose file is other.json',
        'data/catalog/products/ff/c.json:2:9 holds the entry with the key ["c"], whose file is c.json',
        'data/catalog/products/65/d.json has the same key as data/catalog/products/d.json: ["d"]',
        "data/catalog/products/twice.json:3:3 /id the same name stands twice in one object",
        "data/catalog/products/crlf.json:1:2 lines end with CR LF",
        "data/catalog/products/bom.json:1:1 begins with a byte order mark",
        "data/catalog/products/cut.json:2:14 the file ends too early",
        "data/catalog/products/nokey.json:1:1 has no id, which is its key",
        "data/catalog/products/bad.json:3:10 /bad is not allowed",
        "data/catalog/products/latin1.json is not UTF-8 text",
        "data/catalog/products/lfs.json:1:1 a Git LFS pointer, not the file itself",
        "data/catalog/products/conflict.json:2:1 an unresolved merge conflict",
        "data/catalog/products/notes.txt does not belong among woven data",
        "data/catalog/products/deep/x.json does not belong among woven data",
        "data/catalog/products/run.json is marked as executable",
        "data/catalog/products/link.json is a symbolic link",
        "data/catalog/README.md does not belong among woven data",
        "data/catalog/orphan has no _dataset.json",
        "data/catalog/wrong/_dataset.json the directory of right is called wrong, not right",
        'data/catalog/broken/_dataset.json:1:1 layout is missing: {"kind": "files", "fanout": 0, 1 or 2} or {"kind": "lines", "shards": 16, 256 or 4096}',
        "data/catalog/broken/_dataset.json:1:1 oneWay is missing: true or false",
        "data/catalog/broken/_dataset.json:1:1 selection is missing: a digest",
        "data/catalog/broken/_dataset.json:1:47 /key key must be a list of at least one field name",
        'data/catalog/broken/_dataset.json:1:60 /fan unknown member "fan"',
      ].sort(),
    );
  });

  test("E37: a submodule or a repository inside, and data that is a symbolic link", async () => {
    using made = makeRepository();
    withWeave(made);
    made.write("seed", "1");
    made.commitAll();
    made.git("clone", "--quiet", ".", "data/catalog/products/inner");
    const inner = await readWeave(await sourceOf(made, kind), "catalog");
    expect(places(inner.problems)).toEqual(["data/catalog/products/inner is a submodule or another repository"]);

    using linked = makeRepository();
    linked.write("elsewhere/catalog/products/_dataset.json", renderDataset(dataset));
    symlinkSync("elsewhere", join(linked.directory, "data"));
    await expect(readWeave(await sourceOf(linked, kind), "catalog")).rejects.toMatchObject({ code: "HDL400" });
  });

  test("a missing or newer _weave.json is a problem", async () => {
    using made = makeRepository();
    made.write("data/catalog/products/_dataset.json", renderDataset(dataset));
    expect(places((await readWeave(await sourceOf(made, kind), "catalog")).problems)).toEqual([
      "data/catalog/_weave.json is missing",
    ]);
    made.write("data/catalog/_weave.json", renderWeave({ ...description, formatVersion: 2 }));
    const newer = await readWeave(await sourceOf(made, kind), "catalog");
    expect(places(newer.problems)).toEqual([
      "data/catalog/_weave.json:2:20 /formatVersion formatVersion must be at most 1",
    ]);
    expect(newer.description).toBeUndefined();
  });
});

test("the work tree: files that git ignores are not there, deleted ones neither, and a sparse checkout is refused", async () => {
  using made = makeRepository();
  withWeave(made);
  made.write(".gitignore", ".DS_Store\n");
  made.write("data/catalog/products/.DS_Store", "?");
  made.write("data/catalog/products/a.json", '{\n  "id": "a"\n}\n');
  made.commitAll();
  made.git("rm", "--quiet", "--cached", "data/catalog/products/a.json");
  const { entries, problems } = await readAll(await sourceOf(made, "work tree"));
  expect([entries.map(({ path }) => path), problems]).toEqual([["a.json"], []]);
  made.git("reset", "--quiet", "--hard");
  made.git("sparse-checkout", "set", "--no-cone", "/.gitignore");
  await expect(readAll(await sourceOf(made, "work tree"))).rejects.toMatchObject({ code: "HDL400", hint: /sparse/ });
});

test("a file list in batches holds all of 1,200 entries", async () => {
  using made = makeRepository();
  withWeave(made);
  for (let i = 0; i < 1_200; i++) made.write(`data/catalog/products/${i}.json`, `{\n  "id": ${i}\n}\n`);
  const { entries } = await readAll(await sourceOf(made, "commit"));
  expect(new Set(entries.map(({ key }) => key)).size).toBe(1_200);
});

test("promise 4: an entry's blob that is missing is an error, and so is stopping early none", async () => {
  using made = makeRepository();
  withWeave(made);
  for (let i = 0; i < 600; i++) made.write(`data/catalog/products/${i}.json`, `{\n  "id": ${i}\n}\n`);
  const source = await sourceOf(made, "commit");
  const { files } = (await readWeave(source, "catalog")).datasets.get("products")!;
  const selection = { codec: memoryCodec, dataset, directory: "data/catalog/products", files };
  for await (const batch of manifests(source, selection, [])) {
    expect(batch).toHaveLength(500);
    break;
  }
  files.set("1.json", "1".repeat(40));
  const read = async () => {
    for await (const _ of manifests(source, selection, []));
  };
  await expect(read()).rejects.toMatchObject({ code: "HDL300", message: /is missing/ });
});

test("F40: a partial clone fetches what it lacks", async () => {
  using made = makeRepository();
  withWeave(made);
  for (let i = 0; i < 3; i++) made.write(`data/catalog/products/${i}.json`, `{\n  "id": ${i}\n}\n`);
  const tip = made.commitAll();
  made.git("config", "uploadpack.allowFilter", "true");
  made.git("config", "uploadpack.allowAnySHA1InWant", "true");
  const url = `file://${made.directory}`;
  made.git("clone", "--quiet", "--bare", "--filter=blob:none", url, made.beside("partial"));
  const partial = await openRepository(made.beside("partial"), { environment: made.environment });
  const { entries, problems } = await readAll(atCommit(partial, tip));
  expect([entries.length, problems]).toEqual([3, []]);
});

describe("descriptions", () => {
  const full: Dataset = {
    ...dataset,
    name: "sales.orders",
    fields: [{ name: "id", type: "integer" }, { name: "added" }],
    pick: ["id"],
    omit: ["x"],
    references: [
      { fields: ["b"], dataset: "b", to: ["id"] },
      { fields: ["a"], dataset: "a", to: ["id"] },
    ],
    types: { "public.z": "enum ('b')", "public.a": "enum ('a')" },
    masked: ["mail"],
    oneWay: true,
    layout: { kind: "files", fanout: 2 },
  };

  test("are rendered alike in whatever order their parts came, and read back", () => {
    const shuffled = Object.fromEntries(Object.entries(full).reverse()) as unknown as Dataset;
    shuffled.references = [...full.references!].reverse();
    shuffled.types = Object.fromEntries(Object.entries(full.types!).reverse());
    expect(renderDataset(shuffled)).toBe(renderDataset(full));
    const problems: Problem[] = [];
    const { references, ...rest } = readDatasetText(renderDataset(full), "f", problems)!;
    const { references: original, ...expected } = full;
    expect(rest).toEqual(expected);
    expect(references).toEqual([...original!].reverse());
    expect(readWeaveText(renderWeave(description), "f", problems)).toEqual(description);
    expect(problems).toEqual([]);
  });

  test("A3: a type named like a member of every object is plain data", () => {
    const types = Object.fromEntries([
      ["constructor", "enum ('a')"],
      ["toString", "enum ('b')"],
    ]);
    const problems: Problem[] = [];
    expect(readDatasetText(renderDataset({ ...dataset, types }), "f", problems)?.types).toEqual(types);
    expect(problems).toEqual([]);
  });
});
