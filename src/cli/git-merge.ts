/**
 * What git runs to merge a data file (`merge.heddle.driver`, set by `heddle git-setup`), with the arguments
 * `%O %A %B %L %P`: files of base, ours and theirs, the length of markers, the path. Ours becomes the result; exit 1 where
 * something conflicts. Started for every file: it loads nothing that it does not need.
 */
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { mergeDataFile } from "../plan/merge-data-file.js";

const [base, ours, theirs, size, path] = process.argv.slice(2) as [string, string, string, string, string];
const name = path.slice(path.lastIndexOf("/") + 1);
const read = (file: string) => readFileSync(file, "utf8");
let texts = { base: read(base), ours: read(ours), theirs: read(theirs) };
if (name === "_weave.json") {
  const { mergeWeaveTexts } = await import("../operations/git-merge.js");
  texts = await mergeWeaveTexts(path, texts);
}
const merged = mergeDataFile(name, texts, { size: Number(size) });
if (merged) {
  writeFileSync(ours, merged.text);
  for (const field of merged.conflicts) process.stderr.write(`${path}: both changed ${JSON.stringify(field)}\n`);
  process.exitCode = merged.conflicts.length > 0 ? 1 : 0;
} else {
  // Not readable as data, as with the markers of a merge before: lines, as git itself does.
  const labels = ["ours", "base", "theirs"].flatMap((label) => ["-L", label]);
  const args = ["merge-file", "-q", `--marker-size=${size}`, ...labels, ours, base, theirs];
  process.exitCode = spawnSync("git", args, { stdio: "inherit" }).status === 0 ? 0 : 1;
}
