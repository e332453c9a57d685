import type { EnvironmentConfig } from "../config/config.js";
import type { ReadSession } from "../database/database.js";
import { HeddleError } from "../model/errors.js";
import type { Journal } from "../model/journal.js";
import { type AppliedRecord, otherRecords, sharedTables } from "../model/record.js";

/** What a database remembers of an environment. */
export interface State {
  identity: string;
  /** What was last applied to this database, for this environment. */
  record: AppliedRecord | undefined;
  /** The environment's record that lies in the database, even if it is a copy's. */
  found: AppliedRecord | undefined;
  /** An apply or undo that is not finished, for this environment. */
  unfinished: Journal | undefined;
  /** The environment's journal that lies in the database, even if it is a copy's. */
  journal: Journal | undefined;
  /** What is, or is being, applied to this database for other environments. */
  others: AppliedRecord[];
  /** The random id of this database's records; undefined before the first one. */
  database: string | undefined;
}

/**
 * Of an environment's records the newest counts, under whatever name it had. One of another identity belongs to the
 * database that this one was copied from: ignored, and said so.
 */
export async function readState(
  session: ReadSession,
  { name, formerly }: EnvironmentConfig,
  notes: string[],
): Promise<State> {
  const identity = await session.identity();
  const [records, journals] = [await session.records(), await session.journals()];
  const names = [name, ...formerly];
  const isOwn = ({ environment }: AppliedRecord) => names.includes(environment);
  const isHere = (record: AppliedRecord) => record.identity === identity;
  const found = records.find(isOwn);
  const record = found && isHere(found) ? found : undefined;
  if (!record && records.some((one) => !isHere(one))) {
    notes.push(
      "the record in this database is another database's (a restored copy): ignored, nothing counts as applied",
    );
  }
  const journal = journals.find((one) => isOwn(one.record));
  return {
    identity,
    record,
    found,
    journal,
    unfinished: journal && isHere(journal.record) ? journal : undefined,
    others: otherRecords([...journals.map((one) => one.record), ...records], names, identity),
    database: records.find(isHere)?.database,
  };
}

/** HDL606 where another environment holds one of these tables (by the database's names) in this database: the URL may be the wrong one. */
export function refuseShared(
  { others }: Pick<State, "others">,
  { name }: EnvironmentConfig,
  tables: readonly string[],
): void {
  for (const other of others) {
    const shared = sharedTables(other, tables);
    if (shared.length === 0) continue;
    const { environment } = other;
    throw new HeddleError("HDL606", `this database is recorded as ${environment}, not ${name}: ${shared.join(", ")}`, {
      hint: `check the URL; a renamed environment says metadata.formerly: [${environment}]`,
    });
  }
}
