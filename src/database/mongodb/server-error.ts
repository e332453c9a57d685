import { MongoError, MongoNetworkError, MongoServerError, MongoServerSelectionError } from "mongodb";
import { type ErrorCode, HeddleError, type Problem } from "../../model/errors.js";

/** What was going on: it decides the code of an error that says nothing more precise. */
export type Doing = "reading" | "writing";

/** Errors after which the whole transaction, or the whole read, may be run again. */
const transient = new WeakSet<WeakKey>();
/** Errors that say that the server keeps the snapshot no more. */
const snapshotLost = new WeakSet<WeakKey>();

export function isTransient(error: unknown): boolean {
  return transient.has(error as WeakKey);
}

export function isSnapshotLost(error: unknown): boolean {
  return snapshotLost.has(error as WeakKey);
}

/**
 * An error of the driver as one for users. Server messages repeat data (a duplicate key shows its value), so nothing of them
 * is passed on but codes and the names of indexes and fields; the cause is stripped the same way.
 */
function translated(error: unknown, label: string, doing: Doing): unknown {
  if (!(error instanceof MongoError)) return error;
  const told = describe(error, label, doing);
  if (isTransientDriverError(error, doing)) transient.add(told);
  if (hasCode(error, serverCode.snapshotTooOld, serverCode.snapshotUnavailable)) snapshotLost.add(told);
  return told;
}

/** Runs driver calls; their errors come out translated. */
export async function guarded<T>(label: string, doing: Doing, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw translated(error, label, doing);
  }
}

export function hasCode(error: unknown, ...codes: number[]): boolean {
  return error instanceof MongoServerError && codes.includes(Number(error.code));
}

export const serverCode = {
  badValue: 2,
  failedToParse: 9,
  unauthorized: 13,
  authenticationFailed: 18,
  namespaceNotFound: 26,
  commandNotFound: 59,
  namespaceExists: 48,
  timeLimit: 50,
  writeConflict: 112,
  documentValidationFailure: 121,
  snapshotTooOld: 239,
  snapshotUnavailable: 246,
  duplicateKey: 11000,
} as const;

function describe(error: MongoError, label: string, doing: Doing): HeddleError {
  const cause = stripped(error);
  if (hasCode(error, serverCode.authenticationFailed))
    return new HeddleError("HDL201", `${label}: the server refused the login`, {
      cause,
      hint: "check user, password and authSource",
    });
  if (error instanceof MongoServerSelectionError || error instanceof MongoNetworkError) {
    const reason = /E[A-Z]{4,}|timed out|certificate|SSL|TLS/.exec(`${error.message}`)?.[0];
    return new HeddleError("HDL200", `${label}: cannot be reached${reason ? ` (${reason})` : ""}`, {
      cause,
      hint: "check host, port and network, and that a primary is up",
    });
  }
  const code: ErrorCode = doing === "reading" ? "HDL202" : "HDL205";
  if (hasCode(error, serverCode.unauthorized))
    return new HeddleError(code, `${label}: the user may not do this (${doing})`, {
      cause,
      hint: `grant the right for ${doing}`,
    });
  return new HeddleError(code, `${label}: the server refused (${doing}): ${codeText(error)}`, { cause });
}

/** What a write error says, without values. */
export function writeProblem(error: WriteError): Pick<Problem, "message" | "hint"> {
  switch (error.code) {
    case serverCode.duplicateKey: {
      const index = /\bindex: (\S+)/.exec(error.errmsg ?? "")?.[1];
      const fields = Object.keys(error.keyPattern ?? {}).join(", ");
      const named = [index && `index ${index}`, fields && `fields ${fields}`].filter(Boolean).join(", ");
      return { message: `another document has the same unique value${named ? ` (${named})` : ""}` };
    }
    case serverCode.documentValidationFailure:
      return { message: "the collection's validator refuses the document" };
    default:
      return { message: `the server refuses the document: ${codeText(error)}` };
  }
}

/** An element of `writeErrors` in the reply to a write command. */
export interface WriteError {
  /** The statement's place in its command; absent where the server does not say. */
  index?: number;
  code?: number;
  codeName?: string;
  errmsg?: string;
  keyPattern?: Record<string, unknown>;
}

function codeText(error: { code?: unknown; codeName?: unknown }): string {
  const name = typeof error.codeName === "string" ? error.codeName : undefined;
  return (
    [name, error.code === undefined ? undefined : `code ${error.code}`].filter(Boolean).join(", ") || "no code given"
  );
}

/** The cause for `--debug`: where it happened and which code, not what the server said. */
function stripped(error: MongoError): Error {
  const cause = new Error(codeText(error));
  cause.name = error.name;
  const stack = error.stack?.split("\n").filter((line) => /^\s+at /.test(line)) ?? [];
  cause.stack = [`${error.name}: ${cause.message}`, ...stack].join("\n");
  return cause;
}

function isTransientDriverError(error: MongoError, doing: Doing): boolean {
  if (error.hasErrorLabel("UnknownTransactionCommitResult")) return false;
  if (error.hasErrorLabel("TransientTransactionError")) return true;
  return doing === "reading" && error instanceof MongoNetworkError;
}
