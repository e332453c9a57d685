import type { Digest } from "../model/entry.js";
import { unpacked } from "../model/shard.js";
import { failure, type Git } from "./git.js";
import { batchArgs, keepIdle, openReader, unreadable } from "./objects.js";
import type { Repository } from "./repository.js";
import type { ShardIndex } from "./shard-index.js";
import { jsonOf, packedAt, shardIndexes } from "./shards.js";

interface GitObject {
  id: Digest;
  type: "commit" | "tree" | "blob" | "tag";
  body: Buffer;
}

/** Git objects on demand, all through one `git cat-file --batch`, which is there at the first question. */
export interface ObjectReader extends AsyncDisposable {
  /** What a revision of git's grammar names (`main`, `v2^{commit}`, an id); undefined where git finds nothing. */
  find(revision: string): Promise<GitObject | undefined>;
  /** The bytes of an object. HDL300 where it is missing, or of another type: never taken for an absence. */
  read(id: Digest, type: GitObject["type"]): Promise<Buffer>;
  /** What a shard holds, by its blob id. Its entries can be read by their digests from then on. */
  shard(id: Digest): Promise<ShardIndex>;
}

/** Bytes of trees that are kept, since the same ones are walked again and again. */
const keptBytes = 32 * 1024 * 1024;

export function openObjects(repository: Pick<Repository, "git">): ObjectReader {
  let git: ReturnType<typeof startReading> | undefined;
  const find = (name: string) => {
    git ??= startReading(repository.git);
    return git.ask(name);
  };
  const trees = new Map<Digest, Promise<Buffer>>();
  let room = keptBytes;

  const readNew = async (id: Digest, type: GitObject["type"]): Promise<Buffer> => {
    const found = await find(id);
    if (found?.type !== type) throw unreadable(id, found?.type ?? "missing", type);
    return found.body;
  };

  // Entries of one shard are often asked for one after the other.
  let last: { shard: Digest; rows: Promise<string[]> } | undefined;
  const rowsOf = (shard: Digest): Promise<string[]> => {
    if (last?.shard !== shard)
      last = { shard, rows: readNew(shard, "blob").then((bytes) => bytes.toString().split("\n")) };
    return last.rows;
  };

  return {
    find: async (revision) => (/[\n\0]/.test(revision) ? undefined : find(revision)),
    async shard(id) {
      const indexes = await shardIndexes(repository.git, [id], async function* ([unknown]) {
        yield await readNew(unknown!, "blob");
      });
      return indexes.get(id)!;
    },
    read(id, type) {
      const place = type === "blob" ? packedAt(repository.git, id) : undefined;
      if (place) return rowsOf(place.shard).then((rows) => Buffer.from(unpacked(jsonOf(rows[place.line - 1]!))));
      const known = type === "tree" ? trees.get(id) : undefined;
      if (known) return known;
      const reading = readNew(id, type);
      if (type !== "tree") return reading;
      trees.set(id, reading);
      return reading.then((body) => {
        room -= body.length;
        if (room < 0) {
          trees.clear();
          room = keptBytes;
        }
        return body;
      });
    },
    async [Symbol.asyncDispose]() {
      git?.stop();
    },
  };
}

/** Questions are written at once and answered in their order. */
function startReading(git: Git): { ask(name: string): Promise<GitObject | undefined>; stop(): void } {
  const { child, end, stream } = openReader(git);
  let last: Promise<unknown> = Promise.resolve();
  let open = 0;
  let lines = "";

  /** Questions of one turn go out together: each write costs more than git needs for an answer. */
  const write = (name: string) => {
    if (lines === "") {
      queueMicrotask(() => {
        child.stdin!.write(lines);
        lines = "";
      });
    }
    lines += `${name}\n`;
  };
  const answer = async (): Promise<GitObject | undefined> => {
    const header = await stream.line();
    if (header === undefined) throw failure(batchArgs, (await end).stderr);
    const object = /^([\da-f]{40}) (commit|tree|blob|tag) (\d+)$/.exec(header);
    const body = object && (await stream.take(Number(object[3])));
    if (object) await stream.take(1);
    open--;
    return object && body ? { id: object[1]!, type: object[2] as GitObject["type"], body } : undefined;
  };
  return {
    ask(name) {
      open++;
      write(name);
      const answered = last.then(answer);
      last = answered;
      last.catch(() => {});
      return answered;
    },
    stop() {
      if (open === 0) keepIdle(git, { child, end, stream });
      else child.kill();
    },
  };
}
