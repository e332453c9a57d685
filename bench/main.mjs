// `npm run bench`: runs all benchmarks, or those named (`-- --only NAME`), prints a table each, writes bench/results.json.
// `--quick` takes small data (under two minutes); `--rows`, `--big` and `--rounds` set sizes. Needs a build.
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { cpus, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { openFixtures } from "./fixtures.mjs";

/** One measured thing each. `run(fixtures, { rounds })` gives the rows of its table. */
const benchmarks = {
  codec: () => import("./codec.mjs"),
  start: () => import("./start.mjs"),
  weave: () => import("./weave.mjs"),
  checkout: () => import("./checkout.mjs"),
  unchanged: () => import("./unchanged.mjs"),
  shaped: () => import("./shaped.mjs"),
  apply: () => import("./apply.mjs"),
  changes: () => import("./changes.mjs"),
  fingerprints: () => import("./fingerprints.mjs"),
  "mongodb-weave": () => import("./mongodb-weave.mjs"),
  "mongodb-apply": () => import("./mongodb-apply.mjs"),
  history: () => import("./history.mjs"),
  memory: () => import("./memory.mjs"),
};

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    only: { type: "string", multiple: true, default: [] },
    quick: { type: "boolean", default: false },
    rows: { type: "string" },
    big: { type: "string" },
    rounds: { type: "string" },
  },
});
const asked = [...flags.only, ...positionals];
const unknown = asked.filter((name) => !Object.hasOwn(benchmarks, name));
if (unknown.length > 0) {
  console.error(`no benchmark ${unknown.join(", ")}; there are: ${Object.keys(benchmarks).join(", ")}`);
  process.exit(1);
}
const size = (given, quick, full) => Number(given ?? (flags.quick ? quick : full));
const sizes = { rows: size(flags.rows, 10_000, 200_000), big: size(flags.big, 50_000, 1_000_000) };
const rounds = size(flags.rounds, 2, 3);

const file = new URL("results.json", import.meta.url);
const results = read();
const fixtures = openFixtures(mkdtempSync(join(tmpdir(), "heddle-bench-")), sizes);
for (const signal of ["SIGINT", "SIGTERM"])
  process.once(signal, () => fixtures.close().finally(() => process.exit(130)));
const load = () => loadavg().map((value) => Number(value.toFixed(2)));
try {
  for (const name of asked.length > 0 ? asked : Object.keys(benchmarks)) {
    const before = load();
    const rows = await (await benchmarks[name]()).run(fixtures, { rounds });
    console.log(`${name}: Node.js ${process.version}, ${cpus().length} × ${cpus()[0]?.model ?? "unknown"}`);
    console.log(`${sizes.rows} rows, ${sizes.big} at most; load ${before.join(" ")} before, ${load().join(" ")} after`);
    console.table(rows);
    const machine = { node: process.version, cpu: cpus()[0]?.model, load: { before, after: load() } };
    results[name] = { ...machine, ...sizes, rounds, at: new Date().toISOString(), rows };
    writeFileSync(file, `${JSON.stringify(results, null, 2)}\n`);
  }
} finally {
  await fixtures.close();
}

function read() {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    return {};
  }
}
