import { hash, randomUUID } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Repository } from "./repository.js";

/** Files that spare work and can all be made again: none is ever missed, and whoever uses one checks nothing but its name. */
export interface Cache {
  /** Undefined where there is none, or a broken one. */
  read(name: string): Buffer | undefined;
  /** Does nothing where the repository cannot be written to. */
  write(name: string, content: Buffer): void;
}

const day = 24 * 60 * 60 * 1000;
/** Milliseconds after which a file that nobody read is deleted. */
const keptFor = 30 * day;
/** Bytes of one kind of files. */
const keptBytes = 2 ** 30;
/** Bytes of the digest that ends a file: of its name and content. */
const sealBytes = 20;

/**
 * A cache inside the git directory, so that work trees share it and nothing commits it. Files are replaced whole: who reads
 * sees the old one or the new one, and of two who write one at a time the last one's stays.
 * @param kind what is kept: files that are called `<git directory>/heddle/<kind>/<name>`
 */
export function cacheOf({ commonDirectory }: Pick<Repository, "commonDirectory">, kind: string): Cache {
  const directory = join(commonDirectory, "heddle", kind);
  let isTidy = false;
  return {
    read(name) {
      const file = join(directory, name);
      const bytes = attempt(() => readFileSync(file));
      if (!bytes || bytes.length < sealBytes) return undefined;
      const content = bytes.subarray(0, -sealBytes);
      if (!seal(name, content).equals(bytes.subarray(-sealBytes))) return undefined;
      const now = Date.now();
      attempt(() => now - statSync(file).mtimeMs > day && utimesSync(file, now / 1000, now / 1000));
      return content;
    },
    write(name, content) {
      const temporary = join(directory, `.${randomUUID()}`);
      try {
        mkdirSync(directory, { recursive: true });
        writeFileSync(temporary, Buffer.concat([content, seal(name, content)]), { flag: "wx" });
        renameSync(temporary, join(directory, name));
      } catch {
        attempt(() => rmSync(temporary, { force: true }));
        return;
      }
      if (!isTidy) tidy(directory);
      isTidy = true;
    },
  };
}

function seal(name: string, content: Buffer): Buffer {
  return hash("sha1", Buffer.concat([Buffer.from(`${name}\0`), content]), "buffer");
}

/** Deletes what nobody has read for long, what was left half-written, and of too much the oldest. */
function tidy(directory: string): void {
  const found = (attempt(() => readdirSync(directory)) ?? []).flatMap((name) => {
    const file = join(directory, name);
    const { mtimeMs, size } = attempt(() => statSync(file)) ?? {};
    return mtimeMs === undefined
      ? []
      : [{ file, age: Date.now() - mtimeMs, size: size!, isPart: name.startsWith(".") }];
  });
  let room = keptBytes;
  for (const { file, age, size, isPart } of found.sort((a, b) => a.age - b.age)) {
    room -= size;
    if (room < 0 || age > (isPart ? day : keptFor)) attempt(() => rmSync(file, { force: true }));
  }
}

/** What another process takes away meanwhile, or the disk refuses, is only a cache that is not there. */
function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}
