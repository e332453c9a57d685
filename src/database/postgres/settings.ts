/** Where only built-in names are found, temporary ones last (they would come first otherwise). */
const pinnedPath = "SET LOCAL search_path = pg_catalog, pg_temp";

export const searchPath = {
  /** For reading, and for whatever prints names. */
  pinned: pinnedPath,
  /** The role's own, so that predicates and triggers mean what they mean to the application. */
  own: "SET LOCAL search_path TO DEFAULT",
};

/** All that decides how values are printed and read, against what ALTER ROLE or ALTER DATABASE may have set. */
const pinned = [
  "DateStyle = 'ISO, YMD'",
  "IntervalStyle = 'postgres'",
  "extra_float_digits = 1",
  "bytea_output = 'hex'",
  "TimeZone = 'UTC'",
  "lc_monetary = 'C'",
  "array_nulls = on",
  "quote_all_identifiers = off",
  "xmloption = 'content'",
  "xmlbinary = 'base64'",
  "standard_conforming_strings = on",
  "client_encoding = 'UTF8'",
  "synchronous_commit = on",
];

/** Puts back what a statement of the user's may have set. */
export const repin = [pinnedPath, ...pinned.map((setting) => `SET LOCAL ${setting}`)].join("; ");

export type RowSecurity = "off" | "accept";

/**
 * One moment for all reads; nothing can be written.
 * @param snapshot of another transaction that is still open: the moment that this one sees too
 */
export function beginRead(rowSecurity: RowSecurity, snapshot?: string): string {
  const mode = "ISOLATION LEVEL REPEATABLE READ READ ONLY";
  // PostgreSQL takes it before the first query alone.
  return begin(snapshot === undefined ? mode : `${mode}; SET TRANSACTION SNAPSHOT '${snapshot}'`, rowSecurity);
}

/**
 * Each statement sees what is committed then: after the lock is taken, all that the holder before wrote. (A snapshot
 * would be of before the lock.) Rows are fenced by locking them.
 */
export function beginWrite(rowSecurity: RowSecurity): string {
  return `${begin("ISOLATION LEVEL READ COMMITTED READ WRITE", rowSecurity)}; SET CONSTRAINTS ALL DEFERRED`;
}

function begin(mode: string, rowSecurity: RowSecurity): string {
  // With row_security off, a policy that would hide rows raises an error instead.
  const security = `row_security = ${rowSecurity === "accept" ? "on" : "off"}`;
  return [`BEGIN ${mode}`, pinnedPath, ...[...pinned, security].map((setting) => `SET LOCAL ${setting}`)].join("; ");
}
