import { isUtf8 } from "node:buffer";
import type { Codec } from "../model/codec.js";
import type { Dataset } from "../model/dataset.js";
import { type Digest, digestOf, type Key } from "../model/entry.js";
import type { Problem } from "../model/errors.js";
import { type Fields, renderFields, sameFields } from "../model/json.js";
import { keyOf } from "../model/key.js";
import { canonicalFields, parseManifest } from "../model/parse.js";
import { pointerToken } from "../model/pointer.js";
import { entryPath, nameIn, places, splitPacked } from "./layout.js";
import type { Source } from "./source.js";

/** One entry as a file holds it. */
export interface ManifestFile {
  /** Inside the dataset's directory. */
  path: string;
  /** Where the layout puts it. */
  place: string;
  key: Key;
  /** In canonical form, whatever the file's spelling. */
  fields: Fields;
  /** Canonical text of `fields`. */
  text: string;
  /** Digest of `text`. */
  digest: Digest;
  /** Whether the file lies where the layout puts it and holds exactly `text`. */
  canonical: boolean;
  /** The codec's `sureKey` is sure of it. */
  sure?: true;
  /** Canonical, and all of it is seen by `JSON.parse`: `knownManifests` can read it again. */
  plain: boolean;
}

interface KnownFile {
  path: string;
  digest: Digest;
  text: string;
}

/** Which files to read: a subset of a dataset's. */
export interface ManifestSelection {
  codec: Codec;
  dataset: Dataset;
  /** Directory of the dataset in the project: `data/<weave>/<dataset directory>`. */
  directory: string;
  files: ReadonlyMap<string, Digest>;
  /** Takes entries at the codec's word where it is sure of them: their `fields` are made when they are asked for. */
  lazy?: true;
  /** Entries may lie under names that do not fit their keys: `fmt` moves them. Else that is a problem. */
  misnamed?: true;
}

const batchEntries = 500;
/** Of entries that need no judging. */
const knownEntries = 2000;
const batchBytes = 4 * 1024 * 1024;

/**
 * Reads entries, in batches, strictly: whatever is wrong with a file is added to `problems` with its place, and the file is left out.
 * So nothing may be concluded from what is absent while there are problems.
 */
export async function* manifests(
  source: Source,
  selection: ManifestSelection,
  problems: Problem[],
): AsyncGenerator<ManifestFile[]> {
  const { directory, files } = selection;
  const paths = files.entries();
  const seen = new Map<Key, string>();
  let batch: ManifestFile[] = [];
  let size = 0;
  for await (const bodies of source.read(directory, listed(files))) {
    for (const bytes of bodies) {
      const [path, id]: [string, Digest] = paths.next().value!;
      const found: Problem[] = [];
      const entry = readManifest(selection, path, bytes, found);
      if (found.length > 0) problems.push(...found.map((problem) => inShard(source, directory, { path, id }, problem)));
      if (!entry || isSecond(selection, entry, seen, problems)) continue;
      batch.push(entry);
      size += bytes.length;
      if (batch.length >= batchEntries || size >= batchBytes) {
        yield batch;
        batch = [];
        size = 0;
      }
    }
  }
  if (batch.length > 0) yield batch;
}

/**
 * Reads entries again that `manifests` found plain: what they are was judged then. In batches, in the order of the files;
 * `canonicalFields` reads their texts.
 */
export async function* knownManifests(
  source: Source,
  { directory, files }: Pick<ManifestSelection, "directory" | "files">,
): AsyncGenerator<KnownFile[]> {
  const paths = files.entries();
  let batch: KnownFile[] = [];
  let size = 0;
  for await (const bodies of source.read(directory, listed(files))) {
    for (const bytes of bodies) {
      const [path, digest] = paths.next().value!;
      batch.push({ path, digest, text: bytes.toString() });
      size += bytes.length;
      if (batch.length >= knownEntries || size >= batchBytes) {
        yield batch;
        batch = [];
        size = 0;
      }
    }
  }
  if (batch.length > 0) yield batch;
}

/** A problem of a packed entry, with the line that it is on. */
function inShard(source: Source, directory: string, file: { path: string; id: Digest }, problem: Problem): Problem {
  const place = splitPacked(file.path);
  const line = place && source.lineOf(directory, file);
  if (line === undefined) return problem;
  const { column: _, ...rest } = problem;
  return { ...rest, file: `${directory}/${place!.shard}`, line };
}

function* listed(files: ReadonlyMap<string, Digest>): Generator<{ path: string; id: Digest }> {
  for (const [path, id] of files) yield { path, id };
}

class SureFile implements ManifestFile {
  readonly canonical = true;
  readonly plain = true;
  readonly sure = true;

  constructor(
    readonly path: string,
    readonly key: Key,
    readonly text: string,
    readonly digest: Digest,
  ) {}

  get place(): string {
    return this.path;
  }

  get fields(): Fields {
    return canonicalFields(this.text);
  }
}

/** One entry from a file's bytes; undefined, and `problems` told, where it is unfit. */
export function readManifest(
  { codec, dataset, directory, files, misnamed, lazy }: ManifestSelection,
  path: string,
  bytes: Buffer,
  problems: Problem[],
): ManifestFile | undefined {
  const file = `${directory}/${path}`;
  const place = { file, dataset: dataset.name };
  if (!isUtf8(bytes)) {
    problems.push({ ...place, message: "is not UTF-8 text" });
    return undefined;
  }
  const original = bytes.toString();
  const sureKey = lazy && codec.sureKey?.(dataset, original);
  if (sureKey !== undefined && path === entryPath(sureKey, dataset.layout, codec.keyName))
    return new SureFile(path, sureKey, original, files.get(path)!);
  const manifest = parseManifest(original);
  if (manifest.problems.length > 0) {
    problems.push(...manifest.problems.map((problem) => ({ ...place, ...problem })));
    return undefined;
  }
  const { fields, problems: unfit } = codec.canonical(dataset, manifest.fields);
  if (unfit.length > 0) {
    problems.push(...unfit.map((problem) => ({ ...place, ...manifest.at(problem.path ?? ""), ...problem })));
    return undefined;
  }
  const key = keyOf(dataset, fields);
  if (key === undefined) {
    problems.push({ ...place, ...manifest.at(""), message: `has no ${dataset.key.join(", ")}, which is its key` });
    return undefined;
  }
  const expected = entryPath(key, dataset.layout, codec.keyName);
  if (!misnamed && path !== expected && !places(key, nameIn(expected), dataset.layout).includes(path)) {
    problems.push({
      ...place,
      ...manifest.at(`/${pointerToken(dataset.key[0]!)}`),
      message: `holds the entry with the key ${key}, whose file is ${expected}`,
      hint: "rename the file (`heddle fmt` does), or correct its key",
    });
    return undefined;
  }
  const plain = manifest.canonical && sameFields(fields, manifest.fields);
  const text = plain ? original : renderFields(fields);
  const same = text === original;
  return {
    path,
    place: expected,
    key,
    fields,
    text,
    digest: same ? files.get(path)! : digestOf(text),
    canonical: same && path === expected,
    plain: plain && path === expected,
  };
}

/**
 * Whether another file has the same key. Where names follow from keys, that takes a file in another layout's place;
 * with `misnamed` any two may.
 */
function isSecond(
  { directory, dataset, files, misnamed }: ManifestSelection,
  { path, place, key }: ManifestFile,
  seen: Map<Key, string>,
  problems: Problem[],
): boolean {
  if (!misnamed && path === place) return false;
  const other = !misnamed && files.has(place) ? place : seen.get(key);
  seen.set(key, path);
  if (other === undefined) return false;
  problems.push({
    file: `${directory}/${path}`,
    dataset: dataset.name,
    message: `has the same key as ${directory}/${other}: ${key}`,
    hint: "delete one of the two files",
  });
  return true;
}
