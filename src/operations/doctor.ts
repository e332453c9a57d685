import { databaseArgument } from "../config/argument.js";
import type { EnvironmentConfig } from "../config/config.js";
import type { Database, Finding, ReadSession, Table } from "../database/database.js";
import { describeTable } from "../database/describe.js";
import { openDatabase } from "../database/open.js";
import { renamed } from "../database/renamed.js";
import { withRetry } from "../database/retry.js";
import type { Dataset } from "../model/dataset.js";
import { HeddleError } from "../model/errors.js";
import { type Naming, tableOf } from "../model/naming.js";
import { writeOrder } from "../plan/order.js";
import { readInventory } from "./inventory.js";
import { schemaProblems } from "./preflight.js";
import { readState, refuseShared } from "./state.js";
import { desiredState, withDestination } from "./target.js";
import { describeUnfinished } from "./unfinished.js";
import { webhooksOf } from "./webhook.js";

export interface DoctorOptions {
  /** Where to look for the project from. */
  directory: string;
  /** The name of an environment, or `env:NAME` of a variable that holds a URL. */
  target: string;
  /** The revision whose datasets are looked at; HEAD where it is not given. */
  revision?: string;
  /** Where the trusted configuration is read from; HEAD. */
  config?: string;
  /** Asked before each mending; nothing is mended where it is not given. */
  mend?: (finding: Finding) => Promise<boolean>;
}

export interface Diagnosis {
  /** As things are after mending. */
  findings: Finding[];
  /** What was mended. */
  mended: Finding[];
}

/** What is looked at. */
interface Patient {
  database: Database;
  /** Without an environment what would stop writing is a warning: the database may be one that is only read. */
  environment: EnvironmentConfig | undefined;
  naming?: Naming;
  datasets(tables: readonly Table[]): readonly Dataset[];
}

/**
 * Looks a database over: everything that would stop weave, plan or apply, and what is good to know. Writes only what
 * `mend` says yes to, each in a transaction of its own. HDL200, HDL201 where there is no connection.
 */
export async function doctor(options: DoctorOptions): Promise<Diagnosis> {
  const argument = databaseArgument(options.target);
  if (argument.kind === "url") {
    const label = argument.from.startsWith("env:") ? argument.from : "the database";
    await using database = withRetry(await openDatabase(argument.url.reveal(), { label }));
    const datasets = (tables: readonly Table[]) =>
      tables.filter(({ refused, key }) => !refused && key).map((table) => describeTable(database.engine, table, {}));
    return treat({ database, environment: undefined, datasets }, options);
  }
  return withDestination({ ...options, environment: argument.name }, async (destination) => {
    const wanted = await desiredState(destination, { ...options, environment: argument.name });
    const git = await readInventory({ ...wanted, weaves: destination.environment.weaves });
    const datasets = [...git.sides.values()].map(({ side }) => side.dataset);
    const { naming } = wanted;
    const database = renamed(destination.database, naming.map);
    return treat({ ...destination, database, naming, datasets: () => datasets }, options);
  });
}

async function treat(patient: Patient, { mend }: DoctorOptions): Promise<Diagnosis> {
  const examine = () => patient.database.read((session) => examined(session, patient));
  const findings = await examine();
  const mended: Finding[] = [];
  const failed: Finding[] = [];
  for (const finding of mend ? findings : []) {
    if (!finding.mend || !(await mend!(finding))) continue;
    try {
      await mendBy(patient.database, finding.mend);
      mended.push(finding);
    } catch (error) {
      if (!(error instanceof HeddleError)) throw error;
      failed.push({ ...finding, level: "problem", message: `mending failed: ${error.message}`, sql: finding.mend });
    }
  }
  return { findings: [...(mended.length > 0 ? await examine() : findings), ...failed], mended };
}

async function mendBy(database: Database, statements: readonly string[]): Promise<void> {
  const { mend } = database;
  if (mend) for (const statement of statements) await mend(statement);
  else {
    await database.write(async (session) => {
      for (const statement of statements) await session.command(statement);
    });
  }
}

async function examined(session: ReadSession, { environment, naming, datasets: choose }: Patient): Promise<Finding[]> {
  const tables = await session.tables();
  const datasets = choose(tables);
  const found = await session.examine(datasets, true);
  for (const { dataset, path, message, hint } of schemaProblems(datasets, tables)) {
    const problem: Finding = { what: "schema", level: "problem", stops: "reading", message };
    if (path !== undefined) problem.message = `${path}: ${message}`;
    found.push({ ...problem, ...(dataset !== undefined && { dataset }), ...(hint !== undefined && { hint }) });
  }
  const names = datasets.map(({ name }) => name);
  found.push(...(await refusals("foreign keys", () => writeOrder(names, tables))));
  if (!environment) return found.map(asReader);
  const places = names.map((name) => tableOf(name, naming));
  // Without reading, the record cannot be told from a copy's.
  if (found.some(({ stops }) => stops === "reading")) return found;
  return [...found, ...(await stateOf(session, environment, places)), ...notifyFindings(environment)];
}

async function stateOf(
  session: ReadSession,
  environment: EnvironmentConfig,
  tables: readonly string[],
): Promise<Finding[]> {
  const notes: string[] = [];
  const refused = await refusals("state", async () => {
    const state = await readState(session, environment, notes);
    refuseShared(state, environment, tables);
    if (!state.unfinished) return;
    const { message, hint } = describeUnfinished(state.unfinished);
    throw new HeddleError("HDL609", message, { hint });
  });
  return [...refused, ...notes.map((message): Finding => ({ what: "state", level: "warning", message }))];
}

/** Nothing is posted: whether a webhook answers shows when there is something to tell. */
function notifyFindings(environment: EnvironmentConfig): Finding[] {
  return webhooksOf(environment).flatMap(({ hook }): Finding[] =>
    typeof hook === "string" ? [{ what: "notify", level: "warning", message: `${hook}; it is not told anything` }] : [],
  );
}

/** What plan or apply would refuse, as findings. */
async function refusals(what: string, check: () => unknown): Promise<Finding[]> {
  try {
    await check();
    return [];
  } catch (error) {
    if (!(error instanceof HeddleError)) throw error;
    const { message, hint, problems } = error;
    const more = problems.map((problem) => `; ${problem.dataset}: ${problem.message}`).join("");
    return [{ what, level: "problem", stops: "writing", message: message + more, ...(hint !== undefined && { hint }) }];
  }
}

function asReader(finding: Finding): Finding {
  return finding.level === "problem" && finding.stops === "writing" ? { ...finding, level: "warning" } : finding;
}
