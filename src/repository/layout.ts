import { hash } from "node:crypto";
import type { Codec } from "../model/codec.js";
import type { FilesLayout, Layout, LinesLayout } from "../model/dataset.js";
import { joinName, splitName } from "../model/dataset-name.js";
import type { Key } from "../model/entry.js";
import { keyParts } from "../model/key.js";

/** The longest name without a hash, and the longest readable part before one. */
const maxReadable = 60;

/** Device names of Windows: refused there with any extension. */
const reserved = /^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/;

/**
 * Where an entry lies in its dataset's directory: `sku-1.json`, or `3f/SKU-9~1c9f0e2ab4d07e55.json` under one level of fan-out.
 * Injective but for clashes of a 64-bit hash, also where case, Unicode normalization or trailing dots do not count.
 */
export function entryPath(key: Key, layout: Layout, keyName: Codec["keyName"]): string {
  return `${directoryOf(hash("sha256", key), layout)}${entryName(key, keyName)}`;
}

/** The last part of an entry's path, which does not depend on the layout. */
export function entryName(key: Key, keyName: Codec["keyName"]): string {
  if (isShortNumber(key)) return `${key.slice(1, -1)}.json`;
  return `${fileName(key, keyParts(key).map(keyName))}.json`;
}

/** What stands before an entry's name, by the hex digits of its key's hash: `""`, `3f/` or `3f/a0/`; of a shard `3f.jsonl/`. */
function directoryOf(digits: string, layout: Layout): string {
  if (layout.kind === "lines") return `${digits.slice(0, digitsOf(layout))}.jsonl/`;
  if (layout.fanout === 0) return "";
  return layout.fanout === 1 ? `${digits.slice(0, 2)}/` : `${digits.slice(0, 2)}/${digits.slice(2, 4)}/`;
}

/** Hex digits of a key's hash that tell where its entry lies. */
export function placeDigits(layout: Layout): number {
  return layout.kind === "lines" ? digitsOf(layout) : 2 * layout.fanout;
}

/** Hex digits in the names of shards. */
export function digitsOf({ shards }: LinesLayout): number {
  return Math.log2(shards) / 4;
}

const layouts: readonly Layout[] = [
  ...([0, 1, 2] as const).map((fanout) => ({ kind: "files", fanout }) as const),
  ...([16, 256, 4096] as const).map((shards) => ({ kind: "lines", shards }) as const),
];

/** Where an entry can lie in any layout: its own layout's place first. */
export function places(key: Key, name: string, own: Layout): string[] {
  const digits = hash("sha256", key);
  return [...new Set([own, ...layouts].map((layout) => `${directoryOf(digits, layout)}${name}`))];
}

/** Where the entry of a name with a hash can lie in any layout: the hash tells its directories. Nothing for another name. */
export function hashedPlaces(name: string): string[] {
  const digits = /~([\da-f]{16})$/.exec(name)?.[1];
  return digits === undefined ? [] : layouts.map((layout) => `${directoryOf(digits, layout)}${name}.json`);
}

/** An entry's name from its path in any layout of its dataset; the path itself where it is in none. */
export function withoutDirectories(path: string): string {
  return path.replace(/^(?:(?:[\da-f]{2}\/){1,2}|[\da-f]{1,3}\.jsonl\/)(?=[^/]+\.json$)/, "");
}

/** Parts the path of a packed entry, inside its dataset's directory or from the project on: the shard's, and the entry's name without `.json`. */
export function splitPacked(path: string): { shard: string; name: string } | undefined {
  if (!path.includes(".jsonl/")) return undefined;
  const [, shard, name] = /^((?:data\/[^/]+\/[^/]+\/)?[\da-f]{1,3}\.jsonl)\/([^/]+)\.json$/.exec(path) ?? [];
  return shard === undefined ? undefined : { shard, name: name! };
}

/** Whether a file of the project is a shard: to all above this folder it is a directory of its entries. */
export function isShard(path: string): boolean {
  return /^data\/[^/]+\/[^/]+\/[\da-f]{1,3}\.jsonl$/.test(path);
}

/** The file's own name, by which an entry is the same in every layout. */
export function nameIn(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** Entries from which on a level of directories more is chosen. */
const spreadFrom: readonly number[] = [2_000, 200_000];

/** The fan-out for a dataset woven for the first time, by its number of entries. */
export function chooseFanout(count: number): FilesLayout["fanout"] {
  return count < spreadFrom[0]! ? 0 : count < spreadFrom[1]! ? 1 : 2;
}

/** The number of shards for so many entries: a change rewrites its shard, and every shard is an item of one directory. */
export function chooseShards(count: number): LinesLayout["shards"] {
  return count < 10_000 ? 16 : count < 1_000_000 ? 256 : 4096;
}

/** Whether a dataset has grown so far past its layout that git is slow with it. */
export function isCrowded(layout: Layout, count: number): boolean {
  const limit = layout.kind === "files" ? spreadFrom[layout.fanout] : undefined;
  return limit !== undefined && count >= 10 * limit;
}

/** Whether a path inside a dataset's directory can be an entry's, in any layout; its name is judged once its key is known. */
export function isEntryPath(path: string): boolean {
  return /^(?:(?:[\da-f]{2}\/){0,2}|[\da-f]{1,3}\.jsonl\/)[^/_.][^/]*\.json$/.test(path);
}

/** The directory of a dataset below `data/<weave>/`: `products`, `sales.orders`. */
export function datasetDirectory(name: string): string {
  const { schema, table } = splitName(name);
  if (joinName(schema ?? "public", table) !== name) {
    // No name that SQL quoting makes: a collection's own, which may hold dots and quotes.
    return fileName(JSON.stringify(name), [{ text: name, plain: true }]);
  }
  return schema === undefined ? part(table) : `${part(schema)}.${part(table)}`;
}

function part(text: string): string {
  return fileName(JSON.stringify([text]), [{ text, plain: !text.includes(".") }]);
}

/** Whether a key is one whole number of those that every codec has plain names for. */
function isShortNumber(key: Key): boolean {
  if (key.length < "[0]".length || key.length > "[999999999]".length) return false;
  for (let i = 1; i < key.length - 1; i++) if (key.charCodeAt(i) < 0x30 || key.charCodeAt(i) > 0x39) return false;
  return true;
}

function fileName(key: Key, parts: readonly { text: string; plain: boolean }[]): string {
  const name = parts.map(({ text }) => text).join(",");
  if (name.length <= maxReadable && parts.every(({ text, plain }) => plain && isPlain(text))) return name;
  const readable = parts.map(({ text }) => readablePart(text)).join(",");
  return `${readable.slice(0, maxReadable).replace(/[-_,]+$/, "")}~${hash("sha256", key).slice(0, 16)}`;
}

function isPlain(text: string): boolean {
  return /^[a-z\d](?:[a-z\d._-]*[a-z\d_-])?$/.test(text) && !reserved.test(text);
}

function readablePart(text: string): string {
  const start = text.slice(0, 4 * maxReadable).replaceAll(/[^A-Za-z\d_-]/gu, "-");
  return (
    start
      .replace(/^[-_]+/, "")
      .slice(0, maxReadable)
      .replace(/[-_]+$/, "") || "x"
  );
}
