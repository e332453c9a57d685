import { type ErrorCode, HeddleError, type Problem } from "../../model/errors.js";

/** What the server's drivers throw, as far as it is known. `detail` and often `message` and `where` carry values. */
interface ServerError {
  code: string;
  message: string;
  table?: string;
  column?: string;
  constraint?: string;
  routine?: string;
  where?: string;
}

export interface FailureContext {
  /** The code for whatever the server refused. */
  code: ErrorCode;
  /** The dataset concerned, or the database. */
  subject: string;
  /** The entry's readable key by COPY's line number, where rows were on their way in. */
  keyAt?: (line: number) => string | undefined;
}

/** A driver's error as a HeddleError without values; errors of other origin come back as they are. */
export function failure(error: unknown, context: FailureContext): unknown {
  if (error instanceof HeddleError) return error;
  if (!isServerError(error)) return isLost(error) ? lostConnection(error, context.subject) : error;
  const { message, hint } = describe(error);
  // Text that does not come through in UTF-8 is a value that cannot be carried.
  const code = context.code === "HDL202" && /^22(021|P05)$/.test(error.code) ? "HDL204" : context.code;
  const line = /^COPY .*?, line (\d+)/m.exec(error.where ?? "")?.[1];
  const key = line === undefined ? undefined : context.keyAt?.(Number(line));
  const problem: Problem = { dataset: context.subject, ...(key !== undefined && { key }), message };
  const more = { cause: safeCause(error), ...(hint !== undefined && { hint }) };
  if (key !== undefined) {
    return new HeddleError(code, `${context.subject}: the server refused an entry`, {
      ...more,
      problems: [problem],
    });
  }
  return new HeddleError(code, `${context.subject}: ${message}`, more);
}

/** Why no connection came about: HDL201 for the login, HDL200 for all else. */
export function connectFailure(error: unknown, label: string): HeddleError {
  const code = codeOf(error) ?? "";
  const message = error instanceof Error ? error.message : "";
  if (/^28/.test(code) || /^SASL|password must be a string/.test(message)) {
    return new HeddleError("HDL201", `${label}: the database refused the login`, {
      hint: "check user and password in the URL, and pg_hba.conf on the server",
      cause: safeCause(error),
    });
  }
  // A full server or one that is starting answers with an SQLSTATE and a harmless message.
  const reason = isServerError(error) ? error.message : reasons[code] || plainReason(message) || code;
  return new HeddleError("HDL200", `${label}: cannot connect${reason === "" ? "" : `: ${reason}`}`, {
    cause: safeCause(error),
  });
}

const reasons: Record<string, string> = {
  ECONNREFUSED: "nothing listens at that address",
  ENOTFOUND: "no such host",
  EAI_AGAIN: "the name service does not answer",
  ETIMEDOUT: "no answer",
  ECONNRESET: "the connection was cut",
};

function plainReason(message: string): string {
  if (/timeout/i.test(message)) return "no answer in time";
  return /SSL|terminated|certificate/i.test(message) ? message : "";
}

/** Whether the same transaction may succeed when it is run again. */
export function isTransient(error: unknown): boolean {
  const code = codeOf(error instanceof HeddleError ? error.cause : error);
  return code !== undefined && transientCodes.test(code);
}

/**
 * Serialization failure, deadlock, lock timeout, statement timeout or cancelled by somebody, a server that shuts down or
 * is starting, all connections taken, connection lost.
 */
const transientCodes = /^(40001|40P01|55P03|57014|57P0[123]|53300|08...|ECONNRESET|EPIPE)$/;

/** Class 22 of SQLSTATE: a value that a type does not accept. */
export function isBadValue(error: unknown): boolean {
  return isServerError(error) && error.code.startsWith("22");
}

function describe(error: ServerError): { message: string; hint?: string } {
  const { code } = error;
  const constraint = error.constraint === undefined ? "" : ` ${JSON.stringify(error.constraint)}`;
  const table = error.table === undefined ? "" : ` of ${JSON.stringify(error.table)}`;
  const column = error.column === undefined ? "a column" : `column ${JSON.stringify(error.column)}`;
  switch (code) {
    case "23505":
      return { message: `another row has the same value: unique constraint${constraint}${table}` };
    case "23503":
      return { message: `a referenced row is missing, or rows still refer to one: foreign key${constraint}${table}` };
    case "23502":
      return { message: `${column}${table} may not be null` };
    case "23514":
      return { message: `check constraint${constraint}${table} does not hold` };
    case "23P01":
      return { message: `a row conflicts with another: exclusion constraint${constraint}${table}` };
    case "22001":
      return { message: "a value is too long for its column" };
    case "22003":
      return { message: "a number is out of its column's range" };
    case "22021":
    case "22P05":
      return { message: "text that the database's encoding and UTF-8 do not both hold" };
  }
  if (code.startsWith("22")) return { message: `a value does not fit its type (SQLSTATE ${code})` };
  if (error.routine === "exec_stmt_raise" || code.startsWith("P0")) {
    const message = `a trigger or function raised an error (SQLSTATE ${code})`;
    return { message, hint: "its text is withheld since it may hold values: see the server's log" };
  }
  if (/row-level security/.test(error.message)) {
    return {
      message: "row-level security would hide rows from this role",
      hint: "use a role that sees every row (its owner, or BYPASSRLS), or say `source.rowSecurity: accept`",
    };
  }
  // These classes speak of names, rights and resources, never of data.
  if (/^(0A|25|40|42|53|54|55|57|58)/.test(code)) return { message: error.message };
  return { message: `SQLSTATE ${code}` };
}

function isServerError(error: unknown): error is ServerError {
  return error instanceof Error && "severity" in error && /^[0-9A-Z]{5}$/.test(codeOf(error) ?? "");
}

/** Whether the connection broke, as opposed to an answer of the server. */
export function isLost(error: unknown): error is Error {
  if (!(error instanceof Error)) return false;
  return (
    /^Connection terminated|connection error and is not queryable|Connection ended/.test(error.message) ||
    /^(ECONNRESET|EPIPE|ETIMEDOUT)$/.test(codeOf(error) ?? "")
  );
}

/** Whether the server ended the connection, by class 57P0 of SQLSTATE. */
export function isShutdown(error: unknown): boolean {
  return codeOf(error)?.startsWith("57P0") === true;
}

function lostConnection(error: Error, subject: string): HeddleError {
  const cause = Object.assign(new Error("connection lost"), { code: codeOf(error) ?? "08006" });
  return new HeddleError("HDL200", `${subject}: the connection was lost`, { cause });
}

/** What `--debug` may show: the place of the error without the values in it. */
function safeCause(error: unknown): Error {
  const { routine, constraint, table } = error as Partial<ServerError>;
  const code = codeOf(error);
  const cause = new Error(`PostgreSQL ${code ?? "connection"}${routine === undefined ? "" : ` in ${routine}`}`);
  return Object.assign(cause, { code, constraint, table });
}

function codeOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | undefined)?.code;
  return typeof code === "string" ? code : undefined;
}
