import { HeddleError } from "../model/errors.js";
import type { AppliedRecord } from "../model/record.js";
import { commitsBetween, hasObject, isShallow, resolveRevision } from "../repository/revision.js";
import { openProject, trustedConfig } from "./project.js";
import { readState } from "./state.js";
import { type Destination, type TargetOptions, withDestination } from "./target.js";
import { describeUnfinished } from "./unfinished.js";

export interface EnvironmentStatus {
  environment: string;
  /** What was applied last; absent where nothing was. */
  applied?: { revision: string; at: string; who: string; id: string; kind: AppliedRecord["kind"] };
  /** Commits of HEAD that are not applied, and applied ones that HEAD does not have; absent where the clone cannot tell. */
  behind?: { id: string; subject: string }[];
  ahead?: { id: string; subject: string }[];
  /** An apply or undo in several transactions that runs now, or broke off; `message` and `hint` say how far it came and what to run. */
  unfinished?: { id: string; revision: string; who: string; since: string; message: string; hint: string };
  /** A rollback or undo that git has not followed yet. */
  held: boolean;
  /** Other environments that hold other datasets of the same database. */
  shares: string[];
  /** Entries that are not as the revision says: altered by the server, or kept by onConflict. */
  exceptions: number;
  notes: string[];
  /** Why the environment's database could not be asked. */
  error?: string;
}

export interface StatusOptions extends Omit<TargetOptions, "environment"> {
  /** All of the configuration where none is named. */
  environments?: readonly string[];
}

/** What is applied where, since when, and which commits lie between that and HEAD. Writes nothing. */
export async function status(options: StatusOptions): Promise<EnvironmentStatus[]> {
  const project = await openProject(options.directory);
  const config = await trustedConfig(project, options.config ?? "HEAD");
  const named = options.environments ?? [];
  const names = named.length > 0 ? named : config.environments.map(({ name }) => name);
  const all: EnvironmentStatus[] = [];
  for (const environment of names) {
    const one = withDestination({ ...options, environment }, (destination) =>
      statusOf(destination, options.revision ?? "HEAD"),
    );
    // Of several environments one that does not answer must not hide the others.
    all.push(await (named.length === 1 ? one : one.catch((error: unknown) => unreachable(environment, error))));
  }
  return all;
}

async function statusOf({ project, environment, database }: Destination, asked: string): Promise<EnvironmentStatus> {
  const { repository } = project;
  const notes: string[] = [];
  const { record, unfinished, others } = await database.read((session) => readState(session, environment, notes));
  const result: EnvironmentStatus = {
    environment: environment.name,
    held: (record?.hold ?? []).length > 0,
    shares: [...new Set(others.map((other) => other.environment))].sort(),
    exceptions: record?.exceptions.length ?? 0,
    notes,
  };
  if (unfinished) {
    const { revision, who, at: since, plan: id } = unfinished.record;
    result.unfinished = { id, revision, who, since, ...describeUnfinished(unfinished) };
  }
  if (!record) return result;
  const { revision, at, who, plan, kind } = record;
  result.applied = { revision, at, who, id: plan, kind };
  const head = await resolveRevision(repository, asked);
  const command = "git fetch --unshallow --filter=blob:none";
  if (revision !== head && (await isShallow(repository))) {
    notes.push(`this clone is shallow and does not tell which commits lie between: ${command}`);
  } else if (await hasObject(repository, revision)) {
    const short = ({ id, subject }: { id: string; subject: string }) => ({ id, subject });
    result.behind = (await commitsBetween(repository, revision, head)).map(short);
    result.ahead = (await commitsBetween(repository, head, revision)).map(short);
  } else notes.push(`this clone does not have the applied commit ${revision.slice(0, 10)}`);
  return result;
}

function unreachable(environment: string, error: unknown): EnvironmentStatus {
  if (!(error instanceof HeddleError)) throw error;
  return { environment, held: false, shares: [], exceptions: 0, notes: [], error: `${error.code}: ${error.message}` };
}
