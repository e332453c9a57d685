import { readdirSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { digestOf } from "../../../src/model/entry.js";
import { openRepository } from "../../../src/repository/repository.js";
import { packedAt, readEntries, shardIndexes } from "../../../src/repository/shards.js";
import { makeRepository } from "../../support/git.js";

const shard = (count: number, more = "") =>
  `${Array.from({ length: count }, (_, i) => `{"n${1000 + i}":{"id":${1000 + i},"né":"é"}}\n`).join("")}${more}`;
const manifest = (id: number) => `{\n  "id": ${id},\n  "né": "é"\n}\n`;

/** A repository with a shard, which each call of `index` reads as a process of its own; it tells how many shards were read. */
function withShard(text: string) {
  const made = makeRepository();
  onTestFinished(() => made[Symbol.dispose]());
  made.write("shard", text);
  const id = made.git("hash-object", "-w", "shard");
  made.commitAll();
  made.git("worktree", "add", "-q", "--detach", made.beside("tree"));
  const index = async (directory = made.directory) => {
    const { git } = await openRepository(directory, { environment: made.environment });
    let read = 0;
    const indexes = await shardIndexes(git, [id], async function* () {
      read++;
      yield Buffer.from(text);
    });
    const { entries, lines, problems } = indexes.get(id)!;
    const found: string[] = [];
    for await (const bytes of readEntries(git, [digestOf(manifest(1050))])) found.push(bytes.toString());
    return { read, entries: new Map(entries), lines, problems, found, at: packedAt(git, digestOf(manifest(1050))) };
  };
  return { index, id, tree: made.beside("tree"), kept: join(made.directory, ".git/heddle/shards") };
}

describe("what is known of shards", () => {
  test("is kept by blob id: the shard is read once, and its entries are found as if it had been read again", async () => {
    const { index, id, tree, kept } = withShard(shard(120));
    const first = await index();
    expect(first).toMatchObject({ read: 1, problems: [], found: [manifest(1050)], at: { shard: id, line: 51 } });
    expect(first.entries.get("n1050")).toBe(digestOf(manifest(1050)));
    expect(await index()).toEqual({ ...first, read: 0 });
    expect(await index(tree)).toEqual({ ...first, read: 0 });
    const [file] = readdirSync(kept);
    truncateSync(join(kept, file!), 100);
    expect(await index()).toEqual(first);
    expect(await index()).toEqual({ ...first, read: 0 });
  });

  test("is not kept where something is wrong with one, or it has few entries", async () => {
    const wrong = withShard(shard(120, "{}\n"));
    const few = withShard(shard(60));
    for (let i = 0; i < 2; i++) {
      expect(await wrong.index()).toMatchObject({ read: 1, problems: [{ line: 121 }] });
      expect(await few.index()).toMatchObject({ read: 1, problems: [] });
    }
  });
});
