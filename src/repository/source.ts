import { isUtf8 } from "node:buffer";
import type { Digest } from "../model/entry.js";
import { HeddleError } from "../model/errors.js";
import { type Git, output, outputList } from "./git.js";
import { listTree, parseRecord, type TakeRecord, type TreeEntry } from "./objects.js";
import type { Repository } from "./repository.js";
import { withEntries } from "./shard-tree.js";
import { packedAt, readEntries } from "./shards.js";

/** A revision and the work tree, read alike. Paths are relative to the project. A shard is listed as the entries in it. */
export interface Source {
  /** For messages: the commit's id, or undefined for the work tree. */
  readonly commit: string | undefined;
  /** The tree id of a directory; undefined where there is none, and in the work tree. */
  tree(path: string): Promise<Digest | undefined>;
  /** Everything below a directory, paths relative to it, in batches; nothing where it does not exist. A `path` that is no directory itself comes as `""`. Where git lists it, `take` is asked first. */
  list(path: string, take?: TakeRecord): AsyncIterable<TreeEntry[]>;
  /** The bytes of files that `list` gave, in their order, some at a time. `directory` is what was listed. */
  read(directory: string, files: Iterable<{ path: string; id: Digest }>): AsyncIterable<Buffer[]>;
  /** The line of its shard that a packed entry is on, from 1. */
  lineOf(directory: string, file: { path: string; id: Digest }): number | undefined;
}

/** The project as a commit has it. `commit` is an id, as `resolveRevision` gives it. */
export function atCommit(repository: Repository, commit: string): Source {
  const { git } = repository;
  const entries = new Map<string, Promise<TreeEntry | undefined>>();
  // Asked for often, and of what never changes.
  const entry = (path: string) => {
    const found = entries.get(path) ?? entryAt(repository, commit, path);
    entries.set(path, found);
    found.catch(() => entries.delete(path));
    return found;
  };
  return {
    commit,
    async tree(path) {
      const found = await entry(path);
      return found?.mode === "040000" ? found.id : undefined;
    },
    async *list(path, take) {
      const found = await entry(path);
      if (found?.mode === "040000") yield* withEntries(git, path, listTree(git, found.id, take));
      else if (found) yield [{ ...found, path: "" }];
    },
    ...byId(git),
  };
}

/** Files that are in git are read by their ids alone. */
export function byId(git: Git): Pick<Source, "read" | "lineOf"> {
  return {
    read: (_directory, files) => readEntries(git, ids(files)),
    lineOf: (_directory, { id }) => packedAt(git, id)?.line,
  };
}

/** The same, one at a time. */
export async function* readEach(source: Source, ...files: Parameters<Source["read"]>): AsyncGenerator<Buffer> {
  for await (const batch of source.read(...files)) yield* batch;
}

function* ids(files: Iterable<{ id: Digest }>): Generator<Digest> {
  for (const { id } of files) yield id;
}

/**
 * What a commit (or tree) has at a path of the project; undefined where there is nothing.
 * HDL400 where something above it is no directory: a symlink there would make the data look deleted.
 */
async function entryAt(repository: Repository, commit: string, path: string): Promise<TreeEntry | undefined> {
  const full = `${repository.prefix}${path}`.replace(/\/$/, "");
  if (full === "") {
    const id = await output(repository.git, ["rev-parse", "--verify", `${commit}^{tree}`]);
    return { path: "", mode: "040000", id };
  }
  // With `-t` the directories on the way are listed as well.
  const list = async (path: string) =>
    (await outputList(repository.git, ["ls-tree", "-t", "-z", "--full-tree", commit, "--", path])).map(parseRecord);
  const entries = await list(full);
  const found = entries.find((entry) => entry.path === full);
  if (found) return found;
  const parts = full.split("/");
  if (entries.length < parts.length - 1) {
    const obstacle = parts.slice(0, entries.length + 1).join("/");
    if ((await list(obstacle)).length > entries.length) throw unfit(obstacle, "is not a directory");
  }
  return undefined;
}

/** The texts of files that were listed. HDL400 for what is no regular file, or no UTF-8. */
export async function readTexts(source: Source, directory: string, files: readonly TreeEntry[]): Promise<string[]> {
  const place = ({ path }: TreeEntry) => (path === "" ? directory : `${directory}/${path}`);
  for (const file of files) if (!file.mode.startsWith("100")) throw unfit(place(file), "is not a regular file");
  const texts: string[] = [];
  for await (const bytes of readEach(source, directory, files)) {
    if (!isUtf8(bytes)) throw unfit(place(files[texts.length]!), "is not UTF-8 text");
    texts.push(bytes.toString());
  }
  return texts;
}

/** The text of one file of a source; undefined where there is none. HDL400 for what is no regular file, or no UTF-8. */
export async function readText(source: Source, path: string): Promise<string | undefined> {
  for await (const [entry] of source.list(path)) {
    if (entry?.path !== "" || !entry.mode.startsWith("100")) throw unfit(path, "is not a regular file");
    return (await readTexts(source, path, [entry]))[0];
  }
  return undefined;
}

/** HDL400 for one file. */
export function unfit(file: string, message: string): HeddleError {
  return new HeddleError("HDL400", `${file} ${message}`, { problems: [{ file, message }] });
}
