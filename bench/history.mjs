// Reading one entry in a long history, against the plain git commands that fetch the same.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { codecFor } from "../dist/database/open.js";
import { log, openHistory, show } from "../dist/index.js";
import { renderDataset } from "../dist/repository/description.js";
import { chooseFanout, entryPath } from "../dist/repository/layout.js";
import { best, heddle, inTurn, program, row } from "./measure.mjs";

/** Entries that one commit changes. */
const edits = 5;
const start = Date.UTC(2020, 0, 1) / 1000;
const hour = 3600;

export async function run(fixtures, { rounds }) {
  const [entries, commits] = [fixtures.big / 10, fixtures.rows / 40];
  const directory = fixtures.fresh("history");
  const path = await makeHistory(directory, entries, commits);
  await heddle(["optimize"], { cwd: directory });
  const file = path(1);
  const time = new Date((start + (commits / 2) * hour + 60) * 1000).toISOString();
  const git = (...args) => program("git", args, { cwd: directory });
  const library = async (call) => {
    const started = performance.now();
    await call();
    return { ms: performance.now() - started };
  };
  const plainShow = async () => {
    const found = await git("rev-list", "-1", "--first-parent", `--before=${time}`, "main");
    return inTurn(found, await git("cat-file", "blob", `${found.output.trim()}:${file}`));
  };
  const history = await openHistory({ repo: directory });
  const contestants = {
    node: () => program(process.execPath, ["-e", "0"]),
    show: plainShow,
    showCommand: () => heddle(["show", "items/1", "--at", time], { cwd: directory }),
    showCall: () => library(() => show({ directory, entry: "items/1", at: time })),
    showAgain: () => library(() => history.getDocumentByTime("items", 1, time)),
    log: () => git("log", "--", file),
    logCommand: () => heddle(["log", "items/1", "--limit", "100000"], { cwd: directory }),
    logCall: () => library(() => log({ directory, of: "items/1", limit: 100000 })),
  };
  const took = await best(5 * rounds, contestants);
  // What is the language's own, whatever the program does.
  const beyondStart = ({ ms }) => ({ ms: ms - took.node.ms });
  console.log(`${commits} commits, ${entries} entries; node alone takes ${Math.round(took.node.ms)} ms`);
  return [
    row("show --at, as a library", { heddle: took.showCall, floor: took.show }, 1.5),
    row("the same of an open history", { heddle: took.showAgain, floor: took.show }, 1.5),
    row(
      "show --at, the command without node's start",
      { heddle: beyondStart(took.showCommand), floor: took.show },
      1.5,
    ),
    row("show --at, the command", { heddle: took.showCommand, floor: took.show }, 1.5),
    row("log of an entry, as a library", { heddle: took.logCall, floor: took.log }, 2),
    row(
      "log of an entry, the command without node's start",
      { heddle: beyondStart(took.logCommand), floor: took.log },
      2,
    ),
    row("log of an entry, the command", { heddle: took.logCommand, floor: took.log }, 2),
  ];
}

/** A repository with a commit an hour; gives the path of an entry by its id. Entry 1 changes in every hundredth. */
async function makeHistory(directory, entries, commits) {
  execFileSync("git", ["init", "--quiet", "--initial-branch=main", directory]);
  mkdirSync(join(directory, "weave-configs"));
  writeFileSync(join(directory, "weave-configs/bench.yaml"), "");
  const { keyName } = await codecFor("postgresql");
  const dataset = {
    engine: "postgresql",
    name: "items",
    key: ["id"],
    fields: ["id integer", "name text", "price numeric", "note text"].map((field) => {
      const [name, type] = field.split(" ");
      return { name, type };
    }),
    selection: "0",
    oneWay: false,
    layout: { kind: "files", fanout: chooseFanout(entries) },
  };
  const path = (id) => `data/shop/items/${entryPath(JSON.stringify([id]), dataset.layout, keyName)}`;
  const text = (id, version) =>
    `${JSON.stringify({ id, name: `item ${id}`, price: `${version}.50`, note: "n".repeat(100 + (id % 100)) }, null, 2)}\n`;
  const child = spawn("git", ["fast-import", "--quiet"], { cwd: directory, stdio: ["pipe", "inherit", "inherit"] });
  const write = async (lines) =>
    void (child.stdin.write(`${lines.join("\n")}\n`) || (await once(child.stdin, "drain")));
  const commit = (n) => [
    "commit refs/heads/main",
    `committer bench <bench@localhost> ${start + n * hour} +0000`,
    "data 4",
    "edit",
  ];
  const put = (file, content) => [`M 100644 inline ${file}`, `data ${Buffer.byteLength(content)}`, content];
  await write([...commit(0), ...put("data/shop/items/_dataset.json", renderDataset(dataset))]);
  for (let id = 1; id <= entries; id++) await write(put(path(id), text(id, 0)));
  for (let n = 1; n < commits; n++) {
    const ids = Array.from({ length: edits }, (_, i) => 2 + ((n * 7919 + i * 104_729) % (entries - 1)));
    if (n % 100 === 0) ids.push(1);
    await write([...commit(n), ...ids.flatMap((id) => put(path(id), text(id, n)))]);
  }
  child.stdin.end();
  const [code] = await once(child, "close");
  if (code !== 0) throw new Error(`git fast-import ended with ${code}`);
  return path;
}
