import type { ChildProcess } from "node:child_process";
import type { Socket } from "node:net";
import type { Digest } from "../model/entry.js";
import { HeddleError, type Problem } from "../model/errors.js";
import { failure, finished, type Git, start } from "./git.js";

/** A file or directory of a tree. Modes as git writes them: `100644`, `100755`, `120000`, `160000`, `040000` (a directory). */
export interface TreeEntry {
  path: string;
  mode: string;
  id: Digest;
  /** An entry of a shard: its id is the one that its file would have. */
  packed?: true;
  /** Of a shard that cannot be read: it stands for entries that are not known. */
  problems?: readonly Problem[];
}

/**
 * Is offered a record of a listing before an entry is made of it: `mode type id<TAB>path`, which begins at `start`, its path at
 * `path`. Tells whether it took it; then it is not listed.
 */
export type TakeRecord = (bytes: Buffer, start: number, path: number, end: number) => boolean;

/** Lists a tree with all its directories and files, in batches. A missing or broken object is an error (HDL300), never an absence. */
export async function* listTree(git: Git, tree: string, take?: TakeRecord): AsyncGenerator<TreeEntry[]> {
  for await (const block of recordBlocks(git, ["ls-tree", "-r", "-t", "-z", "--full-tree", tree])) {
    const entries: TreeEntry[] = [];
    for (let start = 0; start < block.length; ) {
      const path = block.indexOf(tab, start + shortestHead) + 1;
      let end = path;
      while (block[end] !== 0) end++;
      if (!take?.(block, start, path, end)) entries.push(parseRecord(block.toString("utf8", start, end)));
      start = end + 1;
    }
    if (entries.length > 0) yield entries;
  }
}

const tab = 0x09;
/** Bytes of a record before its tab. */
const shortestHead = `100644 blob ${"0".repeat(40)}`.length;

/** A record of `git ls-tree -z`: `mode type id<TAB>path`. */
export function parseRecord(record: string): TreeEntry {
  const tab = record.indexOf("\t");
  return { mode: record.slice(0, 6), id: record.slice(tab - 40, tab), path: record.slice(tab + 1) };
}

/** The output of a git command as it comes, split at NUL bytes, in batches. HDL300 where it fails. */
export async function* gitRecords(git: Git, args: readonly string[]): AsyncGenerator<string[]> {
  for await (const block of recordBlocks(git, args)) yield block.toString("utf8", 0, block.length - 1).split("\0");
}

/** The same as bytes: whole records, each with the NUL that ends it. */
async function* recordBlocks(git: Git, args: readonly string[]): AsyncGenerator<Buffer> {
  const child = start(git, args);
  const end = finished(child);
  end.catch(() => {});
  try {
    child.stdin!.end();
    let rest: Buffer = Buffer.alloc(0);
    for await (const chunk of child.stdout!) {
      const bytes = rest.length > 0 ? Buffer.concat([rest, chunk as Buffer]) : (chunk as Buffer);
      const length = bytes.lastIndexOf(0) + 1;
      rest = bytes.subarray(length);
      if (length > 0) yield bytes.subarray(0, length);
    }
    const { code, stderr } = await end;
    if (code !== 0) throw failure(args, stderr);
  } finally {
    child.kill();
  }
}

/** The bodies of objects, one at a time; see `readBatches`. */
export async function* readObjects(git: Git, ids: Iterable<string>, type = "blob"): AsyncGenerator<Buffer> {
  for await (const bodies of readBatches(git, ids, type)) yield* bodies;
}

/**
 * The bodies of objects, in the order of their ids, through one `git cat-file --batch`: as many at a time as have come.
 * Little is asked ahead of what is taken: memory holds one pipe's worth and the objects at hand. HDL300 for an object that
 * is missing or cannot be read.
 */
export async function* readBatches(git: Git, ids: Iterable<string>, type = "blob"): AsyncGenerator<Buffer[]> {
  const rest = ids[Symbol.iterator]();
  let objects: BatchReader | undefined;
  let asked = 0;
  let taken = 0;
  const ask = () => {
    let lines = "";
    for (; asked - taken < askedAhead; asked++) {
      const { value, done } = rest.next();
      if (done) break;
      lines += `${value}\n`;
    }
    if (lines === "") return;
    objects ??= openReader(git);
    objects.child.stdin!.write(lines, "latin1");
  };
  try {
    for (;;) {
      if (asked - taken <= askedAhead / 2) ask();
      if (taken === asked) break;
      const { stream, end } = objects!;
      const header = await stream.line();
      if (header === undefined) throw failure(batchArgs, (await end).stderr);
      const [id, found, size] = header.split(" ");
      if (found !== type || size === undefined) throw unreadable(id!, found, type);
      const bodies = [await stream.take(Number(size))];
      await stream.take(1);
      for (let body = stream.whole(type); body; body = stream.whole(type)) bodies.push(body);
      taken += bodies.length;
      yield bodies;
    }
  } finally {
    if (objects && taken === asked) keepIdle(git, objects);
    else objects?.child.kill();
  }
}

export const batchArgs = ["cat-file", "--batch"];
const askedAhead = 2000;

/** A `git cat-file` that is kept for a while: starting one takes longer than reading a hundred files. */
export interface BatchReader {
  child: ChildProcess;
  stream: ReturnType<typeof reader>;
  end: ReturnType<typeof finished>;
  stopping?: NodeJS.Timeout;
}

/** One that is kept, or a new one. Who has read all the answers gives it to `keepIdle`. */
export function openReader(git: Git): BatchReader {
  return idleReader(git) ?? startReader(git);
}

const idle = new WeakMap<Git, BatchReader[]>();
/** Milliseconds. */
const keptFor = 1000;

function startReader(git: Git): BatchReader {
  const child = start(git, batchArgs);
  const end = finished(child);
  end.catch(() => {});
  return { child, end, stream: reader(child.stdout![Symbol.asyncIterator]() as AsyncIterator<Buffer>) };
}

function idleReader(git: Git): BatchReader | undefined {
  const reader = idle.get(git)?.pop();
  if (!reader) return undefined;
  clearTimeout(reader.stopping);
  const { killed, exitCode, signalCode } = reader.child;
  if (killed || exitCode !== null || signalCode !== null) return undefined;
  hold(reader, "ref");
  return reader;
}

/** Lets a git that waits for questions go: it would not see how the repository has changed since it started. */
export function dropReaders(git: Git): void {
  for (const { child } of idle.get(git) ?? []) child.kill();
  idle.delete(git);
}

/** It keeps nobody waiting: it ends with the process, whose end of the pipe closes, or by itself. */
export function keepIdle(git: Git, reader: BatchReader): void {
  hold(reader, "unref");
  reader.stopping = setTimeout(() => reader.child.kill(), keptFor).unref();
  idle.set(git, [...(idle.get(git) ?? []), reader]);
}

function hold({ child }: BatchReader, how: "ref" | "unref"): void {
  child[how]();
  for (const stream of [child.stdin, child.stdout, child.stderr]) (stream as Socket)[how]();
}

export function unreadable(id: string, found: string | undefined, type: string): HeddleError {
  const reason = found === "missing" ? "is missing from the repository" : `is not a ${type}`;
  return new HeddleError("HDL300", `git object ${id} ${reason}`, {
    hint: "run `git fsck`; in a partial clone, fetch from the remote again",
  });
}

/** Lines and blocks of bytes from a stream of chunks. */
function reader(chunks: AsyncIterator<Buffer>) {
  let buffer: Buffer = Buffer.alloc(0);
  let offset = 0;
  const more = async (): Promise<boolean> => {
    const { value, done } = await chunks.next();
    if (done) return false;
    buffer = offset === buffer.length ? value : Buffer.concat([buffer.subarray(offset), value]);
    offset = 0;
    return true;
  };
  const cut = (end: number): Buffer => {
    const bytes = buffer.subarray(offset, end);
    offset = end;
    return bytes;
  };
  return {
    /** The next line; undefined at the end of the stream. */
    async line(): Promise<string | undefined> {
      while (!buffer.includes(10, offset)) if (!(await more())) return undefined;
      const text = cut(buffer.indexOf(10, offset)).toString("latin1");
      offset++;
      return text;
    },
    /** The body of the next object, where all of it has come and it is of this type: what else there is, `line` and `take` find. */
    whole(type: string): Buffer | undefined {
      const end = buffer.indexOf(10, offset);
      if (end < 0) return undefined;
      const [, found, size] = buffer.toString("latin1", offset, end).split(" ");
      const start = end + 1;
      if (found !== type || buffer.length - start <= Number(size)) return undefined;
      offset = start + Number(size) + 1;
      return buffer.subarray(start, offset - 1);
    },
    /** Exactly `size` bytes. */
    async take(size: number): Promise<Buffer> {
      if (buffer.length - offset >= size) return cut(offset + size);
      const parts: Buffer[] = [cut(buffer.length)];
      let missing = size - parts[0]!.length;
      while (missing > 0) {
        const { value, done } = await chunks.next();
        if (done) throw new HeddleError("HDL300", "git cat-file ended in the middle of an object");
        buffer = value;
        offset = 0;
        parts.push(cut(Math.min(missing, value.length)));
        missing -= parts.at(-1)!.length;
      }
      return Buffer.concat(parts);
    },
  };
}
