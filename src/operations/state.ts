import type { EnvironmentConfig } from "../config/config.js";
import type { ReadSession } from "../database/database.js";
import { HeddleError } from "../model/errors.js";
import type { Journal } from "../model/journal.js";
import type { AppliedRecord } from "../model/record.js";

/** What a database remembers of an environment. */
export interface State {
  identity: string;
  /** What was last applied to this database, for this environment. */
  record: AppliedRecord | undefined;
  /** The record that lies in the database, even if it is a copy's. */
  found: AppliedRecord | undefined;
  /** An apply or undo that is not finished, for this environment. */
  unfinished: Journal | undefined;
  /** The journal that lies in the database, even if it is a copy's. */
  journal: Journal | undefined;
}

/** HDL606 where another environment is recorded. */
export async function readState(session: ReadSession, environment: EnvironmentConfig, notes: string[]): Promise<State> {
  const identity = await session.identity();
  const found = await session.record();
  const record = acceptRecord(found, environment, identity, notes);
  const journal = await session.journal();
  return { identity, found, record, journal, unfinished: acceptJournal(journal, environment, identity) };
}

/**
 * The record that holds for this database and environment. A record of another identity belongs to the database that
 * this one was copied from: ignored, and said so.
 */
function acceptRecord(
  record: AppliedRecord | undefined,
  environment: EnvironmentConfig,
  identity: string,
  notes: string[],
): AppliedRecord | undefined {
  if (!record) return undefined;
  if (record.identity !== identity) {
    notes.push(
      "the record in this database is another database's (a restored copy): ignored, nothing counts as applied",
    );
    return undefined;
  }
  requireOwn(record, environment);
  return record;
}

/** One of another identity came with a copy, whose record counts for nothing either. */
function acceptJournal(
  journal: Journal | undefined,
  environment: EnvironmentConfig,
  identity: string,
): Journal | undefined {
  if (!journal || journal.record.identity !== identity) return undefined;
  requireOwn(journal.record, environment);
  return journal;
}

function requireOwn({ environment: recorded }: AppliedRecord, { name, formerly }: EnvironmentConfig): void {
  if (recorded === name || formerly.includes(recorded)) return;
  throw new HeddleError("HDL606", `this database is recorded as ${recorded}, not ${name}`, {
    hint: `check the URL; a renamed environment says metadata.formerly: [${recorded}]`,
  });
}
