import type { Digest } from "../model/entry.js";
import { equalJson, type Fields } from "../model/json.js";
import { leafPaths } from "../plan/entry-diff.js";
import { showValues, valueAt } from "../plan/show.js";
import { arrivals } from "../repository/arrival.js";
import { dataAt } from "../repository/data-tree.js";
import { type ObjectReader, openObjects } from "../repository/object-reader.js";
import { cutOffAt } from "../repository/path-log.js";
import { pullRequestOf } from "../repository/pull-request.js";
import type { Repository } from "../repository/repository.js";
import { type EntryAddress, findEntry, maskedToday } from "./entry-address.js";
import { entryHistory, readFields, type Version } from "./entry-history.js";
import { isoTime, type MomentOptions, resolveMoment, tipOf } from "./moment.js";
import { openProject } from "./project.js";
import { shallowHistory } from "./shallow.js";

export interface BlameOptions extends Pick<MomentOptions, "at" | "branch"> {
  /** Where to look for the project from. */
  directory: string;
  /** `[WEAVE:]DATASET/KEY`. */
  entry: string;
}

/** Who gave a field the value that it has. */
export interface FieldBlame {
  /** JSON Pointer: of a field, or of a member of a sub-document. */
  path: string;
  /** JSON text of the value, or `(redacted)`. */
  value: string;
  commit: Digest;
  author: string;
  email: string;
  /** Committer time: ISO 8601, UTC. */
  time: string;
  subject: string;
  /** Of the commit, or of the merge that brought it. */
  pullRequest?: number;
  /** The merge that brought the commit into the branch, where it was made on another. */
  merge?: Digest;
}

/**
 * For every field of an entry the commit that set its value: from the newest version back, over renames, always to the first
 * parent that has the same value. HDL311 where a shallow clone hides it; HDL104, HDL301, HDL312, HDL400, HDL402.
 */
export async function blame({ directory, entry: asked, ...when }: BlameOptions): Promise<FieldBlame[]> {
  const project = await openProject(directory);
  const { repository } = project;
  await using objects = openObjects(repository);
  const { data, commit: tip } = await resolveMoment(project, objects, when);
  const entry = await findEntry(data, asked);
  const newest =
    when.at === undefined ? data : await dataAt(objects, repository, await tipOf(project, objects, when.branch));
  const masked = [...new Set([...(entry.dataset.masked ?? []), ...(await maskedToday(newest, entry))])];
  const dataset = { ...entry.dataset, masked };
  const fields = (await readFields(objects, entry.id)) ?? new Map();
  const set = await settersOf(repository, objects, tip, entry, fields);
  const paths = leafPaths(fields);
  await refuseCutOff(repository, set.values());
  const brought = await arrivals(repository, tip, [...new Set([...set.values()].map(({ commit }) => commit.id))]);
  const values = showValues({ dataset, typeName: entry.codec.typeName }, paths, { before: undefined, after: fields });
  return values.map(({ path, to }) => describe(path, to!, set.get(path)!, brought));
}

/** For each path the version that set the value. */
async function settersOf(
  repository: Repository,
  objects: ObjectReader,
  tip: Digest,
  entry: EntryAddress,
  fields: Fields,
): Promise<Map<string, Version>> {
  const versions = new Map<string, Version>();
  const heads: Version[] = [];
  for await (const version of entryHistory(repository, objects, tip, entry)) {
    heads[version.stretch] ??= version;
    versions.set(`${version.stretch} ${version.commit.id}`, version);
  }
  const before = ({ stretch, leadsTo, commit }: Version): Version[] => {
    const names =
      leadsTo === undefined ? commit.parents.map((id) => versions.get(`${stretch} ${id}`)) : [heads[leadsTo]];
    return names.filter((version) => version !== undefined);
  };
  const setters = new Map<string, Version>();
  const pending: { version: Version; paths: string[] }[] = [{ version: heads[0]!, paths: leafPaths(fields) }];
  for (let next = pending.pop(); next; next = pending.pop()) {
    const { version, paths } = next;
    let left = paths;
    for (const older of before(version)) {
      const had = older.after === undefined ? undefined : await readFields(objects, older.after);
      const same = left.filter((path) => had && equalJson(valueAt(had, path), valueAt(fields, path)));
      if (same.length > 0) pending.push({ version: older, paths: same });
      left = left.filter((path) => !same.includes(path));
    }
    for (const path of left) setters.set(path, version);
  }
  return setters;
}

/** What the oldest commit of a shallow clone seems to have set may be older. */
async function refuseCutOff(repository: Repository, setters: Iterable<Version>): Promise<void> {
  const cutOff = await cutOffAt(repository);
  for (const { commit } of setters) {
    if (!cutOff.has(commit.id)) continue;
    throw shallowHistory("who set every field");
  }
}

function describe(
  path: string,
  value: string,
  { commit: { id, author, email, time, subject } }: Version,
  brought: Awaited<ReturnType<typeof arrivals>>,
): FieldBlame {
  const arrival = brought.get(id);
  const pullRequest = pullRequestOf(subject) ?? arrival?.pullRequest;
  return {
    path,
    value,
    commit: id,
    author,
    email,
    time: isoTime(Date.parse(time)),
    subject,
    ...(pullRequest !== undefined && { pullRequest }),
    ...(arrival && { merge: arrival.merge }),
  };
}
