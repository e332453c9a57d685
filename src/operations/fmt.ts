import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { codecFor } from "../database/open.js";
import type { Problem } from "../model/errors.js";
import { splitPacked } from "../repository/layout.js";
import { manifests } from "../repository/manifests.js";
import { readWeave, weaveDirectory } from "../repository/weave.js";
import { atWorkTree } from "../repository/work-tree.js";
import { configOf, openProject } from "./project.js";
import { editShard } from "./shard-file.js";
import { unfitFiles } from "./side.js";

/** A file that is not as Heddle writes it. */
export interface Misformed {
  /** From the project root. */
  file: string;
  /** Where it belongs; the same where only its text differs. */
  place: string;
}

/**
 * Rewrites data files of the work tree into canonical form and under their right names; with `check` only tells which
 * are not. HDL400 lists files that cannot be read; nothing is written then.
 */
export async function fmt({ directory, check = false }: { directory: string; check?: boolean }): Promise<Misformed[]> {
  const { root, repository } = await openProject(directory);
  const source = atWorkTree(repository);
  const problems: Problem[] = [];
  const found: (Misformed & { text: string })[] = [];
  for (const { name } of (await configOf(source)).weaves) {
    const weave = await readWeave(source, name);
    problems.push(...weave.problems);
    for (const { dataset, directory, files } of weave.datasets.values()) {
      const at = `${weaveDirectory(name)}/${directory}`;
      const selection = {
        codec: await codecFor(dataset.engine),
        dataset,
        directory: at,
        files,
        misnamed: true,
      } as const;
      for await (const batch of manifests(source, selection, problems)) {
        for (const { path, place, text, canonical } of batch) {
          if (!canonical) found.push({ file: `${at}/${path}`, place: `${at}/${place}`, text });
        }
      }
    }
  }
  if (problems.length > 0) throw unfitFiles(problems);
  if (!check) await rewrite(root, found);
  return found.map(({ file, place }) => ({ file, place })).sort((a, b) => (a.file < b.file ? -1 : 1));
}

/**
 * Written beside its place and renamed, so that no moment has half a file. Names that change places are told apart by
 * writing all before the first is renamed, and by deleting only what is nobody's place.
 */
async function rewrite(root: string, all: readonly (Misformed & { text: string })[]): Promise<void> {
  const shards = new Map<string, Map<string, string | undefined>>();
  const editsOf = (shard: string) => shards.get(shard) ?? shards.set(shard, new Map()).get(shard)!;
  for (const { file } of all) {
    const packed = splitPacked(file);
    if (packed) editsOf(packed.shard).set(packed.name, undefined);
  }
  for (const { place, text } of all) {
    const packed = splitPacked(place);
    if (packed) editsOf(packed.shard).set(packed.name, text);
  }
  for (const [shard, edits] of shards) await editShard(join(root, shard), edits);
  const files = all.filter(({ place }) => !splitPacked(place));
  const gone = all.filter(({ file }) => !splitPacked(file));
  const temporary = (place: string) => join(root, `${place}.tmp`);
  for (const { place, text } of files) {
    await mkdir(dirname(join(root, place)), { recursive: true });
    await writeFile(temporary(place), text);
  }
  for (const { place } of files) await rename(temporary(place), join(root, place));
  const places = new Set(files.map(({ place }) => place));
  for (const { file } of gone) if (!places.has(file)) await rm(join(root, file));
}
