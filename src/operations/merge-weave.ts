import type { WeaveConfig } from "../config/config.js";
import type { Codec } from "../model/codec.js";
import type { Dataset } from "../model/dataset.js";
import { DigestMap } from "../model/digest-map.js";
import type { Digest } from "../model/entry.js";
import { HeddleError, type Problem } from "../model/errors.js";
import { type MergedView, mergeView } from "../plan/merge-view.js";
import { budget } from "../plan/policy.js";
import { formatVersion, renderDataset, renderWeave } from "../repository/description.js";
import { datasetDirectory, nameIn } from "../repository/layout.js";
import { manifests } from "../repository/manifests.js";
import type { Source } from "../repository/source.js";
import type { Change } from "../repository/tree.js";
import type { View } from "../repository/view.js";
import { type WeaveFiles, weaveDirectory } from "../repository/weave.js";
import type { ObjectWriter } from "../repository/writer.js";
import { type DatasetDraft, digest } from "./draft.js";
import { type Decision, type Settled, type SettleInput, settle } from "./settle.js";

/** What a weave changed in one dataset. */
export interface DatasetChanges {
  name: string;
  /** Entries that the branch has now. */
  entries: number;
  added: number;
  changed: number;
  removed: number;
  dropped: number;
  /** Files whose edits in git stay, also beside what the source changed in them. */
  edited: string[];
  /** Files deleted in git that the source still has: they stay away. */
  deleted: string[];
  /** Files, or files and fields (`products/1.json /price`), that both sides changed and `prefer` decided. */
  preferred: string[];
}

export interface MergedWeave {
  datasets: DatasetChanges[];
  /** What to replace in the project; empty where nothing changed. */
  changes: Change[];
  /** Tree id of what the source gave; undefined where there are conflicts. */
  view: Digest | undefined;
  /** What git and the source both changed, by entry and field; edits that do not fit the source's new shape. */
  conflicts: Problem[];
  /** The branch has data, but what the source gave last cannot be read. */
  baseLost: boolean;
}

export interface MergeInput {
  weave: WeaveConfig;
  /** Identity of the source. */
  source: string;
  drafts: readonly DatasetDraft[];
  /** What the branch has. */
  current: WeaveFiles;
  /** What the source gave at the last weave; undefined where there was none, or where it cannot be read. */
  base: View | undefined;
  /** Where `current` was read from; undefined where the branch has no commit. */
  files: Source | undefined;
  codec: Codec;
  writer: ObjectWriter;
  /** What becomes of conflicts. */
  decision: Decision;
  /** Judges merged entries. */
  validate: SettleInput["validate"];
  allowDeletes?: number;
}

/**
 * Merges what the source gives with what the branch has, by entry and field, and writes the trees. Where there are conflicts
 * nothing else is of use. HDL501 lists merged entries that do not fit their schema; HDL604 every dataset that would lose more
 * files than the weave allows.
 */
export async function mergeWeave(input: MergeInput): Promise<MergedWeave> {
  const { weave, drafts, current, writer } = input;
  const parts: Part[] = [];
  for (const draft of [...drafts, ...goneDatasets(drafts, current)]) parts.push(await mergeDataset(draft, input));
  const conflicts = [...parts.flatMap(({ settled }) => settled.conflicts), ...(await unfitEdits(input, parts))];
  const baseLost = input.base === undefined && current.datasets.size > 0;
  const told = { datasets: parts.map(summarize), conflicts, baseLost };
  if (conflicts.length > 0) return { ...told, changes: [], view: undefined };
  const misfits = parts.flatMap(({ settled }) => settled.misfits);
  if (misfits.length > 0) {
    const what = "entries merged with edits made in git do not fit their schema";
    throw new HeddleError("HDL501", `${weave.name}: ${what}; nothing was committed`, { problems: misfits });
  }
  guardDeletes(weave, parts, input.allowDeletes ?? 0);

  const root = weaveDirectory(weave.name);
  const views: [name: string, tree: Digest][] = [];
  const changes: Change[] = [];
  for (const { directory, draft, merged, asTheSource, description, before } of parts) {
    if (description !== undefined) {
      const [described] = await writer.blobs([description]);
      const files = [["_dataset.json", described!]] as const;
      const ours = current.datasets.get(draft.dataset.name);
      const isOurs = asTheSource && ours?.description === described && changeCount(merged) === 0;
      const tree = isOurs ? ours!.tree : await writer.tree(merged.files, { files });
      views.push([directory, asTheSource ? tree : await writer.tree(draft.files, { files })]);
      changes.push({ path: `${root}/${directory}`, tree });
    } else if (merged.files.size === 0) changes.push({ path: `${root}/${directory}`, remove: true });
    else if (merged.removed.length > 0) {
      // Files edited in git stay, under the description that they were written for.
      const [described] = await writer.blobs([renderDataset(before!)]);
      const tree = await writer.tree(merged.files, { files: [["_dataset.json", described!]] });
      changes.push({ path: `${root}/${directory}`, tree });
    }
  }
  const view = await writer.tree([], { directories: views });
  const text = renderWeave({
    formatVersion,
    source: input.source,
    selection: digest(drafts.map(({ dataset }) => [dataset.name, dataset.selection])),
    view,
  });
  const [blob] = await writer.blobs([text]);
  changes.push({ path: `${root}/_weave.json`, blob: blob! });
  return { ...told, changes: isUnchanged(parts, current, text) ? [] : changes, view };
}

interface Part {
  directory: string;
  draft: DatasetDraft;
  merged: MergedView;
  /** Whether the branch becomes just what the source gave. */
  asTheSource: boolean;
  settled: Settled;
  /** Text of `_dataset.json`; undefined for a dataset that the weave no longer selects. */
  description: string | undefined;
  before: Dataset | undefined;
  /** Files of the branch. */
  had: ReadonlyMap<string, Digest>;
}

async function mergeDataset(draft: DatasetDraft & { gone?: true }, input: MergeInput): Promise<Part> {
  const { weave, current, base, files: source, codec, writer, decision, validate } = input;
  const { dataset: after, files: theirs } = draft;
  const directory = datasetDirectory(after.name);
  const had = current.datasets.get(after.name);
  const ours = had?.files ?? new DigestMap();
  // A dataset that the branch does not have yet has nothing to merge with.
  const known = base
    ? inPlace(base.get(directory) ?? new DigestMap(), theirs, ours)
    : had
      ? undefined
      : new DigestMap();
  const merged = mergeView(known, ours, theirs);
  const asTheSource = merged.edited.length + merged.deleted.length + merged.both.length === 0;
  const before = had?.dataset;
  const at = `${weaveDirectory(weave.name)}/${directory}`;
  const sides = { merged, base: known, ours, theirs, before, after };
  const settled = await settle({ ...sides, directory: at, source, codec, writer, decision, validate });
  const description = draft.gone ? undefined : renderDataset(after);
  return { directory, draft, merged, asTheSource, settled, description, before, had: ours };
}

/** The view's entries where the source's and the branch's lie: it may be of another layout than these. */
function inPlace(base: DigestMap, ...others: DigestMap[]): DigestMap {
  if (others.some((files) => files.isCopyOf(base))) return base;
  const elsewhere = [...base.keys()].filter((path) => others.every((files) => !files.has(path)));
  if (elsewhere.length === 0) return base;
  const named = others.map((files) => files.byName());
  const result = new DigestMap(base);
  for (const path of elsewhere) {
    const place = named.map((files) => files.pathOf(nameIn(path))).find((found) => found !== undefined);
    if (place === undefined || base.has(place)) continue;
    result.set(place, base.get(path)!);
    result.delete(path);
  }
  return result;
}

/** Datasets of the branch that the weave no longer selects: their files go, if the guard lets them. */
function goneDatasets(drafts: readonly DatasetDraft[], { datasets }: WeaveFiles): (DatasetDraft & { gone: true })[] {
  const selected = new Set(drafts.map(({ dataset }) => dataset.name));
  const gone = [...datasets.values()].filter(({ dataset }) => !selected.has(dataset.name));
  return gone.map(({ dataset }) => ({ dataset, files: new DigestMap(), dropped: 0, gone: true }));
}

/** Files edited in git were written for the old description: those that a new one does not fit are conflicts. */
async function unfitEdits({ weave, codec, files: source }: MergeInput, parts: readonly Part[]): Promise<Problem[]> {
  const problems: Problem[] = [];
  const hint = "give it that shape in git, or delete it there; commit, and weave again";
  for (const { directory, draft, merged, description, before, had } of parts) {
    if (!source || description === undefined || !before || renderDataset(before) === description) continue;
    // What was merged is known to fit.
    const kept = merged.edited.flatMap((path) => {
      const digest = had.get(path);
      return digest === merged.files.get(path) ? [[path, digest!] as const] : [];
    });
    const selection = {
      codec,
      dataset: draft.dataset,
      directory: `${weaveDirectory(weave.name)}/${directory}`,
      files: new Map(kept),
    };
    const found: Problem[] = [];
    for await (const _ of manifests(source, selection, found));
    problems.push(...found.map((problem) => ({ hint, ...problem })));
  }
  return problems;
}

/** More than `maxDeletes` of a dataset's files, or all of them, need a flag that says how many. */
function guardDeletes(weave: WeaveConfig, parts: readonly Part[], allowed: number): void {
  const over = parts.filter(({ merged, had }) => {
    const gone = merged.removed.length;
    return gone > 0 && (gone > budget(weave.maxDeletes, had.size) || gone === had.size);
  });
  const total = over.reduce((sum, { merged }) => sum + merged.removed.length, 0);
  if (total <= allowed) return;
  throw new HeddleError("HDL604", `${weave.name}: too many files would be removed; nothing was committed`, {
    problems: over.map(({ draft, merged, had }) => ({
      dataset: draft.dataset.name,
      message: `${merged.removed.length} of ${had.size} files are no longer in the source`,
    })),
    hint: `--allow-deletes ${total} lets them go`,
  });
}

const changeCount = ({ added, changed, removed }: MergedView) => added.length + changed.length + removed.length;

function isUnchanged(parts: readonly Part[], { description }: WeaveFiles, text: string): boolean {
  const same = parts.every(
    ({ merged, before, description }) =>
      changeCount(merged) === 0 &&
      before !== undefined &&
      (description === undefined || renderDataset(before) === description),
  );
  return same && description !== undefined && renderWeave(description) === text;
}

function summarize({ draft, merged, settled, directory }: Part): DatasetChanges {
  const inDirectory = (paths: readonly string[]) => paths.map((path) => `${directory}/${path}`).sort();
  return {
    name: draft.dataset.name,
    entries: merged.files.size,
    added: merged.added.length,
    changed: merged.changed.length,
    removed: merged.removed.length,
    dropped: draft.dropped,
    edited: inDirectory(merged.edited),
    deleted: inDirectory(merged.deleted),
    preferred: inDirectory(settled.preferred),
  };
}
