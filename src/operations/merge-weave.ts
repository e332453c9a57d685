import type { WeaveConfig } from "../config/config.js";
import type { Codec } from "../model/codec.js";
import type { Dataset } from "../model/dataset.js";
import type { Digest } from "../model/entry.js";
import { HeddleError, type Problem } from "../model/errors.js";
import { type MergedView, mergeView } from "../plan/merge-view.js";
import { budget } from "../plan/policy.js";
import { formatVersion, renderDataset, renderWeave } from "../repository/description.js";
import { datasetDirectory } from "../repository/layout.js";
import { manifests } from "../repository/manifests.js";
import type { Source } from "../repository/source.js";
import type { Change } from "../repository/tree.js";
import type { View } from "../repository/view.js";
import { type WeaveFiles, weaveDirectory } from "../repository/weave.js";
import type { ObjectWriter } from "../repository/writer.js";
import { type DatasetDraft, digest } from "./draft.js";

/** What a weave changed in one dataset. */
export interface DatasetChanges {
  name: string;
  /** Entries that the branch has now. */
  entries: number;
  added: number;
  changed: number;
  removed: number;
  dropped: number;
  /** Files edited in git that the source has not changed: they stay. */
  edited: string[];
}

export interface MergedWeave {
  datasets: DatasetChanges[];
  /** What to replace in the project; empty where nothing changed. */
  changes: Change[];
  /** Tree id of what the source gave. */
  view: Digest;
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
  allowDeletes?: number;
}

/**
 * Merges what the source gives with what the branch has, by entry, and writes the trees. HDL603 lists every entry that
 * both sides changed; HDL604 every dataset that would lose more files than the weave allows.
 */
export async function mergeWeave(input: MergeInput): Promise<MergedWeave> {
  const { weave, drafts, current, base, writer } = input;
  const parts = [...drafts, ...goneDatasets(drafts, current)].map((draft) => mergeDataset(draft, input));
  await refuseUnfitEdits(input, parts);
  refuseConflicts(weave, parts, base === undefined && current.datasets.size > 0);
  guardDeletes(weave, parts, input.allowDeletes ?? 0);

  const root = weaveDirectory(weave.name);
  const views: [name: string, tree: Digest][] = [];
  const changes: Change[] = [];
  for (const { directory, draft, merged, description, before } of parts) {
    if (description !== undefined) {
      const [described] = await writer.blobs([description]);
      const file = ["_dataset.json", described!] as const;
      views.push([directory, await writer.tree([...draft.files, file])]);
      changes.push({ path: `${root}/${directory}`, tree: await writer.tree([...merged.files, file]) });
    } else if (merged.files.size === 0) changes.push({ path: `${root}/${directory}`, remove: true });
    else if (merged.removed.length > 0) {
      // Files edited in git stay, under the description that they were written for.
      const [described] = await writer.blobs([renderDataset(before!)]);
      const tree = await writer.tree([...merged.files, ["_dataset.json", described!] as const]);
      changes.push({ path: `${root}/${directory}`, tree });
    }
  }
  const view = await writer.tree([], views);
  const text = renderWeave({
    formatVersion,
    source: input.source,
    selection: digest(drafts.map(({ dataset }) => [dataset.name, dataset.selection])),
    view,
  });
  const [blob] = await writer.blobs([text]);
  changes.push({ path: `${root}/_weave.json`, blob: blob! });
  return { datasets: parts.map(summarize), changes: isUnchanged(parts, current, text) ? [] : changes, view };
}

interface Part {
  directory: string;
  draft: DatasetDraft;
  merged: MergedView;
  /** Text of `_dataset.json`; undefined for a dataset that the weave no longer selects. */
  description: string | undefined;
  before: Dataset | undefined;
  /** Files of the branch. */
  had: ReadonlyMap<string, Digest>;
}

function mergeDataset(draft: DatasetDraft & { gone?: true }, { current, base }: MergeInput): Part {
  const { dataset, files } = draft;
  const directory = datasetDirectory(dataset.name);
  const ours = current.datasets.get(dataset.name);
  const had = ours?.files ?? new Map<string, Digest>();
  // A dataset that the branch does not have yet has nothing to merge with.
  const before = base
    ? (base.get(directory) ?? new Map<string, Digest>())
    : ours
      ? undefined
      : new Map<string, Digest>();
  const merged = mergeView(before, had, files);
  const description = draft.gone ? undefined : renderDataset(dataset);
  return { directory, draft, merged, description, before: ours?.dataset, had };
}

/** Datasets of the branch that the weave no longer selects: their files go, if the guard lets them. */
function goneDatasets(drafts: readonly DatasetDraft[], { datasets }: WeaveFiles): (DatasetDraft & { gone: true })[] {
  const selected = new Set(drafts.map(({ dataset }) => dataset.name));
  const gone = [...datasets.values()].filter(({ dataset }) => !selected.has(dataset.name));
  return gone.map(({ dataset }) => ({ dataset, files: new Map(), dropped: 0, gone: true }));
}

/** Files edited in git were written for the old description: HDL603 lists those that a new one does not fit. */
async function refuseUnfitEdits({ weave, codec, files: source }: MergeInput, parts: readonly Part[]): Promise<void> {
  const problems: Problem[] = [];
  for (const { directory, draft, merged, description, before, had } of parts) {
    if (!source || description === undefined || !before || renderDataset(before) === description) continue;
    const kept = merged.edited.flatMap((path) => (had.has(path) ? [[path, had.get(path)!] as const] : []));
    const selection = {
      codec,
      dataset: draft.dataset,
      directory: `${weaveDirectory(weave.name)}/${directory}`,
      files: new Map(kept),
    };
    for await (const _ of manifests(source, selection, problems));
  }
  if (problems.length === 0) return;
  throw new HeddleError(
    "HDL603",
    `${weave.name}: entries edited in git do not fit the source's new shape; nothing was committed`,
    {
      problems,
      hint: "give them that shape in git, or delete them there; commit, and weave again",
    },
  );
}

function refuseConflicts(weave: WeaveConfig, parts: readonly Part[], baseLost: boolean): void {
  const problems = parts.flatMap(({ draft, merged, had, directory }): Problem[] =>
    merged.conflicts.map((path) => ({
      file: `${weaveDirectory(weave.name)}/${directory}/${path}`,
      dataset: draft.dataset.name,
      message: conflictMessage(draft.files.has(path), had.has(path), baseLost),
    })),
  );
  if (problems.length === 0) return;
  const lost =
    "what the source gave at the last weave is neither in this clone nor at its remote: where that weave was made, git push origin 'refs/heddle/views/*'";
  throw new HeddleError("HDL603", `${weave.name}: git and the source both changed; nothing was committed`, {
    problems,
    hint: baseLost ? lost : "take git's edit over into the source, or the source's value into git, and weave again",
  });
}

function conflictMessage(inSource: boolean, inGit: boolean, baseLost: boolean): string {
  if (!inGit) return baseLost ? "in the source, not in git" : "deleted in git and changed in the source";
  if (!inSource) return baseLost ? "in git, not in the source" : "changed in git and gone from the source";
  return baseLost ? "not the same in git and in the source" : "changed in git and in the source";
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

function isUnchanged(parts: readonly Part[], { description }: WeaveFiles, text: string): boolean {
  const same = parts.every(
    ({ merged: { added, changed, removed }, before, description }) =>
      added.length + changed.length + removed.length === 0 &&
      before !== undefined &&
      (description === undefined || renderDataset(before) === description),
  );
  return same && description !== undefined && renderWeave(description) === text;
}

function summarize({ draft, merged, directory }: Part): DatasetChanges {
  return {
    name: draft.dataset.name,
    entries: merged.files.size,
    added: merged.added.length,
    changed: merged.changed.length,
    removed: merged.removed.length,
    dropped: draft.dropped,
    edited: merged.edited.map((path) => `${directory}/${path}`).sort(),
  };
}
