// `npm run bench -- codec`: runs one benchmark, or all, prints a table each and writes bench/results.json. Needs a build.
import { readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";

const benchmarks = { codec: () => import("./codec.mjs") };

const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !Object.hasOwn(benchmarks, name));
if (unknown.length > 0) {
  console.error(`no benchmark ${unknown.join(", ")}; there are: ${Object.keys(benchmarks).join(", ")}`);
  process.exit(1);
}
const file = new URL("results.json", import.meta.url);
const results = read();
for (const name of asked.length > 0 ? asked : Object.keys(benchmarks)) {
  const rows = (await benchmarks[name]()).run();
  console.log(`${name}: Node.js ${process.version}, ${cpus().length} × ${cpus()[0]?.model ?? "unknown"}`);
  console.table(rows);
  results[name] = { node: process.version, cpu: cpus()[0]?.model, at: new Date().toISOString(), rows };
}
writeFileSync(file, `${JSON.stringify(results, null, 2)}\n`);

function read() {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    return {};
  }
}
