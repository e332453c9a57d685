import type { Dataset } from "../model/dataset.js";
import type { Entry, Key } from "../model/entry.js";
import { HeddleError } from "../model/errors.js";
import { tableOf } from "../model/naming.js";
import type { Database, ReadSession, Table, WriteSession } from "./database.js";
import { wrapped } from "./wrapped.js";

/** Names of datasets, both ways; a bijection, so that nothing is ever mistaken for something else. */
interface Names {
  there(dataset: string): string;
  here(table: string): string;
}

/**
 * A database whose tables have the repository's names: those that `map` (dataset → table) gives others. A table whose
 * own name then belongs to a dataset is called "the database's …". Messages of the server keep its own names.
 */
export function renamed(database: Database, map: Readonly<Record<string, string>>): Database {
  if (Object.keys(map).length === 0) return database;
  const names = namesOf(map);
  return wrapped(database, {
    read: (work) => database.read((session) => work(readAs(session, names))),
    write: (work) => database.write((session) => work(writeAs(session, names))),
  });
}

/** The same for a session that is open already. */
export function renamedSession(session: ReadSession, map: Readonly<Record<string, string>>): ReadSession {
  return Object.keys(map).length === 0 ? session : readAs(session, namesOf(map));
}

function namesOf(map: Readonly<Record<string, string>>): Names {
  const forth = new Map(Object.keys(map).map((dataset) => [dataset, tableOf(dataset, { map })]));
  const back = new Map([...forth].map(([dataset, table]) => [table, dataset]));
  const foreign = "the database's ";
  return {
    there: (dataset) => forth.get(dataset) ?? (dataset.startsWith(foreign) ? dataset.slice(foreign.length) : dataset),
    here: (table) => back.get(table) ?? (forth.has(table) ? foreign + table : table),
  };
}

/** A dataset by the database's name, and errors by the repository's. */
function translators(names: Names) {
  return {
    as: <T extends Dataset>(dataset: T): T => ({ ...dataset, name: names.there(dataset.name) }),
    told: <T>(work: Promise<T>): Promise<T> =>
      work.catch((error: unknown) => {
        throw inNames(error, names);
      }),
  };
}

function readAs(session: ReadSession, names: Names): ReadSession {
  const { as, told } = translators(names);
  async function* toldEach<T>(items: AsyncIterable<T>): AsyncGenerator<T> {
    try {
      yield* items;
    } catch (error) {
      throw inNames(error, names);
    }
  }
  return {
    ...session,
    tables: async () => (await session.tables()).map((table) => tableAs(table, names)),
    entries: (dataset, where, digested) => toldEach(session.entries(as(dataset), where, digested)),
    lookup: (dataset, keys) => toldEach(session.lookup(as(dataset), keys)),
    normalize: (dataset, entries) => told(session.normalize(as(dataset), entries)),
    estimate: (dataset) => told(session.estimate(as(dataset))),
    ...(session.fingerprint && {
      fingerprint: (dataset: Dataset, keys?: readonly Key[]) => told(session.fingerprint!(as(dataset), keys)),
    }),
    ...(session.fingerprintTotal && {
      fingerprintTotal: (dataset: Dataset) => told(session.fingerprintTotal!(as(dataset))),
    }),
    ...(session.entriesIn && {
      entriesIn: (dataset: Dataset, digits: readonly string[], digested?: boolean) =>
        toldEach(session.entriesIn!(as(dataset), digits, digested)),
    }),
    examine: async (datasets, thorough) =>
      (await told(session.examine(datasets.map(as), thorough))).map((finding) => ({
        ...finding,
        ...(finding.dataset !== undefined && { dataset: names.here(finding.dataset) }),
      })),
    dependents: async (doomed, rewritten) => {
      const keyed = <T extends { dataset: Dataset }>(one: T): T => ({ ...one, dataset: as(one.dataset) });
      const found = await told(session.dependents(doomed.map(keyed), rewritten.map(keyed)));
      return found.map((one) => ({ ...one, dataset: names.here(one.dataset) }));
    },
  };
}

function writeAs(session: WriteSession, names: Names): WriteSession {
  const { as, told } = translators(names);
  return {
    ...session,
    ...readAs(session, names),
    write: (dataset, changes) => told(session.write(as(dataset), changes)),
    ...(session.writeTexts && {
      writeTexts: (dataset: Dataset, entries: readonly Entry[]) => told(session.writeTexts!(as(dataset), entries)),
    }),
    ...(session.storesExactly && {
      storesExactly: (dataset: Dataset) => session.storesExactly!(as(dataset)),
    }),
    newIds: (dataset, fields, count, like) => session.newIds(as(dataset), fields, count, like),
  };
}

function tableAs(table: Table, { here }: Names): Table {
  return {
    ...table,
    name: here(table.name),
    references: table.references.map((reference) => ({ ...reference, dataset: here(reference.dataset) })),
  };
}

function inNames(error: unknown, { here }: Names): unknown {
  if (!(error instanceof HeddleError)) return error;
  const problems = error.problems.map((problem) =>
    problem.dataset === undefined ? problem : { ...problem, dataset: here(problem.dataset) },
  );
  const hint = error.hint === undefined ? {} : { hint: error.hint };
  return new HeddleError(error.code, error.message, { problems, ...hint, cause: error.cause });
}
