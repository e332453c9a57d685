import { isUtf8 } from "node:buffer";
import type { Dataset } from "../model/dataset.js";
import type { Digest } from "../model/entry.js";
import { HeddleError, type Problem } from "../model/errors.js";
import { readCommit } from "./commit-header.js";
import { readDatasetText } from "./description.js";
import { isEntryPath, isShard, nameIn, splitPacked } from "./layout.js";
import type { ObjectReader } from "./object-reader.js";
import type { TreeEntry } from "./objects.js";
import type { Repository } from "./repository.js";
import { packedEntry } from "./shard-tree.js";
import { unfit } from "./source.js";
import { type Node, nodeNamed, nodesOf } from "./tree.js";
import { weaveDirectory } from "./weave.js";

/** One state of a project's data, read by path: the cost follows what is asked, not how much there is. */
export interface DataTree {
  objects: ObjectReader;
  /** For messages: the commit, in short. */
  name: string;
  /** Tree id of `data/<weave>` by weave. */
  weaves: ReadonlyMap<string, Digest>;
}

/** The data that a commit has. HDL400 where something above it is no directory. */
export async function dataAt(objects: ObjectReader, repository: Repository, commit: Digest): Promise<DataTree> {
  const root = readCommit(await objects.read(commit, "commit")).tree;
  const data = await entryAt(objects, root, `${repository.prefix}data`);
  if (data && data.mode !== directoryMode) throw unfit(`${repository.prefix}data`, "is not a directory");
  const nodes = data ? await directory(objects, data.id) : [];
  return {
    objects,
    name: commit.slice(0, 10),
    weaves: new Map(nodes.filter(isDirectory).map(({ name, id }) => [name, id])),
  };
}

const directoryMode = "40000";

const isDirectory = ({ mode }: Node) => mode === directoryMode;

/** What a directory holds. Names are text, as UTF-8 reads them. */
async function directory(objects: ObjectReader, tree: Digest): Promise<Node[]> {
  const nodes = [...nodesOf(await objects.read(tree, "tree"))];
  return nodes.map((node) => ({ ...node, name: Buffer.from(node.name, "latin1").toString() }));
}

/** What lies at a path below a tree; undefined where nothing does. HDL400 where something on the way is no directory. */
async function entryAt(objects: ObjectReader, tree: Digest, path: string): Promise<Node | undefined> {
  const names = path.split("/");
  let node: Node | undefined = { mode: directoryMode, name: "", id: tree };
  for (const [i, name] of names.entries()) {
    if (node.mode !== directoryMode) throw unfit(names.slice(0, i).join("/"), "is not a directory");
    node = nodeNamed(await objects.read(node.id, "tree"), name);
    if (!node) return undefined;
  }
  return node;
}

/** Names of the directories of a weave's datasets. */
export async function datasetDirectories(data: DataTree, weave: string): Promise<string[]> {
  const tree = data.weaves.get(weave);
  if (tree === undefined) return [];
  return (await directory(data.objects, tree)).filter(isDirectory).map(({ name }) => name);
}

/** Paths of entries inside a dataset's directory, this many at most. */
const mostNames = 10_000;

/** Paths of the entries inside a dataset's directory; of very many only some. */
export async function entryNames(data: DataTree, weave: string, name: string): Promise<string[]> {
  const tree = data.weaves.get(weave);
  const top = tree === undefined ? undefined : await entryAt(data.objects, tree, name);
  const names: string[] = [];
  const pending = top ? [{ path: "", id: top.id }] : [];
  for (let next = pending.pop(); next && names.length < mostNames; next = pending.pop()) {
    for (const node of await directory(data.objects, next.id)) {
      const path = `${next.path}${node.name}`;
      if (isDirectory(node)) pending.push({ path: `${path}/`, id: node.id });
      else if (isShard(`${weaveDirectory(weave)}/${name}/${path}`)) {
        const { entries } = await data.objects.shard(node.id);
        for (const entry of entries.keys()) names.push(`${path}/${entry}.json`);
      } else if (isEntryPath(path)) names.push(path);
    }
  }
  return names;
}

/** What `_dataset.json` of a directory says; undefined where there is no such directory. HDL400 where it is missing or unfit. */
export async function readDataset(data: DataTree, weave: string, name: string): Promise<Dataset | undefined> {
  const file = `${weaveDirectory(weave)}/${name}/_dataset.json`;
  const found = await fileAt(data, weave, `${name}/_dataset.json`);
  if (!found) {
    const there = await datasetDirectories(data, weave);
    if (!there.includes(name)) return undefined;
    throw unfit(file, "is missing");
  }
  const bytes = await data.objects.read(found.id, "blob");
  if (!isUtf8(bytes)) throw unfit(file, "is not UTF-8 text");
  const problems: Problem[] = [];
  const dataset = readDatasetText(bytes.toString(), file, problems);
  if (dataset) return dataset;
  throw new HeddleError("HDL400", `${file} cannot be read`, { problems });
}

/** A regular file below `data/<weave>/`, or a packed entry; undefined where there is none. HDL400 for what is no regular file, or a shard that cannot be read. */
export async function fileAt(data: DataTree, weave: string, path: string): Promise<TreeEntry | undefined> {
  const tree = data.weaves.get(weave);
  if (tree === undefined) return undefined;
  const place = splitPacked(`${weaveDirectory(weave)}/${path}`);
  const shard = place && (await entryAt(data.objects, tree, path.slice(0, path.lastIndexOf("/"))));
  if (shard) return packedIn(data, shard, place.shard, path);
  if (place) return undefined;
  const found = await entryAt(data.objects, tree, path);
  if (!found) return undefined;
  if (!found.mode.startsWith("100")) throw unfit(`${weaveDirectory(weave)}/${path}`, "is not a regular file");
  return { path, mode: found.mode, id: found.id };
}

async function packedIn(
  data: DataTree,
  { mode, id }: Node,
  file: string,
  path: string,
): Promise<TreeEntry | undefined> {
  if (!mode.startsWith("100")) throw unfit(file, "is not a regular file");
  const { entries, problems } = await data.objects.shard(id);
  if (problems.length > 0) {
    const told = problems.map((problem) => ({ file, ...problem }));
    throw new HeddleError("HDL400", `${file} cannot be read`, { problems: told });
  }
  const digest = entries.get(nameIn(path).replace(/\.json$/, ""));
  return digest === undefined ? undefined : packedEntry(path, digest);
}
