import type { Digest } from "../model/entry.js";
import { HeddleError } from "../model/errors.js";
import type { Fields } from "../model/json.js";
import { readCommit } from "../repository/commit-header.js";
import { type DataTree, dataAt } from "../repository/data-tree.js";
import { plainText } from "../repository/git.js";
import type { ObjectReader } from "../repository/object-reader.js";
import { isShallow, resolveRevision } from "../repository/revision.js";
import { committedBy, wovenBy } from "../repository/timeline.js";
import type { EntryAddress } from "./entry-address.js";
import type { Project } from "./project.js";

/** Which state of the data is asked for; the newest of the branch where neither says. */
export interface MomentOptions {
  /** A time (ISO 8601 with zone), or a revision. */
  at?: string;
  /** A time: the data of the newest weave made by then. */
  wovenAt?: string;
  /** Name of an environment: what it had at `at`, a time; what it has where that is not given. */
  applied?: string;
  /** The branch whose history is asked; HEAD where it is not given. */
  branch?: string;
  /** Where the trusted configuration is read from, for `applied`; HEAD. */
  config?: string;
}

/** A state of the data, and since when it was so. */
export interface Moment {
  data: DataTree;
  commit: Digest;
  /** ISO 8601, UTC: of the commit, the weave or the apply; undefined where a revision was named. */
  since?: string;
  /** What a user should know: clocks that went back, what an environment had besides. */
  notes: string[];
  /** With `applied`: an entry as the environment had it; undefined where its overlay dropped it. */
  shape?(entry: EntryAddress, fields: Fields): Promise<Fields | undefined>;
}

/**
 * Finds the state that `options` ask for. A time means the committer time along first parents of the branch: when a
 * state became the branch's. HDL100 for options that exclude each other, HDL301, HDL311 and HDL312 for what there is not.
 */
export async function resolveMoment(project: Project, objects: ObjectReader, options: MomentOptions): Promise<Moment> {
  const { at, wovenAt, applied, branch } = options;
  if (wovenAt !== undefined && (at ?? applied) !== undefined) {
    throw new HeddleError("HDL100", `--woven-at and ${at === undefined ? "--applied" : "--at"} exclude each other`);
  }
  const time = at === undefined ? undefined : parseTime(at);
  if (applied !== undefined) {
    if (at !== undefined && time === undefined) {
      throw new HeddleError("HDL100", "--applied takes a time only", { hint: "for example --at 2026-11-01T12:00Z" });
    }
    const { appliedMoment } = await import("./applied-moment.js");
    return appliedMoment(project, objects, { environment: applied, time: time ?? Date.now(), ...options });
  }
  if (wovenAt !== undefined) return momentBy(project, objects, wovenBy, requireTime(wovenAt), branch);
  if (time !== undefined) return momentBy(project, objects, committedBy, time, branch);
  const commit = at === undefined ? await tipOf(project, objects, branch) : await revisionOf(project, objects, at);
  return { commit, data: await dataAt(objects, project.repository, commit), notes: [] };
}

/** The state that `find` gives for a time, in ms since 1970. */
async function momentBy(
  project: Project,
  objects: ObjectReader,
  find: typeof committedBy | typeof wovenBy,
  time: number,
  branch: string | undefined,
): Promise<Moment> {
  const { repository } = project;
  const seconds = Math.floor(time / 1000);
  // git finds HEAD by itself, while another process gets ready to read.
  const tip = tipOf(project, objects, branch);
  const finding = find(repository, branch === undefined ? "HEAD" : await tip, seconds);
  finding.catch(() => {});
  await tip;
  const point = await finding;
  if (point === undefined) throw await beforeHistory(project, find === wovenBy ? "weave" : "commit", time);
  const { commit } = point;
  const notes = find === wovenBy ? [] : await skewed(objects, commit, seconds);
  return { data: await dataAt(objects, repository, commit), commit, since: isoTime(point.time * 1000), notes };
}

/** The tip of a branch, by its name or as a revision (`origin/main`); of HEAD where none is named. HDL301. */
export async function tipOf({ repository }: Project, objects: ObjectReader, branch?: string): Promise<Digest> {
  const names = branch === undefined ? ["HEAD"] : [`refs/heads/${branch}`, branch];
  for (const name of names) {
    const found = await objects.find(`${name}^{commit}`);
    if (found) return found.id;
  }
  return resolveRevision(repository, names.at(-1)!);
}

/**
 * Milliseconds since 1970 of an ISO 8601 time with zone: `2026-11-01T12:00Z`, `2026-11-01T12:00:30.5+02:00`; undefined for a
 * text that is none. HDL312 for a day that no month has, and for the future.
 */
export function parseTime(text: string, now = Date.now()): number | undefined {
  const parts = /^(\d{4}-\d\d-\d\d)T([01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)$/.exec(text);
  if (!parts) return undefined;
  const day = new Date(`${parts[1]}T00:00Z`);
  const time = Date.parse(text.replace(/([+-]\d\d)(\d\d)$/, "$1:$2").replace(/(\.\d{3})\d+/, "$1"));
  if (Number.isNaN(time) || !isoTime(day.getTime()).startsWith(parts[1]!)) {
    throw new HeddleError("HDL312", `there is no such time: ${text}`);
  }
  if (time <= now) return time;
  throw new HeddleError("HDL312", `${text} lies in the future`, { hint: "leave the time out for the newest state" });
}

/** The same for a text that must be a time. HDL312 where it is none. */
export function requireTime(text: string): number {
  return parseTime(text) ?? unclear(text);
}

/** ISO 8601 in UTC, without the milliseconds that git does not have. */
export function isoTime(milliseconds: number): string {
  return Number.isNaN(milliseconds) ? "" : new Date(milliseconds).toISOString().replace(/\.\d+Z$/, "Z");
}

/** A commit by a revision, with words about times where it looks like one that says too little. */
async function revisionOf({ repository }: Project, objects: ObjectReader, text: string): Promise<Digest> {
  const found = await objects.find(`${text}^{commit}`);
  if (found) return found.id;
  if (/^\d{4}-\d/.test(text)) unclear(text);
  return resolveRevision(repository, text);
}

function unclear(text: string): never {
  throw new HeddleError("HDL312", `${plainText(text)} is no time with a zone, so not one moment`, {
    hint: "a time has a date, hours, minutes and a zone: 2026-11-01T12:00Z, 2026-11-01T12:00:00+01:00",
  });
}

async function beforeHistory({ repository }: Project, what: string, time: number): Promise<HeddleError> {
  const told = `there is no ${what} at ${isoTime(time)} or before`;
  if (await isShallow(repository)) {
    return new HeddleError("HDL311", `${told} in this shallow clone`, {
      hint: "git fetch --unshallow --filter=blob:none",
    });
  }
  return new HeddleError("HDL312", `${told}`, { hint: "`heddle log` shows the history" });
}

/** Says where a commit's parent is newer than the time that found the commit: then a clock went back. */
async function skewed(objects: ObjectReader, commit: Digest, seconds: number): Promise<string[]> {
  const [parent] = readCommit(await objects.read(commit, "commit")).parents;
  // A shallow clone does not have it.
  const before = parent === undefined ? undefined : await objects.find(parent);
  const time = before ? readCommit(before.body).time : 0;
  if (!(time > seconds)) return [];
  const [child, older] = [commit, parent!].map((id) => id.slice(0, 10));
  return [`a clock went back: ${child} counts, though the commit before it, ${older}, says ${isoTime(time * 1000)}`];
}
