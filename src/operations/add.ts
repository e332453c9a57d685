import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { codecFor } from "../database/open.js";
import { datasetGlob } from "../model/dataset-name.js";
import { HeddleError } from "../model/errors.js";
import { type Fields, renderFields } from "../model/json.js";
import { keyOf } from "../model/key.js";
import { nearest } from "../model/nearest.js";
import { parseManifest } from "../model/parse.js";
import { entryPath, splitPacked } from "../repository/layout.js";
import { type DatasetFiles, readWeave, weaveDirectory } from "../repository/weave.js";
import { atWorkTree } from "../repository/work-tree.js";
import { configOf, openProject } from "./project.js";
import { editShard } from "./shard-file.js";

export interface AddOptions {
  directory: string;
  /** Dataset name; `WEAVE:` stands in front where two weaves hold it. */
  dataset: string;
  /** The entry as JSON. */
  text: string;
}

/**
 * Writes a new manifest into the work tree, in canonical form and under its right name; gives its path.
 * HDL104 for an unknown dataset, HDL105 where the entry is there already, HDL400 for an entry that does not fit.
 */
export async function add({ directory, dataset: asked, text }: AddOptions): Promise<string> {
  const { root, repository } = await openProject(directory);
  const source = atWorkTree(repository);
  const known = new Map<string, { at: string; data: DatasetFiles }>();
  for (const { name: weave } of (await configOf(source)).weaves) {
    for (const [name, data] of (await readWeave(source, weave)).datasets) {
      known.set(`${weave}:${name}`, { at: `${weaveDirectory(weave)}/${data.directory}`, data });
    }
  }
  const { at, data } = find(asked, known);
  const { dataset } = data;
  const codec = await codecFor(dataset.engine);
  const fields = read(text, (parsed) => codec.canonical(dataset, parsed));
  const key = keyOf(dataset, fields);
  if (key === undefined)
    throw new HeddleError("HDL400", `the entry has no ${dataset.key.join(", ")}, which is its key`);
  const path = entryPath(key, dataset.layout, codec.keyName);
  const file = `${at}/${path}`;
  const packed = splitPacked(file);
  if (packed) {
    if (data.files.has(path)) throw thereAlready(file);
    await editShard(join(root, packed.shard), new Map([[packed.name, renderFields(fields)]]));
    return file;
  }
  await mkdir(dirname(join(root, file)), { recursive: true });
  await writeFile(join(root, file), renderFields(fields), { flag: "wx" }).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code !== "EEXIST") throw cause;
    throw thereAlready(file);
  });
  return file;
}

function thereAlready(file: string): HeddleError {
  return new HeddleError("HDL105", `${file} is there already`, { hint: "edit it, or give the new entry another key" });
}

function find<T>(asked: string, known: ReadonlyMap<string, T>): T {
  const matches = datasetGlob(asked.replace(/^public\./, ""));
  const names = [...known.keys()];
  const found = names.filter((name) => name === asked || matches(name.slice(name.indexOf(":") + 1)));
  if (found.length === 1) return known.get(found[0]!)!;
  if (found.length > 1) {
    throw new HeddleError("HDL104", `${asked} is in several weaves`, { hint: `name one: ${found.join(", ")}` });
  }
  const plain = names.map((name) => name.slice(name.indexOf(":") + 1));
  const close = nearest(asked, plain);
  throw new HeddleError("HDL104", `no weave has a dataset ${JSON.stringify(asked)}`, {
    hint: close === undefined ? "weave it first" : `did you mean ${close}?`,
  });
}

function read(
  text: string,
  canonical: (fields: Fields) => { fields: Fields; problems: { message: string; path?: string }[] },
): Fields {
  const { fields, problems, at } = parseManifest(text);
  const read = problems.length > 0 ? { fields, problems } : canonical(fields);
  if (read.problems.length === 0) return read.fields;
  throw new HeddleError("HDL400", "the entry does not fit its dataset; nothing was written", {
    problems: read.problems.map((problem) => ({ ...at(problem.path ?? ""), ...problem })),
  });
}
