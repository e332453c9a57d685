import type { Digest } from "../model/entry.js";
import type { Problem } from "../model/errors.js";
import { mergeDataFile } from "../plan/merge-data-file.js";
import type { Texts } from "../plan/merge-text.js";
import { readWeaveText, renderWeave } from "../repository/description.js";
import { nameIn } from "../repository/layout.js";
import { mergeTrees, type Unmerged } from "../repository/merge.js";
import { readObjects } from "../repository/objects.js";
import type { Repository } from "../repository/repository.js";
import type { Change } from "../repository/tree.js";
import { findView, keepView, viewCommit } from "../repository/view.js";
import { openWriter } from "../repository/writer.js";

interface MergeRequest {
  /** Commits. */
  ours: Digest;
  theirs: Digest;
  /** The directory of data files, from the repository's root with a final slash; `""` for the root. */
  data: string;
  /** Takes ours where both changed the same. */
  preferOurs?: true;
}

export interface MergedCommits {
  tree: Digest;
  /** What both changed: files, and of data files the fields. `tree` has ours there. */
  conflicts: Problem[];
}

/** Merges two commits into a tree: data files by field, all else as git does. */
export async function mergeCommits(repository: Repository, request: MergeRequest): Promise<MergedCommits> {
  const { tree, unmerged } = await mergeTrees(repository, request);
  if (unmerged.length === 0) return { tree, conflicts: [] };
  const conflicts: Problem[] = [];
  const writer = openWriter(repository);
  const changes: Change[] = [];
  for (const file of unmerged) {
    const text = await mergeFile(repository, file, request, conflicts);
    const [merged] = text === undefined ? [file.ours] : await writer.blobs([text]);
    changes.push(merged === undefined ? { path: file.path, remove: true } : { path: file.path, blob: merged });
  }
  const result = { tree: await writer.change(tree, changes), conflicts };
  await writer.flush();
  return result;
}

/** The merged text of a data file; undefined where ours stays. */
async function mergeFile(
  repository: Repository,
  file: Unmerged,
  { data, preferOurs }: MergeRequest,
  conflicts: Problem[],
): Promise<string | undefined> {
  const { path, ours, theirs } = file;
  if (ours === undefined || theirs === undefined || !isData(path, data)) {
    const gone = ours === undefined || theirs === undefined;
    conflicts.push({
      file: path,
      message: gone ? "deleted on one side and changed on the other" : "changed on both sides",
    });
    return undefined;
  }
  const texts = await withMergedView(repository, path, await textsOf(repository, file));
  const merged = mergeDataFile(nameIn(path), texts, preferOurs ? { prefer: "ours" } : {});
  if (!merged) conflicts.push({ file: path, message: "changed on both sides, and no data that can be merged" });
  else
    conflicts.push(...merged.conflicts.map((field) => ({ file: path, path: field, message: "changed on both sides" })));
  return merged?.text;
}

/** Another project of the repository has data too. */
function isData(path: string, data: string): boolean {
  return path.startsWith(data) || /(?:^|\/)data\/.+\.json$/.test(path);
}

async function textsOf({ git }: Repository, { base, ours, theirs }: Unmerged): Promise<Texts> {
  const texts: string[] = [];
  for await (const bytes of readObjects(
    git,
    [base, ours, theirs].flatMap((id) => id ?? []),
  ))
    texts.push(bytes.toString());
  const [their, our, was = ""] = texts.reverse();
  return { base: was, ours: our!, theirs: their! };
}

/**
 * The texts of a `_weave.json` that both sides wove, with the one view that belongs to the merged data: their views, merged as
 * the data is. As they are where a view cannot be had, and for other files.
 */
export async function withMergedView(repository: Repository, path: string, texts: Texts): Promise<Texts> {
  if (!path.endsWith("/_weave.json")) return texts;
  const [base, ours, theirs] = [texts.base, texts.ours, texts.theirs].map((text) => readWeaveText(text, path, []));
  if (!ours || !theirs || ours.view === theirs.view) return texts;
  const view = await mergeViews(repository, base?.view, ours.view, theirs.view);
  if (view === undefined) return texts;
  const render = (weave: typeof base) => (weave ? renderWeave({ ...weave, view }) : texts.base);
  return { base: render(base), ours: render(ours), theirs: render(theirs) };
}

/** Undefined where one of the views is neither in this clone nor at its remote. */
async function mergeViews(
  repository: Repository,
  base: Digest | undefined,
  ours: Digest,
  theirs: Digest,
): Promise<Digest | undefined> {
  for (const view of [base, ours, theirs]) if (view && !(await findView(repository, view))) return undefined;
  const writer = openWriter(repository);
  const parents = base ? [viewCommit(writer, base)] : [];
  const sides = { ours: viewCommit(writer, ours, parents), theirs: viewCommit(writer, theirs, parents) };
  await writer.flush();
  // Where the source was woven twice and differs, people decide in the data; of the views either will do.
  const { tree } = await mergeCommits(repository, { ...sides, data: "", preferOurs: true });
  await keepView(repository, writer, tree);
  return tree;
}
