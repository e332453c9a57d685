import type { Digest } from "../model/entry.js";
import { HeddleError } from "../model/errors.js";
import { failure, finished, type Git, start } from "./git.js";

/** A file or directory of a tree. Modes as git writes them: `100644`, `100755`, `120000`, `160000`, `040000` (a directory). */
export interface TreeEntry {
  path: string;
  mode: string;
  id: Digest;
}

/** Lists a tree with all its directories and files, in batches. A missing or broken object is an error (HDL300), never an absence. */
export async function* listTree(git: Git, tree: string): AsyncGenerator<TreeEntry[]> {
  for await (const records of gitRecords(git, ["ls-tree", "-r", "-t", "-z", "--full-tree", tree])) {
    yield records.map(parseRecord);
  }
}

/** A record of `git ls-tree -z`: `mode type id<TAB>path`. */
export function parseRecord(record: string): TreeEntry {
  const tab = record.indexOf("\t");
  return { mode: record.slice(0, 6), id: record.slice(tab - 40, tab), path: record.slice(tab + 1) };
}

/** The output of a git command as it comes, split at NUL bytes, in batches. HDL300 where it fails. */
export async function* gitRecords(git: Git, args: readonly string[]): AsyncGenerator<string[]> {
  const child = start(git, args);
  const end = finished(child);
  end.catch(() => {});
  try {
    child.stdin!.end();
    let rest = "";
    for await (const chunk of child.stdout!.setEncoding("utf8")) {
      const records = (rest + (chunk as string)).split("\0");
      rest = records.pop()!;
      if (records.length > 0) yield records;
    }
    const { code, stderr } = await end;
    if (code !== 0) throw failure(args, stderr);
  } finally {
    child.kill();
  }
}

/**
 * The bodies of objects, in the order of their ids, through one `git cat-file --batch`. What is not taken yet is not read yet:
 * memory holds one pipe's worth and the object at hand. HDL300 for an object that is missing or cannot be read.
 */
export async function* readObjects(git: Git, ids: Iterable<string>, type = "blob"): AsyncGenerator<Buffer> {
  const args = ["cat-file", "--batch", "--buffer"];
  const child = start(git, args);
  const end = finished(child);
  end.catch(() => {});
  const written = { count: 0 };
  const feeding = feed(child.stdin!, ids, written);
  feeding.catch(() => {});
  const stream = reader(child.stdout![Symbol.asyncIterator]() as AsyncIterator<Buffer>);
  try {
    let next = 0;
    for (;;) {
      const header = await stream.line();
      if (header === undefined) break;
      const [id, found, size] = header.split(" ");
      if (found !== type || size === undefined) throw unreadable(id!, found, type);
      yield await stream.take(Number(size));
      await stream.take(1);
      next++;
    }
    await feeding;
    const { code, stderr } = await end;
    if (code !== 0 || next !== written.count) throw failure(args, stderr);
  } finally {
    child.kill();
  }
}

/** Writes ids as fast as git takes them. Counts them, so that an early end is noticed. */
async function feed(stdin: NodeJS.WritableStream, ids: Iterable<string>, written: { count: number }): Promise<void> {
  let block = "";
  const closed = new Promise<void>((resolve) => stdin.once("close", resolve));
  const flush = async () => {
    if (!stdin.write(block)) await Promise.race([closed, new Promise((resolve) => stdin.once("drain", resolve))]);
  };
  for (const id of ids) {
    block += `${id}\n`;
    written.count++;
    if (block.length >= 16_384) {
      await flush();
      block = "";
    }
  }
  stdin.end(block);
}

export function unreadable(id: string, found: string | undefined, type: string): HeddleError {
  const reason = found === "missing" ? "is missing from the repository" : `is not a ${type}`;
  return new HeddleError("HDL300", `git object ${id} ${reason}`, {
    hint: "run `git fsck`; in a partial clone, fetch from the remote again",
  });
}

/** Lines and blocks of bytes from a stream of chunks. */
export function reader(chunks: AsyncIterator<Buffer>) {
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
