/**
 * Every error that a user can meet, with its exit code. Codes are stable: never reuse one.
 * 1xx command and configuration · 2xx databases · 3xx git · 4xx files and values · 5xx transforms · 6xx plan and apply · 7xx services around it.
 */
export const errorCodes = {
  /** The command line is wrong: an unknown flag, a missing argument, a URL where a name belongs. */
  HDL100: 1,
  /** No project: no `weave-configs/` in this directory or above, or no git repository around it. */
  HDL101: 1,
  /** The configuration has problems; all of them are listed with file:line:column. */
  HDL102: 1,
  /** A `${NAME}` of the configuration, or an `env:NAME`, is not set, is empty, or cannot stand where it is used. */
  HDL103: 1,
  /** A weave, an environment or a dataset of that name does not exist; the nearest name is given. */
  HDL104: 1,
  /** A file that `init` or `add` would write is already there. */
  HDL105: 1,
  /** Standard output could not be written, such as to a full disk; what the command did, it did all the same. */
  HDL106: 1,
  /** The address of `--listen` cannot be listened on. */
  HDL107: 1,
  /** The database cannot be reached. */
  HDL200: 1,
  /** The database refused the login. */
  HDL201: 1,
  /** The database refused a read: no right, a bad `where`, a vanished table. */
  HDL202: 1,
  /** A dataset cannot be woven or applied: a view, no key, a capped or system collection. */
  HDL203: 1,
  /** A value cannot be carried without altering it; dataset, key and reason are given. */
  HDL204: 1,
  /** The database refused a write: constraint, validator, right. Named by key, values withheld. */
  HDL205: 1,
  /** The destination's schema does not fit the entries; every difference is listed. */
  HDL206: 1,
  /** Another apply holds the lock, or another process has the PGlite directory open. */
  HDL207: 4,
  /** More entries than `maxEntries`. */
  HDL208: 1,
  /** Two entries have one key. */
  HDL209: 1,
  /** The connection was lost during the commit: it is not known whether the changes stand. Run the same command again. */
  HDL210: 1,
  /** A git command failed. */
  HDL300: 1,
  /** A revision or branch does not exist, or is not a revision. */
  HDL301: 1,
  /** The branch moved while weave was writing, and its data with it. */
  HDL302: 4,
  /** Uncommitted edits lie where weave would write. */
  HDL303: 4,
  /** The branch is checked out in another work tree. */
  HDL304: 4,
  /** A kind of repository that Heddle does not work with (SHA-256). */
  HDL305: 1,
  /** Git does not know who commits: `user.name` and `user.email` are not set. */
  HDL306: 1,
  /** A branch is broken, or gone from a repository that was woven before: never taken as a first run. */
  HDL307: 1,
  /** A lock file of git is in the way: another git process runs, or one crashed. */
  HDL308: 4,
  /** The commit is made, but index and work tree could not follow; what to run is said. */
  HDL309: 1,
  /** `git fsck` finds damaged objects. */
  HDL310: 1,
  /** A shallow clone whose history does not tell what is asked, and the rest cannot be fetched. */
  HDL311: 1,
  /** A time that says no zone, lies in the future, or is before everything that this history tells. */
  HDL312: 1,
  /** Two branches changed the same: every file and field is listed. */
  HDL313: 4,
  /** A remote refused what was pushed, or cannot be reached; it stands in this clone. */
  HDL314: 1,
  /** The remote's branch was rewritten since it was fetched last: what was taken from it would come back. */
  HDL315: 4,
  /** A file of the data directory is strange or unfit: every one is listed. */
  HDL400: 1,
  /** A round trip through a database altered entries; every one is listed. */
  HDL401: 1,
  /** A revision has no such entry; the name that is near is given. */
  HDL402: 1,
  /** A text can mean several entries of a revision; their names are given. */
  HDL403: 1,
  /** A transform step failed; every failing entry is listed with dataset, key and step. */
  HDL500: 1,
  /** An entry does not fit its JSON Schema; every one is listed. */
  HDL501: 1,
  /** A field that `_dataset.json` does not list appeared in a dataset with `mask` or `omit`. */
  HDL502: 3,
  /** Refused by safety rules: each missing consent is listed with the flag that grants it. */
  HDL600: 3,
  /** Both sides changed, and the rules say to fail; every entry is listed. */
  HDL601: 4,
  /** An entry or the record changed since the plan was made. */
  HDL602: 4,
  /** Git and the source changed the same since the last weave; every entry and field is listed. */
  HDL603: 4,
  /** Weave would remove more files than `maxDeletes` allows. */
  HDL604: 3,
  /** The source is not the database that this weave came from. */
  HDL605: 3,
  /** The environment's database has some of its datasets recorded as another environment's. */
  HDL606: 3,
  /** A saved plan that cannot be used: edited, applied already, or made for another environment, configuration or revision. */
  HDL607: 4,
  /** A hook of the environment failed, or a `verify` gave rows; the apply was rolled back. */
  HDL608: 3,
  /** An apply or undo in several transactions is not finished: what to run is said. */
  HDL609: 4,
  /** GitHub cannot be reached, or refused a request; its answer is given. */
  HDL700: 1,
  /** A commit that is to be taken back changed entries that later commits changed again, and nobody accepts that these edits go too. */
  HDL620: 4,
  /** A table of events has come to what is no state of the branch: it was rewritten, or is another one; or its rows are no import's. */
  HDL621: 4,
  /** Interrupted by a signal: nothing was written, or what to run to go on is said. */
  HDL900: 130,
  /** A fault in Heddle itself. */
  HDL999: 1,
} as const;

export type ErrorCode = keyof typeof errorCodes;

/** Where a problem lies. Lines and columns count from 1. */
export interface Place {
  file?: string;
  line?: number;
  column?: number;
  dataset?: string;
  /** A key, or the readable name of an entry. */
  key?: string;
  /** JSON Pointer inside the entry or configuration document. */
  path?: string;
  /** A transform step, as in `transform[0].steps[2] patch`. */
  step?: string;
}

/** One thing that is wrong; what to do about it goes into `hint`. */
export interface Problem extends Place {
  message: string;
  hint?: string;
}

/** The one error class. `message` and `problems` are for the user and hold no secrets and no values; `cause` is for `--debug`. */
export class HeddleError extends Error {
  override readonly name = "HeddleError";
  readonly code: ErrorCode;
  readonly problems: readonly Problem[];
  readonly hint: string | undefined;

  constructor(
    code: ErrorCode,
    message: string,
    more: { problems?: readonly Problem[]; hint?: string; cause?: unknown } = {},
  ) {
    super(message, { cause: more.cause });
    this.code = code;
    this.problems = more.problems ?? [];
    this.hint = more.hint;
  }

  get exitCode(): number {
    return errorCodes[this.code];
  }
}
