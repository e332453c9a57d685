import type { Dataset, FilesLayout, Layout, LinesLayout } from "../model/dataset.js";
import type { Digest } from "../model/entry.js";
import { HeddleError, type Problem } from "../model/errors.js";
import { openGrownTarget } from "../repository/branch.js";
import { commit } from "../repository/commit.js";
import { dataAt, readDataset } from "../repository/data-tree.js";
import { renderDataset, renderWeave } from "../repository/description.js";
import { chooseFanout, chooseShards, entryPath, nameIn } from "../repository/layout.js";
import { manifests } from "../repository/manifests.js";
import { openObjects } from "../repository/object-reader.js";
import type { Source } from "../repository/source.js";
import type { Change } from "../repository/tree.js";
import { weaveDirectory } from "../repository/weave.js";
import { uncommitted } from "../repository/work-tree.js";
import { type ObjectWriter, openWriter } from "../repository/writer.js";
import { type DatasetAddress, findDataset } from "./entry-address.js";
import { openProject } from "./project.js";
import { unfitFiles } from "./side.js";
import { weaveState } from "./weave-state.js";

export interface RelayoutOptions {
  /** Where to look for the project from. */
  directory: string;
  /** `[WEAVE:]DATASET`. */
  dataset: string;
  /** A file for each entry, or lines of few files; as it is where it is not given. */
  to?: Layout["kind"];
  /** Levels of directories; as a first weave of so many entries would choose where it is not given. */
  fanout?: FilesLayout["fanout"];
  /** The number of files with lines; likewise. */
  shards?: LinesLayout["shards"];
  /** The branch to commit to; the checked-out one where none is named. */
  branch?: string;
}

export interface RelayoutResult {
  branch: string;
  weave: string;
  dataset: string;
  entries: number;
  from: Layout;
  to: Layout;
  /** The new commit; absent where every file lies where the layout puts it already. */
  commit?: Digest;
}

/**
 * Makes one commit that puts a dataset's files where another layout has them, in the branch and in its last view, and changes
 * no byte of an entry. Plans, history and the next weave go by keys: for them nothing happened.
 *
 * HDL104 for an unknown dataset, HDL303 for uncommitted edits in the way, HDL400 for files that cannot be read; nothing is
 * committed then.
 */
export async function relayout(options: RelayoutOptions): Promise<RelayoutResult> {
  const { repository } = await openProject(options.directory);
  const target = await openGrownTarget(repository, options.branch);
  const { tip } = target;
  await using objects = openObjects(repository);
  const address = await findDataset(await dataAt(objects, repository, tip), options.dataset);
  const { weave, directory, dataset } = address;
  const root = weaveDirectory(weave);
  if (target.here) await refuseUncommitted(await uncommitted(repository, [root]));
  const { current, objects: known, base, files } = await weaveState(repository, tip, weave);
  const present = current.datasets.get(dataset.name)!.files;
  const to = layoutFor(options, dataset.layout, present.size);
  const result = { branch: target.name, weave, dataset: dataset.name, entries: present.size, from: dataset.layout, to };

  const writer = openWriter(repository, { known: (id) => known.has(id) });
  const places = await placesOf(files!, address, present, to);
  const changes: Change[] = [
    { path: `${root}/${directory}`, tree: await relaid(writer, present, places, { ...dataset, layout: to }) },
  ];
  const views: Digest[] = [];
  const viewTree = current.description!.view;
  const had = base?.get(directory);
  const was =
    had &&
    (await readDataset({ objects, name: "the last view", weaves: new Map([[weave, viewTree]]) }, weave, directory));
  if (was) {
    // Most entries are the branch's too: only the others are read.
    const rest = new Map([...had].filter(([path]) => !places.has(nameIn(path))));
    for (const [name, place] of await placesOf(files!, { ...address, dataset: was }, rest, to)) places.set(name, place);
    const tree = await relaid(writer, had, places, { ...was, layout: to });
    const view = await writer.change(viewTree, [{ path: directory, tree }]);
    views.push(view);
    const [blob] = await writer.blobs([renderWeave({ ...current.description!, view })]);
    changes.push({ path: `${root}/_weave.json`, blob: blob! });
  }
  const message = `relayout ${weave}/${directory}: ${layoutText(dataset.layout)} to ${layoutText(to)}\n\nNo data changed.`;
  const made = await commit(repository, { target, writer, changes, message, views });
  return made.committed ? { ...result, commit: made.tip! } : result;
}

/** HDL100 for a number that belongs to the other kind of layout. */
function layoutFor({ to, fanout, shards }: RelayoutOptions, now: Layout, count: number): Layout {
  const kind = to ?? (shards !== undefined ? "lines" : fanout !== undefined ? "files" : now.kind);
  if (kind === "files" ? shards !== undefined : fanout !== undefined) {
    throw new HeddleError("HDL100", "--fan-out is for files, --shards for lines");
  }
  return kind === "files"
    ? { kind, fanout: fanout ?? chooseFanout(count) }
    : { kind, shards: shards ?? chooseShards(count) };
}

/** For messages. */
export function layoutText(layout: Layout): string {
  return layout.kind === "files" ? `files, fan-out ${layout.fanout}` : `lines in ${layout.shards} shards`;
}

/** Where the layout puts each of these files, by file name. */
async function placesOf(
  source: Source,
  { weave, directory, dataset, codec }: DatasetAddress,
  files: ReadonlyMap<string, Digest>,
  layout: Layout,
): Promise<Map<string, string>> {
  const places = new Map<string, string>();
  const problems: Problem[] = [];
  const selection = { codec, dataset, directory: `${weaveDirectory(weave)}/${directory}`, files };
  for await (const batch of manifests(source, selection, problems)) {
    for (const { path, key } of batch) places.set(nameIn(path), entryPath(key, layout, codec.keyName));
  }
  if (problems.length > 0) throw unfitFiles(problems);
  return places;
}

/** The dataset's directory with the same files in other places. */
async function relaid(
  writer: ObjectWriter,
  files: ReadonlyMap<string, Digest>,
  places: ReadonlyMap<string, string>,
  dataset: Dataset,
): Promise<Digest> {
  const [description] = await writer.blobs([renderDataset(dataset)]);
  const moved = [...files].map(([path, id]) => [places.get(nameIn(path))!, id] as const);
  return writer.tree([...moved, ["_dataset.json", description!]]);
}

function refuseUncommitted(files: readonly string[]): void {
  if (files.length === 0) return;
  throw new HeddleError("HDL303", "uncommitted edits lie where files would be moved", {
    problems: files.map((file) => ({ file, message: "is not committed" })),
    hint: "commit them, or take them back with `git restore`",
  });
}
