import type { Digest } from "../model/entry.js";
import { HeddleError } from "../model/errors.js";
import type { Json } from "../model/json.js";
import { type ObjectReader, openObjects } from "../repository/object-reader.js";
import { isShallow } from "../repository/revision.js";
import type { ApplyOptions } from "./apply.js";
import { findEntry, readEntry } from "./entry-address.js";
import type { EntryEvent } from "./entry-event.js";
import { entryHistory, readFields } from "./entry-history.js";
import { events } from "./events.js";
import { findEntryEver } from "./last-seen.js";
import { resolveMoment, tipOf } from "./moment.js";
import { openProject } from "./project.js";
import { type RestoreResult, restore } from "./restore.js";
import { type RollbackOptions, type RollbackResult, rollback } from "./rollback.js";
import { shallowHistory } from "./shallow.js";

/**
 * A document or row as its manifest has it, parsed: canonical JSON, with typed wrappers (`{"$oid": "…"}`, MongoDB's
 * Extended JSON) as they are, and numbers that a double does not hold as text or wrapper.
 */
export type Document = Record<string, Json>;

/** A key as text (the file's plain name, or the key itself), a number, or its parts: an array of them, or an object by name. */
export type DocumentKey = string | number | Json[] | { [name: string]: Json };

/** A time: ISO 8601 with zone, or a Date; or a git revision. */
export type When = string | Date;

export interface DocumentVersion {
  /** The commit that made it so. */
  commit: Digest;
  /** Committer time: ISO 8601. */
  time: string;
  author: string;
  subject: string;
  /** Null where the commit deleted it, or left a file that cannot be read. */
  document: Document | null;
}

export interface OpenHistoryOptions {
  /** The project's directory, or a bare repository. */
  repo: string;
  /** HEAD where it is not given. */
  branch?: string;
}

export interface DocumentRollback extends Pick<RollbackOptions, "confirm"> {
  /** The environment to apply the branch to afterwards, or all that `apply` takes. */
  apply?: string | Omit<ApplyOptions, "directory" | "revision">;
}

/** The past of a branch's documents. Nothing stays open between two calls, and none needs a checkout. `dataset` is `[WEAVE:]DATASET`. */
export interface History {
  /** The document as it was; undefined where there was none. */
  getDocumentByTime(dataset: string, key: DocumentKey, time: When): Promise<Document | undefined>;
  /** Its versions, newest first, back over changes of its key. */
  getDocumentHistory(dataset: string, key: DocumentKey): Promise<DocumentVersion[]>;
  /** What happened to documents after one state of the branch, until another, oldest first. */
  getChangesBetween(from: When, to: When, options?: { dataset?: string }): AsyncGenerator<EntryEvent>;
  /** Makes one document what it was, in a new commit; nobody is asked unless `confirm` is given. */
  rollbackDocument(dataset: string, key: DocumentKey, time: When, options?: DocumentRollback): Promise<RestoreResult>;
  /** Makes documents what they were just before a time, all or a choice of them, in one new commit. */
  rollbackBefore(
    time: string | Date,
    options?: Pick<RollbackOptions, "datasets" | "where" | "confirm">,
  ): Promise<RollbackResult>;
}

/** Opens the history of a branch. HDL101 where there is no project; the methods throw what the verbs of the same kind do. */
export async function openHistory({ repo, branch }: OpenHistoryOptions): Promise<History> {
  const project = await openProject(repo);
  const { repository } = project;
  const of = { directory: repo, ...(branch !== undefined && { branch }) };
  const withObjects = async <T>(work: (objects: ObjectReader) => Promise<T>): Promise<T> => {
    await using objects = openObjects(repository);
    return await work(objects);
  };
  return {
    getDocumentByTime: (dataset, key, time) =>
      withObjects(async (objects) => {
        const { data } = await resolveMoment(project, objects, { ...of, at: textOf(time) });
        try {
          const entry = await findEntry(data, addressOf(dataset, key));
          return Object.fromEntries((await readEntry(data, entry)).fields);
        } catch (error) {
          if (error instanceof HeddleError && error.code === "HDL402") return undefined;
          throw error;
        }
      }),
    getDocumentHistory: (dataset, key) =>
      withObjects(async (objects) => {
        if (await isShallow(repository)) throw shallowHistory("all versions");
        const tip = await tipOf(project, objects, branch);
        const { entry } = await findEntryEver(repository, objects, tip, addressOf(dataset, key));
        const versions: DocumentVersion[] = [];
        for await (const { commit, after } of entryHistory(repository, objects, tip, entry)) {
          const fields = after === undefined ? undefined : await readFields(objects, after);
          const { id, time, author, subject } = commit;
          versions.push({ commit: id, time, author, subject, document: fields ? Object.fromEntries(fields) : null });
        }
        return versions;
      }),
    getChangesBetween: (from, to, { dataset } = {}) =>
      events({ ...of, since: textOf(from), until: textOf(to), ...(dataset !== undefined && { dataset }) }),
    rollbackDocument: (dataset, key, time, { apply, confirm } = {}) =>
      restore({
        ...of,
        entry: addressOf(dataset, key),
        at: textOf(time),
        ...(confirm && { confirm }),
        ...(apply !== undefined && { apply: typeof apply === "string" ? { environment: apply } : apply }),
      }),
    rollbackBefore: (time, choices = {}) => rollback({ ...of, before: textOf(time), ...choices }),
  };
}

function addressOf(dataset: string, key: DocumentKey): string {
  return `${dataset}/${typeof key === "object" ? JSON.stringify(key) : key}`;
}

function textOf(time: When): string {
  return time instanceof Date ? time.toISOString() : time;
}
