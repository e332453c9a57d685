import { type Config, findWeave, type WeaveConfig } from "../config/config.js";
import { configDirectory, isConfigFile } from "../config/project.js";
import { resolve } from "../config/template.js";
import { HeddleError } from "../model/errors.js";
import type { Target } from "../repository/branch.js";
import { isCrowded } from "../repository/layout.js";
import { atCommit } from "../repository/source.js";
import { weaveDirectory } from "../repository/weave.js";
import { atWorkTree, uncommitted } from "../repository/work-tree.js";
import { openWriter } from "../repository/writer.js";
import { commitWeaves, type Woven, type WovenDatasets } from "./commit-weave.js";
import { stopIfAsked } from "./draft.js";
import { type DatasetChanges, mergeWeave } from "./merge-weave.js";
import { configOf, openProject, type Project } from "./project.js";
import { type Reading, readSource, type Secrets } from "./read-source.js";
import type { Prefer } from "./settle.js";
import { type BranchOptions, openBranch, pushBranch, settleBranch } from "./weave-branch.js";
import { refuseConflicts } from "./weave-conflict.js";
import { type WeaveState, weaveState } from "./weave-state.js";

export type { DatasetChanges, Prefer };

export interface WeaveOptions extends BranchOptions {
  /** Where to look for the project from. */
  directory: string;
  /** Names; all weaves where there are none. */
  weaves?: readonly string[];
  /** Files that may be removed over `maxDeletes`. */
  allowDeletes?: number;
  acceptSource?: boolean;
  acceptFields?: boolean;
  /** Whose value stays where git and the source changed the same field, or one deleted what the other changed. */
  prefer?: Prefer;
  /** Where there are conflicts, what the source gives is committed on this branch, for `git merge`. */
  conflictBranch?: string;
  /** Datasets that are read at a time, over a connection each, of one moment all the same; 1. One where the source cannot. */
  concurrency?: number;
  progress?: (text: string) => void;
  /** Stops before the next batch of entries, or before the commit, with HDL900. */
  signal?: AbortSignal;
}

export interface WeaveResult {
  branch: string;
  weaves: WovenDatasets[];
  /** One for each source that changed; none where nothing did. */
  commits: { id: string; subject: string }[];
  /** What a user should know. */
  notes: string[];
}

/** The weaves of one source, read and merged. */
interface Source extends Woven {
  readings: Reading[];
}

/**
 * Reads the selected entries of every source in one snapshot, transforms and validates them, merges them with edits
 * made in git, and commits what changed. Sources are only read. Unchanged data makes no commit.
 *
 * HDL303 for uncommitted edits in the way, HDL500 to HDL502 for entries that fail, HDL603 for conflicts, HDL604 for too
 * many deletes, HDL605 for another source than before, HDL313 for branches that cannot be merged; nothing is committed then.
 * HDL314 where it is committed and the remote did not take it.
 */
export async function weave(options: WeaveOptions): Promise<WeaveResult> {
  const project = await openProject(options.directory);
  const { repository } = project;
  const notes: string[] = [];
  const start = await openBranch(repository, options, notes);
  if (options.conflictBranch === start.name) {
    throw new HeddleError("HDL100", `--conflict-branch names ${start.name}, the branch that is woven to`, {
      hint: "name another, which is made for it",
    });
  }
  // A merge that waits brings its own configuration.
  const ownConfig = start.here && start.at === start.tip;
  const config = ownConfig || start.tip === undefined ? atWorkTree(repository) : atCommit(repository, start.tip);
  const [found, told] = await Promise.all([configOf(config), overlooked(project, start, ownConfig)]);
  const weaves = chosen(found, options.weaves ?? []);
  notes.push(...told);
  if (start.here) await refuseUncommitted(project, weaves);
  const secrets = new Map(weaves.map((weave) => [weave, secretsOf(weave)]));

  const result: WeaveResult = { branch: start.name, weaves: [], commits: [], notes };
  const sources: Source[] = [];
  try {
    // All sources are read and merged before the first commit, so that what refuses one of them commits nothing of any.
    for (const group of groupBySource(weaves, secrets)) {
      // Read while the source is connected to; what is written asks for it later.
      const listing = Promise.all(group.map((weave) => weaveState(repository, start.tip, weave.name)));
      let states: WeaveState[] = [];
      const jobs = listing.then((found) => {
        states = found;
        return group.map((weave, i) => ({ weave, secrets: secrets.get(weave)!, current: found[i]!.current }));
      });
      jobs.catch(() => {});
      const known = (id: string) => states.some(({ objects }) => objects.has(id));
      const writer = openWriter(repository, { known });
      const source: Source = { weaves: group, readings: [], merged: [], writer };
      sources.push(source);
      const {
        acceptSource = false,
        acceptFields = false,
        concurrency = 1,
        progress,
        signal,
        allowDeletes = 0,
        prefer,
      } = options;
      const more = { ...(progress && { progress }), ...(signal && { signal }) };
      const reading = { config, writer, acceptSource, acceptFields, concurrency, notes, ...more };
      // Whatever fails, git has ended before the weave does.
      source.readings = await readSource(group[0]!, secrets.get(group[0]!)!, jobs, reading).finally(() =>
        jobs.catch(() => {}),
      );
      for (const [i, one] of source.readings.entries()) {
        source.merged.push(await mergeWeave({ ...one, ...states[i]!, writer, allowDeletes, decision: prefer }));
        notes.push(...crowded(one));
      }
      if (source.merged.some(({ changes }) => changes.length > 0)) await writer.flush();
    }
    stopIfAsked(options.signal);
    await refuseConflicts(repository, start, sources, options);
    for (const source of sources) {
      // What was merged is `start`'s: commit sees for itself whether the branch moved since in another way than by this.
      const unborn = start.tip === undefined && result.commits.length > 0;
      const target = unborn ? await openBranch(repository, { branch: start.name }) : start;
      const made = await commitWeaves(project, target, source, { ownConfig: start.here && ownConfig, notes });
      if (made) result.commits.push(made);
    }
  } catch (error) {
    for (const { writer } of sources) writer.abort();
    throw error;
  }
  result.weaves = sources.flatMap(({ weaves, merged }) =>
    weaves.map(({ name }, i) => ({ name, datasets: merged[i]!.datasets })),
  );
  if (result.commits.length === 0) await settleBranch(repository, start);
  if (options.push) await pushBranch(repository, start.name, notes);
  return result;
}

/** Datasets that have outgrown their layout. */
function crowded({ weave, drafts }: Reading): string[] {
  return drafts
    .filter(({ dataset, files }) => isCrowded(dataset.layout, files.size))
    .map(({ dataset: { name }, files }) => {
      const advice = `heddle relayout ${weave.name}:${name}`;
      return `${name} has ${files.size} entries in few directories, which slows git down: \`${advice}\` spreads them`;
    });
}

function chosen(config: Config, names: readonly string[]): WeaveConfig[] {
  if (names.length > 0) return [...new Set(names)].map((name) => findWeave(config, name));
  if (config.weaves.length > 0) return config.weaves;
  throw new HeddleError("HDL104", "the configuration has no weave", { hint: "heddle init writes a first one" });
}

function secretsOf({ source, maskKey }: WeaveConfig): Secrets {
  return resolve<"url" | "maskKey">({ url: source.url, ...(maskKey && { maskKey }) } as never);
}

/** Weaves of one source share one snapshot and make one commit. */
function groupBySource(weaves: readonly WeaveConfig[], secrets: ReadonlyMap<WeaveConfig, Secrets>): WeaveConfig[][] {
  const groups = new Map<string, WeaveConfig[]>();
  for (const weave of weaves) {
    const source = `${weave.source.rowSecurity} ${secrets.get(weave)!.url.reveal()}`;
    groups.set(source, [...(groups.get(source) ?? []), weave]);
  }
  return [...groups.values()];
}

async function refuseUncommitted({ repository }: Project, weaves: readonly WeaveConfig[]): Promise<void> {
  const files = await uncommitted(
    repository,
    weaves.map(({ name }) => weaveDirectory(name)),
  );
  if (files.length === 0) return;
  throw new HeddleError("HDL303", "uncommitted edits lie where weave would write", {
    problems: files.map((file) => ({ file, message: "is not committed" })),
    hint: "commit them, or finish the merge that left them, so that they are merged; or take them back with `git restore`",
  });
}

/** What is easily overlooked of where this commits to and what configuration it goes by. */
async function overlooked({ repository }: Project, { name, here, tip }: Target, ownConfig: boolean): Promise<string[]> {
  const notes: string[] = [];
  if (here && name === "HEAD")
    notes.push("HEAD is detached: a commit made here is on no branch (`git switch -c NAME` keeps it)");
  if (ownConfig || tip === undefined || repository.workTree === undefined) return notes;
  const changed = (await uncommitted(repository, [configDirectory])).filter(isConfigFile);
  if (changed.length > 0) notes.push(`not used, since it is not committed to ${name}: ${changed.join(", ")}`);
  return notes;
}
