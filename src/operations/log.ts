import type { Digest } from "../model/entry.js";
import { HeddleError } from "../model/errors.js";
import { dataAt } from "../repository/data-tree.js";
import { type ObjectReader, openObjects } from "../repository/object-reader.js";
import { cutOffAt, type LoggedCommit, pathLog } from "../repository/path-log.js";
import { pullRequestOf } from "../repository/pull-request.js";
import type { Repository } from "../repository/repository.js";
import { weaveDirectory } from "../repository/weave.js";
import { findDataset } from "./entry-address.js";
import { type EntryChange, entriesOf, isMerged, openTeller, type Teller } from "./entry-change.js";
import { entryHistory } from "./entry-history.js";
import { findEntryEver } from "./last-seen.js";
import { isoTime, requireTime, tipOf } from "./moment.js";
import { openProject } from "./project.js";

export type { EntryChange };

export interface LogOptions {
  /** Where to look for the project from. */
  directory: string;
  /** `[WEAVE:]DATASET` or `[WEAVE:]DATASET/KEY`; everything where it is not given. */
  of?: string;
  /** The branch whose history is told; HEAD. */
  branch?: string;
  /** Committed at this time or later: ISO 8601 with zone. */
  since?: string;
  /** Committed at this time or before. */
  until?: string;
  /** A part of the author's name or address, in any case. */
  author?: string;
  /** The most commits to give; 20 where it is not given. */
  limit?: number;
}

export interface LogResult {
  commits: LogEntry[];
  /** Whether there are older ones. */
  more: boolean;
  notes: string[];
}

/** A commit that touched what was asked for. */
export interface LogEntry {
  commit: Digest;
  /** Committer time: ISO 8601, UTC. */
  time: string;
  author: string;
  email: string;
  subject: string;
  pullRequest?: number;
  changes: EntryChange[];
  /** Changes that are not listed. */
  more: number;
}

/** The commits that touched an entry, a dataset, or any data, newest first, with what they changed. HDL104, HDL301, HDL312, HDL402. */
export async function log(options: LogOptions): Promise<LogResult> {
  const isAsked = filter(options);
  const project = await openProject(options.directory);
  const { repository } = project;
  await using objects = openObjects(repository);
  const tip = await tipOf(project, objects, options.branch);
  const teller = openTeller(repository, objects, await dataAt(objects, repository, tip));
  const cutOff = await cutOffAt(repository);
  const result: LogResult = { commits: [], more: false, notes: [] };
  // Files are read while git still looks for older commits.
  const telling: Promise<LogEntry>[] = [];
  for await (const { commit, tell } of told(repository, objects, tip, teller, options.of)) {
    if (cutOff.has(commit.id)) result.notes.push(cutOffNote(commit.id));
    if (!isAsked(commit)) continue;
    if (result.commits.length + telling.length === (options.limit ?? 20)) {
      result.more = true;
      break;
    }
    const entry = tell().then((changes) => ({ ...describe(commit), ...changes }));
    entry.catch(() => {});
    telling.push(entry);
    if (telling.length > toldAhead) result.commits.push(await telling.shift()!);
  }
  result.commits.push(...(await Promise.all(telling)));
  result.commits = result.commits.filter(({ changes }) => changes.length > 0);
  return result;
}

/** Commits whose files are read at one time. */
const toldAhead = 50;

interface Told {
  commit: LoggedCommit;
  tell(): Promise<{ changes: EntryChange[]; more: number }>;
}

/** The commits, and what they did once it is asked. */
async function* told(
  repository: Repository,
  objects: ObjectReader,
  tip: Digest,
  teller: Teller,
  of: string | undefined,
): AsyncGenerator<Told> {
  const dataset = of === undefined ? undefined : await datasetOf(repository, objects, tip, of);
  if (of === undefined || dataset !== undefined) {
    for await (const touch of pathLog(repository, tip, dataset ?? "data")) {
      const entries = entriesOf(touch.files);
      if (entries.length > 0) yield { commit: touch.commit, tell: () => teller.entries(touch.commit.id, entries) };
    }
    return;
  }
  const { entry } = await findEntryEver(repository, objects, tip, of);
  for await (const version of entryHistory(repository, objects, tip, entry)) {
    const tell = async () => {
      const change = await teller.version(version);
      return { changes: isMerged(change, version) ? [] : [change], more: 0 };
    };
    yield { commit: version.commit, tell };
  }
}

/** The directory of a dataset of that name; undefined where there is none, so that a slash may part dataset and key. */
async function datasetOf(
  repository: Repository,
  objects: ObjectReader,
  tip: Digest,
  asked: string,
): Promise<string | undefined> {
  const data = await dataAt(objects, repository, tip);
  try {
    const { weave, directory } = await findDataset(data, asked);
    return `${weaveDirectory(weave)}/${directory}`;
  } catch (error) {
    if (asked.includes("/") && error instanceof HeddleError && error.code === "HDL104") return undefined;
    throw error;
  }
}

function filter({ since, until, author }: LogOptions): (commit: LoggedCommit) => boolean {
  const [from, to] = [since, until].map((text) => (text === undefined ? undefined : requireTime(text)));
  const wanted = author?.toLowerCase();
  return ({ time, author: name, email }) => {
    const at = Date.parse(time);
    if ((from !== undefined && at < from) || (to !== undefined && at > to)) return false;
    return wanted === undefined || `${name} <${email}>`.toLowerCase().includes(wanted);
  };
}

function describe({ id, time, author, email, subject }: LoggedCommit): Omit<LogEntry, "changes" | "more"> {
  const pullRequest = pullRequestOf(subject);
  const at = isoTime(Date.parse(time));
  return { commit: id, time: at, author, email, subject, ...(pullRequest !== undefined && { pullRequest }) };
}

function cutOffNote(commit: Digest): string {
  return `this clone is shallow: what came before ${commit.slice(0, 10)} is not told (git fetch --unshallow --filter=blob:none)`;
}
