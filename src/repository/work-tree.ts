import { hash } from "node:crypto";
import { closeSync, lstatSync, openSync, readFileSync, readlinkSync, readSync, type Stats } from "node:fs";
import { join } from "node:path";
import { HeddleError } from "../model/errors.js";
import { readShard, unpacked } from "../model/shard.js";
import { type Environment, outputList, run } from "./git.js";
import { isShard, splitPacked } from "./layout.js";
import type { TreeEntry } from "./objects.js";
import type { Repository } from "./repository.js";
import { indexShard } from "./shard-index.js";
import { expanded } from "./shard-tree.js";
import { type Source, unfit } from "./source.js";

/** Files listed at one time. They are read by synchronous calls: for many small files those take a third of the time. */
const batch = 500;

/**
 * The project as it lies in the work tree: tracked files and new ones that are not ignored, their bytes as they are on disk.
 * HDL101 in a bare repository; HDL400 where a sparse checkout leaves files out.
 */
export function atWorkTree(repository: Repository): Source {
  const root = workTreeOf(repository);
  const inProject = (path: string) => join(root, repository.prefix, path);
  return {
    commit: undefined,
    tree: async () => undefined,
    async *list(path) {
      refuseObstacles(root, `${repository.prefix}${path}`);
      const withEntries = (entry: TreeEntry): TreeEntry[] => {
        const file = `${path}/${entry.path}`;
        if (entry.mode !== "100644" || !isShard(file)) return [entry];
        return expanded(entry, indexShard(readFileSync(inProject(file))));
      };
      const full = `${repository.prefix}${path}`.replace(/\/$/, "");
      const args = ["ls-files", "-z", "-t", "--cached", "--others", "--exclude-standard", "--deduplicate", "--", full];
      const records = await outputList(repository.git, args);
      const absent = records.find((record) => record.startsWith("S "));
      if (absent) {
        throw new HeddleError("HDL400", `the sparse checkout leaves out ${absent.slice(2)}`, {
          hint: `git sparse-checkout add ${path}`,
        });
      }
      for (let i = 0; i < records.length; i += batch) {
        const found = records.slice(i, i + batch).map((record) => inspect(root, record.slice(2)));
        yield found.flatMap((entry) =>
          entry ? withEntries({ ...entry, path: entry.path.slice(full.length + 1) }) : [],
        );
      }
    },
    async *read(directory, files) {
      let last: { shard: string; lines: Map<string, string> } | undefined;
      for (const { path } of files) {
        const packed = splitPacked(`${directory}/${path}`);
        if (!packed) yield [readFileSync(join(inProject(directory), path))];
        else {
          if (last?.shard !== packed.shard) {
            const { lines } = readShard(readFileSync(inProject(packed.shard), "utf8"));
            last = { shard: packed.shard, lines: new Map(lines.map(({ name, json }) => [name, json])) };
          }
          yield [Buffer.from(unpacked(last.lines.get(packed.name)!))];
        }
      }
    },
    lineOf(directory, { path }) {
      const packed = splitPacked(`${directory}/${path}`);
      if (!packed) return undefined;
      return readShard(readFileSync(inProject(packed.shard), "utf8")).lines.find(({ name }) => name === packed.name)
        ?.line;
    },
  };
}

/** A symbolic link above the data would make it look deleted to git. */
function refuseObstacles(root: string, path: string): void {
  const parts = path.split("/");
  for (let i = 1; i < parts.length; i++) {
    const above = parts.slice(0, i).join("/");
    const found = statOf(join(root, above));
    if (found && !found.isDirectory()) throw unfit(above, "is not a directory");
  }
}

/** The work tree's root directory. HDL101 in a bare repository. */
export function workTreeOf(repository: Repository): string {
  if (repository.workTree !== undefined) return repository.workTree;
  throw new HeddleError("HDL101", "a bare repository has no work tree", { hint: "name a revision or a branch" });
}

/** A path that git listed, as it is on disk; undefined where it is gone. Git lists a directory only if it is a repository of its own. */
export function inspect(root: string, listed: string): TreeEntry | undefined {
  const path = listed.replace(/\/$/, "");
  const place = join(root, path);
  const found = statOf(place);
  if (!found) return undefined;
  if (found.isDirectory()) return { path, mode: "160000", id: "" };
  if (found.isSymbolicLink()) return { path, mode: "120000", id: blobId(Buffer.from(readlinkSync(place))) };
  if (!found.isFile()) return { path, mode: "000000", id: "" };
  return { path, mode: found.mode & 0o100 ? "100755" : "100644", id: blobId(readFileSync(place)) };
}

/** What lies at a place, links not followed; undefined where there is nothing. */
function statOf(place: string): Stats | undefined {
  try {
    return lstatSync(place);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw error;
  }
}

function blobId(bytes: Buffer): string {
  return hash("sha1", Buffer.concat([Buffer.from(`blob ${bytes.length}\0`), bytes]));
}

/** Paths below `paths` whose state differs from HEAD, in the index or the work tree, new files included. Relative to the project. */
export async function uncommitted(repository: Repository, paths: readonly string[]): Promise<string[]> {
  workTreeOf(repository);
  const full = paths.map((path) => `${repository.prefix}${path}`);
  const status = [
    "status",
    "--porcelain=v1",
    "-z",
    "--untracked-files=all",
    "--no-renames",
    "--ignore-submodules=dirty",
  ];
  const records = await outputList(repository.git, [...status, "--", ...full], await withoutFilters(repository));
  return records.map((record) => record.slice(3 + repository.prefix.length));
}

/** Paths below `paths` that the index has otherwise than HEAD. No file is looked at. Relative to the project. */
export async function staged(repository: Repository, paths: readonly string[]): Promise<string[]> {
  const full = paths.map((path) => `${repository.prefix}${path}`);
  const args = ["diff-index", "-z", "--cached", "--name-only", "--no-renames", "--ignore-submodules=dirty", "HEAD"];
  const records = await outputList(repository.git, [...args, "--", ...full]);
  return records.map((record) => record.slice(repository.prefix.length));
}

/** How many files the index lists, by its header (gitformat-index); 0 where there is none. */
export function indexedFiles({ gitDirectory }: Repository): number {
  const header = Buffer.alloc(12);
  try {
    const file = openSync(join(gitDirectory, "index"), "r");
    try {
      return readSync(file, header) === header.length ? header.readUInt32BE(8) : 0;
    } finally {
      closeSync(file);
    }
  } catch {
    return 0;
  }
}

/** Variables that keep configured content filters from running: they are programs, and change bytes. */
export async function withoutFilters(repository: Repository): Promise<Environment> {
  const query = ["config", "-z", "--name-only", "--get-regexp", "^filter\\."];
  const { stdout } = await run(repository.git, query, { allow: [1] });
  const names = new Set(stdout.toString().split("\0").slice(0, -1));
  const variables: Record<string, string> = { GIT_CONFIG_COUNT: String(names.size) };
  [...names].forEach((name, i) => {
    variables[`GIT_CONFIG_KEY_${i}`] = name;
    variables[`GIT_CONFIG_VALUE_${i}`] = name.endsWith(".required") ? "false" : "";
  });
  return variables;
}
