// Made-up data in real databases, and git projects that weave it.
import { execFileSync, spawn } from "node:child_process";
import { createWriteStream, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { MongoClient } from "mongodb";
import pg from "pg";
import { to } from "pg-copy-streams";
import { columns, document, generated } from "./data.mjs";
import { heddle, program } from "./measure.mjs";
import { startMongodb, startPostgres } from "./servers.mjs";

/** What benchmarks share; whatever is made is made once, when it is first asked for. */
export function openFixtures(directory, { rows, big }) {
  const closing = [];
  const once = (make) => {
    let made;
    return () => (made ??= make());
  };
  const server = (start) =>
    once(async () => {
      const started = await start();
      closing.push(started.stop);
      return started;
    });
  const postgres = server(startPostgres);
  const mongodb = server(startMongodb);
  const fresh = (name) => mkdtempSync(join(directory, `${name}-`));
  const woven = (source) => once(async () => weaveOnce(fresh("woven"), await source()));
  const shop = once(async () => postgresTable((await postgres()).url, rows));
  const smallShop = once(async () => postgresTable((await postgres()).url, big / 10));
  const tinyShop = once(async () => postgresTable((await postgres()).url, 10));
  const bigShop = once(async () => postgresTable((await postgres()).url, big));
  const documents = once(async () => mongodbCollection(await mongodb(), rows));
  return {
    rows,
    big,
    fresh,
    postgres,
    mongodb,
    /** Databases with `items`: their URLs. */
    shop,
    documents,
    /** Projects that hold them on the branch `data`. */
    woven: woven(shop),
    tinyWoven: woven(tinyShop),
    smallWoven: woven(smallShop),
    bigWoven: woven(bigShop),
    wovenDocuments: woven(documents),
    async close() {
      for (const stop of closing.reverse()) await stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

const config = `apiVersion: heddle/v1
kind: Weave
metadata: { name: shop }
spec:
  source: { url: "\${BENCH_SOURCE}" }
  select: [{ dataset: items }]
  maxEntries: 100000000
---
apiVersion: heddle/v1
kind: Environment
metadata: { name: target }
spec:
  database: { url: "\${BENCH_TARGET}" }
  weaves: [shop]
`;

/** A new git project whose weave reads `source`; only the configuration is committed. */
export function newProject(directory, source, target = source) {
  const git = (...args) => execFileSync("git", args, { cwd: directory, encoding: "utf8", maxBuffer: 2 ** 30 });
  git("init", "--quiet", "--initial-branch=main");
  git("config", "user.name", "bench");
  git("config", "user.email", "bench@localhost");
  git("config", "gc.auto", "0");
  mkdirSync(join(directory, "weave-configs"));
  writeFileSync(join(directory, "weave-configs/bench.yaml"), config);
  git("add", ".");
  git("commit", "--quiet", "--message", "configuration");
  return { directory, source, git, options: { cwd: directory, env: { BENCH_SOURCE: source, BENCH_TARGET: target } } };
}

async function weaveOnce(directory, source) {
  const project = newProject(directory, source);
  await heddle(["weave", "--branch", "data"], project.options);
  return project;
}

/** What `git fast-import` makes the branch `data` of again: a file. */
export async function fastImportStream({ directory }) {
  const file = `${directory}.stream`;
  const child = spawn("git", ["fast-export", "data"], { cwd: directory });
  await pipeline(child.stdout, createWriteStream(file));
  return file;
}

/** The table as COPY gives it: a file. */
export async function copyText(url, file) {
  const client = new pg.Client(url);
  await client.connect();
  await pipeline(client.query(to("COPY items TO STDOUT")), createWriteStream(file));
  await client.end();
  return file;
}

/** fast-import into a new repository; gives how long it took. */
export async function fastImport(directory, stream) {
  execFileSync("git", ["init", "--quiet", "--initial-branch=data", directory]);
  return program("git", ["fast-import", "--quiet"], { cwd: directory, input: stream });
}

let databases = 0;

async function createDatabase(server) {
  const name = `bench_${++databases}`;
  await query(server, `CREATE DATABASE ${name}`);
  const url = new URL(server);
  url.pathname = name;
  return url.href;
}

async function postgresTable(server, count) {
  const url = await createDatabase(server);
  await query(url, `CREATE TABLE items (${columns})`);
  await query(url, `INSERT INTO items ${generated} FROM generate_series(1, ${count}) AS i`);
  await query(url, "VACUUM ANALYZE items");
  return url;
}

/** A database with the same table, empty. */
export async function emptyTable(server) {
  const url = await createDatabase(server);
  await query(url, `CREATE TABLE items (${columns})`);
  return url;
}

async function query(url, sql) {
  const client = new pg.Client(url);
  await client.connect();
  await client.query(sql).finally(() => client.end());
}

export function mongodbUrl({ url }, name) {
  return url.replace(/^(mongodb:\/\/[^/?]+)\/?/, `$1/${name}`);
}

async function mongodbCollection(server, count) {
  const url = mongodbUrl(server, `bench_${++databases}`);
  const client = new MongoClient(url);
  const items = client.db().collection("items");
  for (let start = 0; start < count; start += 1000) {
    const length = Math.min(1000, count - start);
    await items.insertMany(Array.from({ length }, (_, i) => document(start + i + 1)));
  }
  await client.close();
  return url;
}

/** Another name for `count` entries, spread over all of them, as a commit on the branch `data`. */
export function edit({ directory, git }, count, text) {
  const files = git("ls-tree", "-r", "data", "--", "data/shop/items").trim().split("\n");
  const step = Math.floor(files.length / count);
  const commands = [
    "commit refs/heads/data",
    "committer bench <bench@localhost> now",
    "data 4",
    "edit",
    "from refs/heads/data^0",
  ];
  for (let i = 0; i < count; i++) {
    const [, id, path] = /^\d+ blob (\S+)\t(.*)$/.exec(files[i * step]);
    const content = git("cat-file", "blob", id).replace(/"name": ".*"/, `"name": ${JSON.stringify(text)}`);
    commands.push(`M 100644 inline ${path}`, `data ${Buffer.byteLength(content)}`, content);
  }
  execFileSync("git", ["fast-import", "--quiet", "--date-format=now"], {
    cwd: directory,
    input: `${commands.join("\n")}\n`,
  });
}
