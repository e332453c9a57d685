import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Config, findWeave, type WeaveConfig } from "../config/config.js";
import { configDirectory, isConfigFile } from "../config/project.js";
import type { Secret } from "../config/secret.js";
import { resolve } from "../config/template.js";
import { codecFor, openDatabase } from "../database/open.js";
import { withRetry } from "../database/retry.js";
import type { Codec } from "../model/codec.js";
import { HeddleError } from "../model/errors.js";
import { openTarget, type Target } from "../repository/branch.js";
import { commit } from "../repository/commit.js";
import { atCommit, type Source } from "../repository/source.js";
import type { Change } from "../repository/tree.js";
import { readView, type View } from "../repository/view.js";
import { readWeave, type WeaveFiles, weaveDirectory } from "../repository/weave.js";
import { atWorkTree, inspect, uncommitted } from "../repository/work-tree.js";
import { type ObjectWriter, openWriter } from "../repository/writer.js";
import { compilePipeline, type Pipeline } from "../transform/pipeline.js";
import { readDraft } from "./draft.js";
import { type DatasetChanges, type MergedWeave, mergeWeave } from "./merge-weave.js";
import { configOf, openProject, type Project } from "./project.js";
import type { Prefer } from "./settle.js";
import { unfitFiles } from "./side.js";
import { withSchemas } from "./target.js";

export type { DatasetChanges, Prefer };

export interface WeaveOptions {
  /** Where to look for the project from. */
  directory: string;
  /** Names; all weaves where there are none. */
  weaves?: readonly string[];
  /** Commits to this branch, made from HEAD where it does not exist; the checked-out one where none is named. */
  branch?: string;
  /** Files that may be removed over `maxDeletes`. */
  allowDeletes?: number;
  acceptSource?: boolean;
  acceptFields?: boolean;
  /** Whose value stays where git and the source changed the same field, or one deleted what the other changed. */
  prefer?: Prefer;
  progress?: (text: string) => void;
}

export interface WeaveResult {
  branch: string;
  weaves: { name: string; datasets: DatasetChanges[] }[];
  /** One for each source that changed; none where nothing did. */
  commits: { id: string; subject: string }[];
  /** What a user should know. */
  notes: string[];
}

/** A weave on its way: its configuration, and what the branch has of it. */
interface Job {
  weave: WeaveConfig;
  secrets: { url: Secret; maskKey?: Secret };
  current: WeaveFiles;
  base: View | undefined;
  /** The branch's tip, where it has one. */
  files: Source | undefined;
}

/**
 * Reads the selected entries of every source in one snapshot, transforms and validates them, merges them with edits
 * made in git, and commits what changed. Sources are only read. Unchanged data makes no commit.
 *
 * HDL303 for uncommitted edits in the way, HDL500 to HDL502 for entries that fail, HDL603 for conflicts, HDL604 for too
 * many deletes, HDL605 for another source than before; nothing is committed then.
 */
export async function weave(options: WeaveOptions): Promise<WeaveResult> {
  const project = await openProject(options.directory);
  const { repository } = project;
  const start = await openTarget(repository, options.branch);
  const source = start.here || start.tip === undefined ? atWorkTree(repository) : atCommit(repository, start.tip);
  const weaves = chosen(await configOf(source), options.weaves ?? []);
  if (start.here) await refuseUncommitted(project, weaves);
  const secrets = new Map(weaves.map((weave) => [weave, secretsOf(weave)]));

  const result: WeaveResult = { branch: start.name, weaves: [], commits: [], notes: [] };
  const ready: { weaves: WeaveConfig[]; merged: MergedWeave[]; writer: ObjectWriter }[] = [];
  try {
    // All sources are read and merged before the first commit, so that what refuses one of them commits nothing of any.
    for (const group of groupBySource(weaves, secrets)) {
      const jobs = await Promise.all(group.map((weave) => openJob(project, start, weave, secrets.get(weave)!)));
      const known = new Set(jobs.flatMap(({ current }) => [...current.objects]));
      const writer = openWriter(repository, { known: (id) => known.has(id) });
      const one = { weaves: group, merged: [] as MergedWeave[], writer };
      ready.push(one);
      one.merged = await readAndMerge(jobs, source, writer, result, options);
      if (one.merged.some(({ changes }) => changes.length > 0)) await writer.flush();
    }
    refuseConflicts(ready.flatMap(({ merged }) => merged));
    for (const one of ready) {
      // What was merged is `start`'s: commit sees for itself whether the branch moved since in another way than by this.
      const unborn = start.tip === undefined && result.commits.length > 0;
      const target = unborn ? await openTarget(repository, options.branch) : start;
      await commitAll(project, target, one, result);
    }
  } catch (error) {
    for (const { writer } of ready) writer.abort();
    throw error;
  }
  return result;
}

function chosen(config: Config, names: readonly string[]): WeaveConfig[] {
  if (names.length > 0) return [...new Set(names)].map((name) => findWeave(config, name));
  if (config.weaves.length > 0) return config.weaves;
  throw new HeddleError("HDL104", "the configuration has no weave", { hint: "heddle init writes a first one" });
}

function secretsOf({ source, maskKey }: WeaveConfig): Job["secrets"] {
  return resolve<"url" | "maskKey">({ url: source.url, ...(maskKey && { maskKey }) } as never);
}

/** Weaves of one source share one snapshot and make one commit. */
function groupBySource(
  weaves: readonly WeaveConfig[],
  secrets: ReadonlyMap<WeaveConfig, Job["secrets"]>,
): WeaveConfig[][] {
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
    hint: "commit them, so that they are merged; or take them back with `git restore`",
  });
}

/** Reads what the branch has, and what the source gave last. HDL400 for strange files: they must not vanish in a commit. */
async function openJob(
  { repository }: Project,
  { tip }: Target,
  weave: WeaveConfig,
  secrets: Job["secrets"],
): Promise<Job> {
  const source: Source | undefined = tip === undefined ? undefined : atCommit(repository, tip);
  const nothing: WeaveFiles = {
    tree: undefined,
    description: undefined,
    datasets: new Map(),
    objects: new Set(),
    problems: [],
  };
  const current = source ? await readWeave(source, weave.name) : nothing;
  if (current.problems.length > 0) throw unfitFiles(current.problems);
  const view = current.description?.view;
  const base = view === undefined ? undefined : await readView(repository, tip!, weave.name, view);
  return { weave, secrets, current, base, files: source };
}

async function readAndMerge(
  jobs: readonly Job[],
  source: Source,
  writer: ObjectWriter,
  result: WeaveResult,
  options: WeaveOptions,
): Promise<MergedWeave[]> {
  const [{ weave, secrets }] = jobs as [Job];
  const { rowSecurity } = weave.source;
  const opened = await openDatabase(secrets.url.reveal(), {
    label: `the source of ${weave.name}`,
    ...(rowSecurity === "accept" && { rowSecurity }),
  });
  await using database = withRetry(opened);
  const codec = await codecFor(database.engine);
  if (!database.capabilities.snapshots) result.notes.push("not one moment: this server has no snapshots");
  const parts = await database.read(async (session) => {
    const identity = await session.identity();
    const merged: { name: string; part: MergedWeave }[] = [];
    for (const { weave, secrets, current, base, files } of jobs) {
      refuseOtherSource(weave, current, identity, options.acceptSource ?? false);
      const pipeline = await pipelineOf(weave, secrets, source, codec);
      const drafts = await readDraft({
        session,
        engine: database.engine,
        codec,
        weave,
        pipeline,
        previous: new Map([...current.datasets].map(([name, { dataset }]) => [name, dataset])),
        writer,
        acceptFields: options.acceptFields ?? false,
        ...(options.progress && { progress: options.progress }),
      });
      const { allowDeletes = 0, prefer } = options;
      const input = { weave, source: identity, drafts, current, base, files, codec, writer, allowDeletes, prefer };
      const part = await mergeWeave({ ...input, validate: pipeline.validate });
      merged.push({ name: weave.name, part });
    }
    return merged;
  });
  result.weaves.push(...parts.map(({ name, part }) => ({ name, datasets: part.datasets })));
  return parts.map(({ part }) => part);
}

async function pipelineOf(
  { transform, validate }: WeaveConfig,
  { maskKey }: Job["secrets"],
  source: Source,
  codec: Codec,
): Promise<Pipeline> {
  const schemas = await withSchemas(source, validate);
  return compilePipeline({ rules: transform, validate: schemas, codec, ...(maskKey && { maskKey: maskKey.reveal() }) });
}

function refuseOtherSource(weave: WeaveConfig, { description }: WeaveFiles, identity: string, accept: boolean): void {
  if (!description || description.source === identity || accept) return;
  throw new HeddleError("HDL605", `${weave.name} was woven from another database before; nothing was committed`, {
    hint: "check the URL; --accept-source weaves from this one from now on",
  });
}

/** Everything that nobody decided, of all weaves at once. */
function refuseConflicts(merged: readonly MergedWeave[]): void {
  const problems = merged.flatMap(({ conflicts }) => conflicts);
  if (problems.length === 0) return;
  const lost =
    "what the source gave at the last weave is neither in this clone nor at its remote: where that weave was made, git push origin 'refs/heddle/views/*'";
  const decide = "--prefer git or --prefer source decides them all";
  throw new HeddleError("HDL603", "git and the source both changed; nothing was committed", {
    problems,
    hint: merged.some(({ baseLost }) => baseLost)
      ? `${lost}; or ${decide}`
      : `${decide}; or take git's edit over into the source, or the source's value into git, and weave again`,
  });
}

async function commitAll(
  project: Project,
  target: Target,
  { weaves, merged, writer }: { weaves: WeaveConfig[]; merged: MergedWeave[]; writer: ObjectWriter },
  result: WeaveResult,
): Promise<void> {
  const changes = merged.flatMap((part) => part.changes);
  if (changes.length === 0) return;
  const config = target.here ? await configChanges(project, weaves, writer) : [];
  if (config.length > 0) {
    result.notes.push(`committed with the data: ${config.map(({ path }) => path).join(", ")}`);
  }
  const woven = result.weaves.filter(({ name }) => weaves.some((weave) => weave.name === name));
  const message = describeCommit(woven);
  const views = merged.flatMap(({ view }) => view ?? []);
  const made = await commit(project.repository, { target, writer, changes: [...changes, ...config], message, views });
  if (made.committed) result.commits.push({ id: made.tip!, subject: message.split("\n", 1)[0]! });
}

/** The configuration and the schemas that the weaves used, where they are not committed yet; no other file that lies there. */
async function configChanges(
  { root, repository }: Project,
  weaves: readonly WeaveConfig[],
  writer: ObjectWriter,
): Promise<Change[]> {
  const schemas = weaves.flatMap(({ validate }) => validate.map(({ schema }) => schema));
  const paths = await uncommitted(repository, [configDirectory, ...schemas]);
  const changes: Change[] = [];
  for (const path of paths.filter((path) => isConfigFile(path) || schemas.includes(path))) {
    const found = inspect(root, path);
    if (found === undefined) changes.push({ path, remove: true });
    else if (found.mode.startsWith("100")) {
      const [blob] = await writer.blobs([await readFile(join(root, path), "utf8")]);
      changes.push({ path, blob: blob! });
    }
  }
  return changes;
}

function describeCommit(weaves: WeaveResult["weaves"]): string {
  const total = (of: "added" | "changed" | "removed") =>
    weaves.flatMap(({ datasets }) => datasets).reduce((sum, dataset) => sum + dataset[of], 0);
  const counts = (["added", "changed", "removed"] as const)
    .filter((of) => total(of) > 0)
    .map((of) => `${total(of)} ${of}`);
  const subject = `weave ${weaves.map(({ name }) => name).join(", ")}: ${counts.join(", ") || "descriptions only"}`;
  const lines = weaves.flatMap(({ name, datasets }) =>
    datasets
      .filter(({ added, changed, removed }) => added + changed + removed > 0)
      .map((d) => `${name}/${d.name}: ${d.added} added, ${d.changed} changed, ${d.removed} removed`),
  );
  return [subject, "", ...lines].join("\n");
}
