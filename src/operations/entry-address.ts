import { codecFor } from "../database/open.js";
import type { Codec } from "../model/codec.js";
import type { Dataset } from "../model/dataset.js";
import { readings } from "../model/dataset-name.js";
import type { Digest, Key } from "../model/entry.js";
import { HeddleError, type Problem } from "../model/errors.js";
import type { Json } from "../model/json.js";
import { nearest } from "../model/nearest.js";
import { type DataTree, datasetDirectories, entryNames, fileAt, readDataset } from "../repository/data-tree.js";
import { datasetDirectory, entryName, hashedPlaces, nameIn, places, withoutDirectories } from "../repository/layout.js";
import { type ManifestFile, readManifest } from "../repository/manifests.js";
import { weaveDirectory } from "../repository/weave.js";
import { unfitFiles } from "./side.js";

/** A dataset as one state of the data has it. */
export interface DatasetAddress {
  weave: string;
  dataset: Dataset;
  /** Below `data/<weave>/`. */
  directory: string;
  codec: Codec;
}

/** The file of an entry in one state of the data. */
export interface EntryAddress extends DatasetAddress {
  /** Inside the dataset's directory. */
  path: string;
  /** Blob id. */
  id: Digest;
}

/** Finds `[WEAVE:]DATASET`, by canonical name or directory. HDL104 where there is none, or more than one. */
export async function findDataset(data: DataTree, asked: string): Promise<DatasetAddress> {
  const found = await datasetsNamed(data, asked);
  return only(found, asked) ?? unknownDataset(data, asked);
}

/** Fields of a dataset that the newest state has masked: what they held before was a secret. */
export async function maskedToday(
  newest: DataTree,
  { weave, directory }: Pick<DatasetAddress, "weave" | "directory">,
): Promise<readonly string[]> {
  return (await readDataset(newest, weave, directory))?.masked ?? [];
}

/**
 * Finds `[WEAVE:]DATASET/KEY`, or the path of a data file. The key is the plain name of the file, or the key as text, or
 * as JSON: a part alone, an array of all parts, an object of them by name. HDL104 for an unknown dataset or one that two
 * weaves hold; HDL402 where there is no such entry, HDL403 where several could be meant.
 */
export async function findEntry(data: DataTree, asked: string): Promise<EntryAddress> {
  if (!asked.includes("/")) {
    throw new HeddleError("HDL402", `${JSON.stringify(asked)} names no entry`, {
      hint: "an entry is DATASET/KEY, with WEAVE: in front where two weaves hold the dataset",
    });
  }
  const known = await parted(data, asked);
  const datasets = known.map(({ address }) => address);
  if (new Set(datasets.map(({ dataset }) => dataset.name)).size === 1) only(datasets, asked);
  const found: EntryAddress[] = [];
  for (const { address, key } of known) found.push(...(await entriesMeant(data, address, key)));
  if (found.length === 1) return found[0]!;
  if (known.length === 0) return unknownDataset(data, asked.slice(0, asked.indexOf("/")));
  const quoted = JSON.stringify(asked);
  if (found.length > 1) {
    const names = found.map((entry) => `${entry.weave}:${entry.directory}/${nameOf(entry.path)}`);
    throw new HeddleError("HDL403", `${quoted} can mean several entries of ${data.name}`, {
      hint: `name one: ${names.join(", ")}`,
    });
  }
  const { address, key } = known.at(-1)!;
  const close = nearest(key, (await entryNames(data, address.weave, address.directory)).map(nameOf));
  throw new HeddleError("HDL402", `${address.dataset.name} has no entry ${JSON.stringify(key)} in ${data.name}`, {
    hint: close === undefined ? "a key is written as its file's name, as text, or as JSON" : `did you mean ${close}?`,
  });
}

/** The entry with this key in another state of the data, wherever its layout puts it there; undefined where there is none. */
export async function entryWithKey(
  data: DataTree,
  { weave, directory }: Pick<DatasetAddress, "weave" | "directory">,
  key: Key,
): Promise<EntryAddress | undefined> {
  const dataset = await readDataset(data, weave, directory);
  if (!dataset) return undefined;
  const address = { weave, directory, dataset, codec: await codecFor(dataset.engine) };
  return entryInPlaces(data, address, placesOf(address, key));
}

/** Reads an entry strictly. HDL400 lists what is wrong with its file. */
export async function readEntry(data: DataTree, { path, id, ...address }: EntryAddress): Promise<ManifestFile> {
  const problems: Problem[] = [];
  const directory = `${weaveDirectory(address.weave)}/${address.directory}`;
  const selection = { ...address, directory, files: new Map([[path, id]]) };
  const entry = readManifest(selection, path, await data.objects.read(id, "blob"), problems);
  if (entry) return entry;
  throw unfitFiles(problems, `that is how ${data.name} has it; \`heddle validate\` checks the work tree`);
}

/** An entry's file, from the project's root. */
export function fileOfEntry({ weave, directory, path }: Pick<EntryAddress, "weave" | "directory" | "path">): string {
  return `${weaveDirectory(weave)}/${directory}/${path}`;
}

/** The name that people call an entry by: its file's, without directories and `.json`. */
export function nameOf(path: string): string {
  return nameIn(path).replace(/\.json$/, "");
}

/** Where dataset and key may part: a `/` can belong to either. Also the path of a data file. */
function splits(asked: string): { name: string; key: string }[] {
  const file = /^data\/([^/]+)\/([^/]+)\/(.+\.json)$/.exec(asked);
  const found = file ? [{ name: `${file[1]}:${file[2]}`, key: file[3]! }] : [];
  for (let slash = asked.indexOf("/"); slash >= 0; slash = asked.indexOf("/", slash + 1)) {
    found.push({ name: asked.slice(0, slash), key: asked.slice(slash + 1) });
  }
  return found;
}

/** The ways to part an address for which there is a dataset. */
async function parted(data: DataTree, asked: string): Promise<{ address: DatasetAddress; key: string }[]> {
  const known: { address: DatasetAddress; key: string }[] = [];
  for (const { name, key } of splits(asked)) {
    for (const address of await datasetsNamed(data, name)) known.push({ address, key });
  }
  return known;
}

/** The files, from the project's root, that an address can mean in any layout, whether they are there or not. */
export async function filesMeant(data: DataTree, asked: string): Promise<string[]> {
  const known = await parted(data, asked);
  return known.flatMap(({ address, key }) =>
    pathsMeant(address, key)
      .flat()
      .map((path) => fileOfEntry({ ...address, path })),
  );
}

/** The datasets that a name can mean: with a weave in front, or as it stands. */
async function datasetsNamed(data: DataTree, asked: string): Promise<DatasetAddress[]> {
  const colon = asked.indexOf(":");
  const front = asked.slice(0, Math.max(colon, 0));
  const wanted = [...data.weaves.keys()].map((weave) => ({ weave, name: asked }));
  if (data.weaves.has(front)) wanted.push({ weave: front, name: asked.slice(colon + 1) });
  const found: DatasetAddress[] = [];
  for (const { weave, name } of wanted) {
    for (const directory of new Set([
      ...readings(name).map(datasetDirectory),
      ...(/^[^/]+$/.test(name) ? [name] : []),
    ])) {
      const dataset = await readDataset(data, weave, directory);
      if (dataset) found.push({ weave, directory, dataset, codec: await codecFor(dataset.engine) });
    }
  }
  return found;
}

function only(found: readonly DatasetAddress[], asked: string): DatasetAddress | undefined {
  if (found.length < 2) return found[0];
  throw new HeddleError("HDL104", `${JSON.stringify(asked)} can mean several datasets`, {
    hint: `name one: ${found.map(({ weave, directory }) => `${weave}:${directory}`).join(", ")}`,
  });
}

async function unknownDataset(data: DataTree, asked: string): Promise<never> {
  const names: string[] = [];
  for (const weave of data.weaves.keys()) names.push(...(await datasetDirectories(data, weave)));
  const close = nearest(asked.slice(asked.indexOf(":") + 1), names);
  throw new HeddleError("HDL104", `${data.name} has no dataset ${JSON.stringify(asked)}`, {
    hint: close === undefined ? `datasets: ${names.join(", ") || "none"}` : `did you mean ${close}?`,
  });
}

/** The plain name of a file is exact; else every entry that the text can mean. */
async function entriesMeant(data: DataTree, address: DatasetAddress, asked: string): Promise<EntryAddress[]> {
  const found = new Map<string, EntryAddress>();
  for (const paths of pathsMeant(address, asked)) {
    const entry = await entryInPlaces(data, address, paths);
    if (entry && nameOf(entry.path) === bareName(asked)) return [entry];
    if (entry) found.set(entry.path, entry);
  }
  return [...found.values()];
}

/** For each entry that a text can mean, the likeliest first, its places in any layout. */
function pathsMeant(address: DatasetAddress, asked: string): string[][] {
  const name = bareName(asked);
  const keys = new Set([asked, name].flatMap((text) => keysMeant(address, text)));
  const hashed = hashedPlaces(name);
  return [...(hashed.length > 0 ? [hashed] : []), ...[...keys].map((key) => placesOf(address, key))];
}

/** A file's name without directories of the layout, and without `.json`. */
function bareName(asked: string): string {
  return withoutDirectories(asked).replace(/\.json$/, "");
}

function placesOf({ dataset, codec }: DatasetAddress, key: Key): string[] {
  return places(key, entryName(key, codec.keyName), dataset.layout);
}

async function entryInPlaces(
  data: DataTree,
  address: DatasetAddress,
  paths: readonly string[],
): Promise<EntryAddress | undefined> {
  for (const path of paths) {
    const file = await fileAt(data, address.weave, `${address.directory}/${path}`);
    if (file) return { ...address, path, id: file.id };
  }
  return undefined;
}

/** Keys beyond this many are not tried: a composite key of texts that could each mean many things. */
const mostKeys = 100;

function keysMeant({ dataset, codec }: DatasetAddress, text: string): Key[] {
  const fields = dataset.key.map((name) => dataset.fields?.find((field) => field.name === name));
  const fromJson = (values: readonly Json[]) =>
    values.map((value, i) => {
      if (value !== null && typeof value === "object") return [value];
      try {
        return [value, codec.fromPlain(value, undefined, fields[i])];
      } catch {
        // No value of that type.
        return [value];
      }
    });
  const texts = fields.length === 1 ? [text] : text.split(",");
  const fromText = texts.length === fields.length ? [texts.map((part, i) => codec.keysMeant(part, fields[i]))] : [];
  const ways = [...partsOf(dataset, text).map(fromJson), ...fromText];
  return ways.flatMap(combinations).map((parts) => JSON.stringify(parts));
}

/** What a text says as JSON: the parts of a key, in the ways that they can be written. */
function partsOf({ key }: Dataset, text: string): Json[][] {
  if (!/^\s*["[{]/.test(text)) return [];
  let value: Json;
  try {
    value = JSON.parse(text) as Json;
  } catch {
    return [];
  }
  const ways: Json[][] = [];
  if (Array.isArray(value) && value.length === key.length) ways.push(value);
  if (value !== null && typeof value === "object" && !Array.isArray(value)) {
    const named = value;
    if (Object.keys(named).length === key.length && key.every((name) => Object.hasOwn(named, name)))
      ways.push(key.map((name) => named[name]!));
  }
  if (key.length === 1) ways.push([value]);
  return ways;
}

function combinations(choices: readonly Json[][]): Json[][] {
  let all: Json[][] = [[]];
  for (const parts of choices) all = all.flatMap((before) => parts.map((part) => [...before, part])).slice(0, mostKeys);
  return all;
}
