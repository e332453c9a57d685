import { randomUUID } from "node:crypto";
import { closeSync, openSync, readSync, unlinkSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Texts that wait on disk. */
export interface Spool {
  /** Gives the offset. */
  add(text: string): number;
  read(offset: number): string;
}

const spoolBuffer = 1024 * 1024;
const closing = new FinalizationRegistry<number>((file) => closeSync(file));

/** A file without a name, which goes with the process at the latest. */
export function openSpool(): Spool {
  const path = join(tmpdir(), `heddle-${randomUUID()}`);
  const file = openSync(path, "wx+", 0o600);
  unlinkSync(path);
  let written = 0;
  let waiting: Buffer[] = [];
  let size = 0;
  const flush = () => {
    const bytes = Buffer.concat(waiting);
    for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done, bytes.length - done, written + done);
    written += bytes.length;
    waiting = [];
    size = 0;
  };
  const take = (offset: number, length: number): Buffer => {
    const bytes = Buffer.alloc(length);
    for (let done = 0; done < length; ) done += readSync(file, bytes, done, length - done, offset + done);
    return bytes;
  };
  const spool: Spool = {
    add(text) {
      const offset = written + size;
      const bytes = Buffer.alloc(4 + Buffer.byteLength(text));
      bytes.writeUInt32LE(bytes.length - 4);
      bytes.write(text, 4);
      waiting.push(bytes);
      size += bytes.length;
      if (size >= spoolBuffer) flush();
      return offset;
    },
    read(offset) {
      if (size > 0) flush();
      return take(offset + 4, take(offset, 4).readUInt32LE()).toString();
    },
  };
  closing.register(spool, file);
  return spool;
}
