// `npm run build && node bench/scale.mjs`: what weaves of very many entries cost git, without a database: both layouts, at
// several sizes. Prints a table and, for docs/scale.md, what it extrapolates to. `--entries 100000,300000` sets the sizes,
// `--parts 8` into how many weaves the merge is split, `--only files|lines` one layout.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { DigestMap } from "../dist/model/digest-map.js";
import { formatVersion, renderDataset, renderWeave } from "../dist/repository/description.js";
import { chooseFanout, chooseShards, entryPath } from "../dist/repository/layout.js";
import { openRepository } from "../dist/repository/repository.js";
import { atCommit } from "../dist/repository/source.js";
import { readWeave } from "../dist/repository/weave.js";
import { openWriter } from "../dist/repository/writer.js";

const { values: flags } = parseArgs({
  options: {
    entries: { type: "string", default: "100000,300000" },
    parts: { type: "string", default: "8" },
    only: { type: "string" },
    towards: { type: "string", default: "100000000" },
  },
});

const keyName = (part) => ({ text: String(part), plain: true });
const textOf = (i, version = 0) =>
  `${JSON.stringify(
    {
      id: i,
      sku: `sku-${i}`,
      name: `Product number ${i}`,
      price: `${(i * 7919) % 100000}.50`,
      stock: (i * 31 + version) % 1000,
      tags: ["a", `t${i % 97}`],
      updated_at: `2026-01-${String(1 + (i % 28)).padStart(2, "0")} 12:00:00+00`,
    },
    null,
    2,
  )}\n`;
const describe = (layout) => ({
  engine: "postgresql",
  name: "products",
  key: ["id"],
  selection: "0",
  oneWay: false,
  layout,
});

const seconds = async (work) => {
  const start = performance.now();
  const value = await work();
  return { value, seconds: (performance.now() - start) / 1000 };
};

async function writeEntries(writer, layout, from, to, files = new DigestMap(), version = 0) {
  for (let start = from; start < to; start += 1000) {
    const ids = Array.from({ length: Math.min(1000, to - start) }, (_, i) => start + i);
    const digests = await writer.entries(
      ids.map((i) => textOf(i, version)),
      layout,
    );
    for (const [n, i] of ids.entries()) files.set(entryPath(JSON.stringify([i]), layout, keyName), digests[n]);
  }
  return files;
}

async function commitTree(git, writer, layout, files) {
  const [described] = await writer.blobs([renderDataset(describe(layout))]);
  const dataset = await writer.tree(files, { files: [["_dataset.json", described]] });
  const view = await writer.tree([], { directories: [["products", dataset]] });
  const [weave] = await writer.blobs([renderWeave({ formatVersion, source: "0", selection: "0", view })]);
  const tree = await writer.change(undefined, [
    { path: "data/shop/products", tree: dataset },
    { path: "data/shop/_weave.json", blob: weave },
  ]);
  const who = "Scale <scale@example.com> 0 +0000";
  const id = writer.commit(`tree ${tree}\nauthor ${who}\ncommitter ${who}\n\nwoven\n`);
  await writer.flush();
  git("update-ref", "refs/heads/main", id);
  return id;
}

const list = async (repository, commit) =>
  (await readWeave(atCommit(repository, commit), "shop")).datasets.get("products");

async function measure(kind, count) {
  const directory = mkdtempSync(join(tmpdir(), "heddle-scale-"));
  try {
    const bare = join(directory, "origin.git");
    const run = (...args) =>
      execFileSync("git", args, { stdio: ["ignore", "pipe", "ignore"] })
        .toString()
        .trim();
    run("init", "-q", "--bare", "-b", "main", bare);
    const git = (...args) => run("-C", bare, ...args);
    const open = () => openRepository(bare, { environment: { ...process.env } });
    const megabytes = (path) => Number(run("-C", path, "count-objects", "-v").match(/size-pack: (\d+)/)[1]) / 1024;
    const layout = kind === "files" ? { kind, fanout: chooseFanout(count) } : { kind, shards: chooseShards(count) };

    const first = await seconds(async () => {
      const writer = openWriter(await open());
      return commitTree(git, writer, layout, await writeEntries(writer, layout, 0, count));
    });
    const listed = await seconds(async () => list(await open(), first.value));

    const fresh = await open();
    const had = await list(fresh, first.value);
    const changed = await seconds(async () => {
      const writer = openWriter(fresh);
      const files = new DigestMap(had.files);
      for (let i = 0; i < 100; i++) {
        const at = Math.floor((i * count) / 100);
        await writeEntries(writer, layout, at, at + 1, files, 1);
      }
      return commitTree(git, writer, layout, files);
    });

    const parts = Number(flags.parts);
    const split = [];
    for (let i = 0; i < parts; i++) {
      const writer = openWriter(await open());
      const [from, to] = [Math.floor((i * count) / parts), Math.floor(((i + 1) * count) / parts)];
      split.push(await commitTree(git, writer, layout, await writeEntries(writer, layout, from, to)));
    }
    const merged = await seconds(async () => {
      const repository = await open();
      const writer = openWriter(repository);
      const all = new DigestMap();
      for (const commit of split) for (const [path, id] of (await list(repository, commit)).files) all.set(path, id);
      return commitTree(git, writer, layout, all);
    });
    git("update-ref", "refs/heads/main", changed.value);

    git("config", "uploadpack.allowFilter", "true");
    const clone = async (name, ...options) => {
      const target = join(directory, name);
      const took = await seconds(() =>
        run("clone", "-q", "--bare", "--no-local", ...options, `file://${bare}`, target),
      );
      return { seconds: took.seconds, megabytes: megabytes(target) };
    };
    const full = await clone("full.git");
    const partial = await clone("partial.git", "--filter=blob:none");
    return {
      layout: kind === "files" ? `files, fan-out ${layout.fanout}` : `lines, ${layout.shards} shards`,
      entries: count,
      "first commit, s": first.seconds,
      "µs an entry": (first.seconds / count) * 1e6,
      "listing, s": listed.seconds,
      "100 changes, s": changed.seconds,
      [`merge of ${parts} parts, s`]: merged.seconds,
      "clone, s": full.seconds,
      "clone, MB": full.megabytes,
      "blob:none, s": partial.seconds,
      "blob:none, MB": partial.megabytes,
    };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

const rounded = (row) =>
  Object.fromEntries(
    Object.entries(row).map(([name, value]) => [
      name,
      typeof value === "number" ? Number(value.toPrecision(3)) : value,
    ]),
  );

/** By a straight line through the largest size: what grows with every entry. Without blobs, lines have as many files as shards. */
function extrapolated(row) {
  const factor = Number(flags.towards) / row.entries;
  const grown = Object.entries(row).map(([name, value]) => {
    if (name === "entries") return [name, Number(flags.towards)];
    const isShards = row.layout.startsWith("lines") && name.startsWith("blob:none");
    const fixed = typeof value !== "number" || name === "µs an entry" || isShards;
    return [name, fixed ? value : value * factor];
  });
  return Object.fromEntries(grown);
}

console.log(
  `Node.js ${process.version}, ${execFileSync("git", ["--version"]).toString().trim()}, load ${loadavg()
    .map((n) => n.toFixed(1))
    .join(" ")}`,
);
const rows = [];
for (const kind of ["files", "lines"].filter((kind) => flags.only === undefined || flags.only === kind)) {
  const sizes = flags.entries.split(",").map(Number);
  for (const count of sizes) rows.push(await measure(kind, count));
  rows.push({ ...extrapolated(rows.at(-1)), layout: `${rows.at(-1).layout}: extrapolated` });
}
console.table(rows.map(rounded));
