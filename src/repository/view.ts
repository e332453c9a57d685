import { DigestMap } from "../model/digest-map.js";
import type { Digest } from "../model/entry.js";
import { readRef } from "./branch.js";
import { commitText } from "./commit-text.js";
import { fetchQuietly } from "./fetch.js";
import { output, outputList, plainText } from "./git.js";
import { listTree, parseRecord } from "./objects.js";
import { moveRef } from "./ref.js";
import type { Repository } from "./repository.js";
import { hasObject } from "./revision.js";
import { withEntries } from "./shard-tree.js";
import { atCommit, readText, unfit } from "./source.js";
import { type WeaveFiles, weaveDirectory } from "./weave.js";
import { type ObjectWriter, openWriter } from "./writer.js";

/** The entries of a view: dataset directory → path inside it → blob id. */
export type View = Map<string, DigestMap>;

/** What a source gave is nobody's work: every clone makes the same commit of it. */
const nobody = { author: "Heddle <heddle@localhost> 0 +0000", committer: "Heddle <heddle@localhost> 0 +0000" };

/** Stores a commit of a view. */
export function viewCommit(writer: ObjectWriter, tree: Digest, parents: readonly Digest[] = []): Digest {
  return writer.commit(commitText(tree, parents, nobody, "What a source held at a weave"));
}

const refOf = (view: Digest) => `refs/heddle/views/${view}`;

/** Keeps a view's tree reachable, as `refs/heddle/views/<tree id>`. */
export async function keepView(
  repository: Repository,
  writer: ObjectWriter,
  view: Digest,
  durable?: boolean,
): Promise<void> {
  const commit = viewCommit(writer, view);
  await writer.flush();
  const ref = refOf(view);
  if ((await readRef(repository, ref)) !== commit) await moveRef(repository, ref, commit, undefined, durable);
}

/**
 * Whether this clone has a view, or can get it: from its own tree; where `branch` says so from the branch's data at the commit
 * that last changed `_weave.json`, if that is the same tree but for `_weave.json`; else from the remote.
 */
export async function findView(
  repository: Repository,
  view: Digest,
  branch?: { tip: Digest; weave: string },
): Promise<boolean> {
  if (await hasObject(repository, view)) return true;
  if (branch && (await restoreUnmerged(repository, branch, view))) return true;
  const ref = refOf(view);
  return (await fetchQuietly(repository, [`${ref}:${ref}`])) && (await hasObject(repository, view));
}

/**
 * The view that `_weave.json` names; undefined where neither clone, branch nor remote has it. What the branch has in the very
 * same trees is not listed again.
 */
export async function readView(
  repository: Repository,
  tip: Digest,
  weave: string,
  view: Digest,
  current: WeaveFiles,
): Promise<View | undefined> {
  let directories = await directoriesOf(repository, view).catch(() => undefined);
  if (!directories && !(await findView(repository, view, { tip, weave }))) return undefined;
  directories ??= await directoriesOf(repository, view);
  const listed = new Map([...current.datasets.values()].map(({ tree, files }) => [tree, files]));
  const result: View = new Map();
  for (const [path, id] of directories) {
    result.set(path, listed.get(id) ?? (await collect(repository, `${weaveDirectory(weave)}/${path}`, id)));
  }
  return result;
}

/** The directories at the top of a tree: names and tree ids. */
async function directoriesOf({ git }: Repository, tree: Digest): Promise<(readonly [name: string, tree: Digest])[]> {
  const entries = (await outputList(git, ["ls-tree", "-z", "--full-tree", tree])).map(parseRecord);
  return entries.flatMap(({ path, mode, id }) => (mode === "040000" ? [[path, id] as const] : []));
}

/** The newest commits that changed a weave's `_weave.json`, newest first. */
export async function viewChanges(
  { git, prefix }: Repository,
  tip: Digest,
  weave: string,
  limit = 1,
): Promise<{ id: Digest; subject: string }[]> {
  const file = `${prefix}${weaveDirectory(weave)}/_weave.json`;
  const log = await output(git, ["log", `-${limit}`, "--format=%H %s", tip, "--", file]);
  return log
    .split("\n")
    .flatMap((line) => (line === "" ? [] : [{ id: line.slice(0, 40), subject: plainText(line.slice(41)) }]));
}

/**
 * The commit that took the last weave back, as `git revert` does: `_weave.json` says since then what it said before the last
 * weave. Undefined where the last weave stands.
 */
export async function takenBack(
  repository: Repository,
  tip: Digest,
  weave: string,
): Promise<{ id: Digest; subject: string } | undefined> {
  const [revert, , before] = await viewChanges(repository, tip, weave, 3);
  if (!revert || !before) return undefined;
  const textAt = ({ id }: { id: Digest }) => readText(atCommit(repository, id), `${weaveDirectory(weave)}/_weave.json`);
  return (await textAt(revert)) === (await textAt(before)) ? revert : undefined;
}

/** The data of a weave that met no edits is just what the source gave. */
async function restoreUnmerged(
  repository: Repository,
  { tip, weave }: { tip: Digest; weave: string },
  view: Digest,
): Promise<boolean> {
  const [commit] = await viewChanges(repository, tip, weave);
  if (commit === undefined) return false;
  const data = await atCommit(repository, commit.id).tree(weaveDirectory(weave));
  const directories = data === undefined ? [] : await directoriesOf(repository, data);
  const writer = openWriter(repository);
  if ((await writer.tree([], { directories })) !== view) return false;
  await writer.flush();
  return true;
}

/** @param directory of the dataset, from the project */
async function collect({ git }: Repository, directory: string, tree: Digest): Promise<DigestMap> {
  const files = new DigestMap();
  for await (const batch of withEntries(git, directory, listTree(git, tree))) {
    for (const { path, mode, id, problems } of batch) {
      if (problems) throw unfit(`${directory}/${path}`, "cannot be read in the last view");
      if (mode !== "040000" && path !== "_dataset.json") files.set(path, id);
    }
  }
  return files;
}
