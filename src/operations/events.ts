import { weaveGlob } from "../model/dataset-name.js";
import type { Digest } from "../model/entry.js";
import { HeddleError } from "../model/errors.js";
import { firstParents } from "../repository/first-parents.js";
import { openObjects } from "../repository/object-reader.js";
import { isShallow } from "../repository/revision.js";
import { SeenVersions } from "../repository/seen-versions.js";
import { committedBy, isOnFirstParents } from "../repository/timeline.js";
import { type EntryEvent, entriesOf, eventOf, openDescriptions } from "./entry-event.js";
import { parseTime, resolveMoment } from "./moment.js";
import { openProject, type Project } from "./project.js";

export interface EventsOptions {
  /** Where to look for the project from. */
  directory: string;
  /** `[WEAVE:]DATASET`, globs too; all where it is not given. */
  dataset?: string;
  /** What happened after this: a revision on the branch, or a time (the state that the branch had then). */
  since?: string;
  /** What happened until this. */
  until?: string;
  /** HEAD where it is not given. */
  branch?: string;
}

/** Events of one commit, or a part of them; the last part says so. */
export interface EventBatch {
  commit: Digest;
  events: EntryEvent[];
  last: boolean;
}

/**
 * Every change of every entry, oldest first along first parents of the branch: a merge brings its changes when it is made.
 * An entry that returns to an earlier version of its own was rolled back, whoever did it. A stream: memory holds the ids
 * of one commit's files, and a few bytes for every version that there was. HDL301, HDL311 and HDL312 for what there is not.
 */
export async function* events(options: EventsOptions): AsyncGenerator<EntryEvent> {
  const project = await openProject(options.directory);
  const matches = options.dataset === undefined ? undefined : weaveGlob(options.dataset);
  for await (const { events } of eventBatches(project, await rangeOf(project, options), matches)) yield* events;
}

/** The part of the branch's history that is asked for: after `since` (from its beginning where there is none), until `until`. */
export interface Range {
  since: Digest | undefined;
  until: Digest;
}

async function rangeOf(project: Project, { since, until, branch }: EventsOptions): Promise<Range> {
  const { repository } = project;
  await using objects = openObjects(repository);
  const named = branch === undefined ? {} : { branch };
  const commitAt = async (at?: string) =>
    (await resolveMoment(project, objects, { ...named, ...(at !== undefined && { at }) })).commit;
  const end = await commitAt(until);
  const time = since === undefined ? undefined : parseTime(since);
  // A time before the first commit means its beginning.
  const start =
    time === undefined
      ? since && (await commitAt(since))
      : (await committedBy(repository, end, Math.floor(time / 1000)))?.commit;
  if (start && !(await isOnFirstParents(repository, start, end))) {
    throw new HeddleError("HDL301", `${start.slice(0, 10)} is no state that the branch had until ${end.slice(0, 10)}`, {
      hint: "name a commit that `git log --first-parent` lists, or a time",
    });
  }
  return { since: start, until: end };
}

/** Blobs that are read at one time. */
const batchSize = 500;

/** The same in batches. @param matches which datasets are asked for */
export async function* eventBatches(
  { repository }: Project,
  { since, until }: Range,
  matches: (weave: string, dataset: string) => boolean = () => true,
): AsyncGenerator<EventBatch> {
  if (await isShallow(repository)) {
    throw new HeddleError("HDL311", "this clone is shallow: its history does not tell how entries came to be", {
      hint: "git fetch --unshallow --filter=blob:none",
    });
  }
  await using objects = openObjects(repository);
  const seen = new SeenVersions();
  const descriptions = openDescriptions(objects);
  const ranges = since === undefined ? [until] : [since, `${since}..${until}`];
  for (const range of ranges) {
    for await (const { commit, files } of firstParents(repository, range, "data", "oldest first")) {
      descriptions.follow(files);
      const entries = entriesOf(files).map((entry) => {
        const version = `${entry.file} ${entry.after}`;
        const back = entry.after !== undefined && entry.before !== entry.after && seen.has(version);
        if (entry.after !== undefined) seen.add(version);
        return { ...entry, back };
      });
      if (range === since) continue;
      for (let start = 0; start === 0 || start < entries.length; start += batchSize) {
        const batch = entries.slice(start, start + batchSize);
        const told = await Promise.all(batch.map((entry) => eventOf(objects, descriptions, commit, entry, matches)));
        const last = start + batchSize >= entries.length;
        yield { commit: commit.id, events: told.filter((event) => event !== undefined), last };
      }
    }
  }
}
