import { readFile, rename, rm, writeFile } from "node:fs/promises";
import { HeddleError } from "../model/errors.js";
import { byName, packed, readShard, renderShard } from "../model/shard.js";

/**
 * Gives entries of a shard in the work tree other texts; undefined takes one away. HDL400 where the file is no shard.
 * @param path of the file
 * @param edits by name, without `.json`
 */
export async function editShard(path: string, edits: ReadonlyMap<string, string | undefined>): Promise<void> {
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  const { lines, problems } = text === undefined ? { lines: [], problems: [] } : readShard(text);
  if (problems.length > 0) throw new HeddleError("HDL400", "a shard is unfit", { problems });
  const kept = lines.filter(({ name }) => !edits.has(name));
  const given = [...edits].flatMap(([name, entry]) => (entry === undefined ? [] : [{ name, json: packed(entry)! }]));
  const all = [...kept, ...given].sort(byName);
  if (all.length === 0) await rm(path, { force: true });
  else {
    await writeFile(`${path}.tmp`, renderShard(all));
    await rename(`${path}.tmp`, path);
  }
}
