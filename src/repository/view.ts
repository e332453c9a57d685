import type { Digest } from "../model/entry.js";
import { fetchQuietly } from "./fetch.js";
import { output } from "./git.js";
import { listTree, type TreeEntry } from "./objects.js";
import type { Repository } from "./repository.js";
import { hasObject } from "./revision.js";
import { atCommit } from "./source.js";
import { weaveDirectory } from "./weave.js";
import { openWriter } from "./writer.js";

/** The entries of a view: dataset directory → path inside it → blob id. */
export type View = Map<string, Map<string, Digest>>;

/**
 * The view that `_weave.json` names: from its own tree; where this clone does not have that, from the branch's data at
 * the commit that last changed `_weave.json`, if that is the same tree but for `_weave.json`; else from the remote.
 * Undefined where none has it.
 */
export async function readView(
  repository: Repository,
  tip: Digest,
  weave: string,
  view: Digest,
): Promise<View | undefined> {
  const own = () => collect(listTree(repository.git, view));
  if (await hasObject(repository, view)) return own();
  const root = weaveDirectory(weave);
  const file = `${repository.prefix}${root}/_weave.json`;
  const commit = await output(repository.git, ["log", "-1", "--format=%H", tip, "--", file]);
  const same = commit === "" ? undefined : await readUnmerged(repository, commit, root, view);
  if (same) return same;
  const ref = `refs/heddle/views/${view}`;
  return (await fetchQuietly(repository, [`${ref}:${ref}`])) && (await hasObject(repository, view)) ? own() : undefined;
}

/** The data of a weave that met no edits: just what the source gave. */
async function readUnmerged(
  repository: Repository,
  commit: Digest,
  root: string,
  view: Digest,
): Promise<View | undefined> {
  const entries: TreeEntry[] = [];
  for await (const batch of atCommit(repository, commit).list(root)) entries.push(...batch);
  const directories = entries.filter(({ path, mode }) => mode === "040000" && !path.includes("/"));
  const nothingStored = openWriter(repository, { known: () => true });
  const tree = await nothingStored.tree(
    [],
    directories.map(({ path, id }) => [path, id] as const),
  );
  return tree === view ? collect([entries]) : undefined;
}

async function collect(batches: AsyncIterable<TreeEntry[]> | Iterable<TreeEntry[]>): Promise<View> {
  const view: View = new Map();
  for await (const batch of batches) {
    for (const { path, mode, id } of batch) {
      const slash = path.indexOf("/");
      if (mode === "040000" || slash < 0) continue;
      const directory = path.slice(0, slash);
      const files = view.get(directory) ?? new Map<string, Digest>();
      view.set(directory, files);
      const name = path.slice(slash + 1);
      if (name !== "_dataset.json") files.set(name, id);
    }
  }
  return view;
}
