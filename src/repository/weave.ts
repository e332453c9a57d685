import { isUtf8 } from "node:buffer";
import type { Dataset } from "../model/dataset.js";
import { DigestMap } from "../model/digest-map.js";
import type { DigestSet } from "../model/digest-set.js";
import type { Digest } from "../model/entry.js";
import type { Problem } from "../model/errors.js";
import { readDatasetText, readWeaveText, type WeaveDescription } from "./description.js";
import { outputList } from "./git.js";
import { datasetDirectory, isEntryPath, splitPacked } from "./layout.js";
import type { TreeEntry } from "./objects.js";
import { recordTaker } from "./record-taker.js";
import type { Repository } from "./repository.js";
import { readEach, type Source } from "./source.js";

/** A dataset as it lies in a source. */
export interface DatasetFiles {
  dataset: Dataset;
  /** Directory below `data/<weave>/`. */
  directory: string;
  /** Ids of the directory's tree and of its `_dataset.json`; in the work tree they say nothing. */
  tree: Digest;
  description: Digest;
  /** Entries: path inside the directory → blob id. */
  files: DigestMap;
}

export interface WeaveFiles {
  /** Tree id of `data/<weave>`; undefined where it does not exist, and in the work tree. */
  tree: Digest | undefined;
  /** What `_weave.json` says; undefined where there is none, or a bad one. */
  description: WeaveDescription | undefined;
  /** By canonical dataset name. */
  datasets: Map<string, DatasetFiles>;
  /** Whatever is strange, all of it. Where there is any, nothing may be concluded from what is absent. */
  problems: Problem[];
}

/** The directory of a weave in its project. */
export function weaveDirectory(weave: string): string {
  return `data/${weave}`;
}

/** Names of the weaves whose data any of these commits has. */
export async function listWeaves(repository: Repository, commits: readonly Digest[]): Promise<string[]> {
  const names = new Set<string>();
  for (const commit of commits) {
    const args = ["ls-tree", "-z", "-d", "--full-tree", commit, "--", `${repository.prefix}data/`];
    for (const record of await outputList(repository.git, args)) {
      names.add(record.slice(record.lastIndexOf("/") + 1));
    }
  }
  return [...names].sort();
}

/**
 * Lists a weave's data and reads its descriptions, without reading entries. A weave that does not exist is empty.
 * @param objects gets the ids of all trees found, which a writer need not write again
 */
export async function readWeave(source: Source, weave: string, objects?: DigestSet): Promise<WeaveFiles> {
  const root = weaveDirectory(weave);
  const result: WeaveFiles = {
    tree: undefined,
    description: undefined,
    datasets: new Map(),
    problems: [],
  };
  const { problems } = result;
  const descriptions: TreeEntry[] = [];
  const directories = new Map<string, DigestMap>();
  const trees = new Map<string, Digest>();
  const take = recordTaker((directory) => filesOf(directories, directory), objects);
  for await (const batch of source.list(root, take)) {
    for (const entry of batch) {
      if (entry.mode === "040000") {
        objects?.add(entry.id);
        if (!entry.path.includes("/")) trees.set(entry.path, entry.id);
        continue;
      }
      const file = `${root}/${entry.path}`;
      const strange = entry.path === "" ? "is not a directory" : strangeness(entry.mode);
      const slash = entry.path.indexOf("/");
      const directory = entry.path.slice(0, Math.max(slash, 0));
      const name = entry.path.slice(slash + 1);
      if (entry.problems) problems.push(...entry.problems.map((problem) => ({ file, ...problem })));
      else if (strange !== undefined) problems.push({ file: entry.path === "" ? root : file, message: strange });
      else if (slash < 0 ? name === "_weave.json" : name === "_dataset.json") descriptions.push(entry);
      else if (slash < 0 && name === "_position.json") continue;
      else if (slash > 0 && isEntryPath(name) && (entry.packed || !splitPacked(name)))
        filesOf(directories, directory).set(name, entry.id);
      else {
        problems.push({
          file,
          message: "does not belong among woven data",
          hint: "move it elsewhere, or delete it",
        });
      }
      if (slash > 0) filesOf(directories, directory);
    }
  }
  result.tree = await source.tree(root);

  let i = 0;
  for await (const bytes of readEach(source, root, descriptions)) {
    const { path } = descriptions[i++]!;
    const file = `${root}/${path}`;
    if (!isUtf8(bytes)) problems.push({ file, message: "is not UTF-8 text" });
    else if (path === "_weave.json") result.description = readWeaveText(bytes.toString(), file, problems);
    else {
      const directory = path.slice(0, path.lastIndexOf("/"));
      const tree = trees.get(directory) ?? "";
      const lying = { directory, tree, description: descriptions[i - 1]!.id, files: filesOf(directories, directory) };
      addDataset(result, lying, bytes.toString(), file);
    }
  }
  const described = new Set(descriptions.map(({ path }) => path));
  for (const directory of directories.keys()) {
    if (!described.has(`${directory}/_dataset.json`)) {
      problems.push({ file: `${root}/${directory}`, message: "has no _dataset.json", hint: "restore it from git" });
    }
  }
  if (directories.size > 0 && !described.has("_weave.json")) {
    problems.push({ file: `${root}/_weave.json`, message: "is missing", hint: "restore it from git" });
  }
  return result;
}

/** Why a file is not read; undefined for an ordinary one. */
function strangeness(mode: string): string | undefined {
  if (mode === "100644") return undefined;
  if (mode === "100755") return "is marked as executable";
  if (mode === "120000") return "is a symbolic link";
  return mode === "160000" ? "is a submodule or another repository" : "is not a regular file";
}

function filesOf(directories: Map<string, DigestMap>, directory: string): DigestMap {
  const files = directories.get(directory) ?? new DigestMap();
  directories.set(directory, files);
  return files;
}

function addDataset(weave: WeaveFiles, lying: Omit<DatasetFiles, "dataset">, text: string, file: string): void {
  const { directory } = lying;
  const dataset = readDatasetText(text, file, weave.problems);
  if (!dataset) return;
  const expected = datasetDirectory(dataset.name);
  if (expected !== directory) {
    weave.problems.push({
      file,
      dataset: dataset.name,
      message: `the directory of ${dataset.name} is called ${directory}, not ${expected}`,
      hint: `rename it to ${expected}, or correct the name in _dataset.json`,
    });
    return;
  }
  weave.datasets.set(dataset.name, { dataset, ...lying });
}
