import { createHash } from "node:crypto";
import type { Dataset } from "../../model/dataset.js";
import { HeddleError } from "../../model/errors.js";
import type { Database, ReadSession, WriteSession } from "../database.js";
import type { OpenOptions } from "../open.js";
import type { Sessions } from "../together.js";
import { readTables } from "./catalogue.js";
import { postgresCodec } from "./codec.js";
import { runCommand } from "./command.js";
import type { Connection, Transaction } from "./connection.js";
import { readDependents } from "./dependents.js";
import { failure, isTransient } from "./errors.js";
import { estimateRows } from "./estimate.js";
import { examine } from "./examine.js";
import { fingerprintAll, fingerprintSome, hasBuckets, inBuckets, totalOf } from "./fingerprint.js";
import { readKeyMatch } from "./key-match.js";
import { readHolder, takeLock } from "./lock.js";
import { lookupEntries } from "./lookup.js";
import { newIds } from "./new-ids.js";
import { normalizeEntries } from "./normalize.js";
import { copyEntries, readerOf, whereEntries } from "./read.js";
import {
  readFingerprints,
  readHistory,
  readPreImages,
  readRecords,
  writeFingerprints,
  writePreImages,
  writeRecord,
} from "./record.js";
import { type Relation, readRelation } from "./relation.js";
import { beginRead, beginWrite, searchPath } from "./settings.js";
import { isUntouched } from "./untouched.js";
import { writeBatch, writeTexts } from "./write.js";

/** A database that speaks PostgreSQL's SQL, over whichever connection: entries of servers and of PGlite are interchangeable. */
export function sqlDatabase(connection: Connection, options: OpenOptions & { label: string }): Database {
  const rowSecurity = options.rowSecurity ?? "off";
  const { label } = options;
  return {
    engine: postgresCodec.engine,
    capabilities: { snapshots: true, transactions: true },
    isTransient,
    async read(work) {
      try {
        return await connection.transaction(beginRead(rowSecurity), (transaction) =>
          work(readSession(transaction, label, false)),
        );
      } catch (error) {
        throw failure(error, { code: "HDL202", subject: label });
      }
    },
    ...(connection.most > 1 && {
      async readTogether<T>(count: number, work: (sessions: Sessions) => Promise<T>) {
        const most = Math.min(count, connection.most);
        const open = (snapshot: string, first: Transaction, ...others: Transaction[]): Promise<T> =>
          others.length + 1 < most
            ? connection.transaction(beginRead(rowSecurity, snapshot), (one) => open(snapshot, first, ...others, one))
            : work([readSession(first, label, false), ...others.map((one) => readSession(one, label, false))]);
        try {
          return await connection.transaction(beginRead(rowSecurity), async (transaction) => {
            const { rows } = await transaction.query("SELECT pg_catalog.pg_export_snapshot()");
            return open(rows[0]![0]!, transaction);
          });
        } catch (error) {
          throw failure(error, { code: "HDL202", subject: label });
        }
      },
    }),
    async write(work) {
      try {
        return await connection.transaction(beginWrite(rowSecurity), async (transaction) => {
          await refuseReplica(transaction, label);
          const result = await work(writeSession(transaction, label));
          // Deferred triggers run at the commit.
          await transaction.run(searchPath.own);
          return result;
        });
      } catch (error) {
        throw failure(error, { code: "HDL205", subject: label });
      }
    },
    async holder() {
      try {
        return await connection.transaction(beginRead(rowSecurity), readHolder);
      } catch (error) {
        throw failure(error, { code: "HDL202", subject: label });
      }
    },
    [Symbol.asyncDispose]: () => connection.end(),
  };
}

function readSession(transaction: Transaction, label: string, lock: boolean): ReadSession {
  const relation = memo((name: string) => readRelation(transaction, name));
  const encoding = memo((setting) => settingOf(transaction, setting));
  const strict = memo(async (setting) => {
    if ((await encoding(setting)) !== "SQL_ASCII") return false;
    // Otherwise the server refuses bytes that are no UTF-8 without saying in which row.
    await transaction.run("SET LOCAL client_encoding = 'SQL_ASCII'");
    return true;
  });
  const reader = async (dataset: Dataset) =>
    readerOf(dataset, await relation(dataset.name), await strict("server_encoding"));
  const match = keyMatches(transaction, relation);
  return {
    identity: () => told(label, () => identityOf(transaction, label)),
    tables: () => told(label, () => readTables(transaction)),
    entries: (dataset, where, digested = false) =>
      toldEach(dataset.name, async function* () {
        const table = await relation(dataset.name);
        if (where === undefined) yield* copyEntries(transaction, table, await reader(dataset), digested);
        else yield* whereEntries(transaction, table, await reader(dataset), where);
      }),
    lookup: (dataset, keys) =>
      toldEach(dataset.name, async function* () {
        if (keys.length === 0) return;
        const table = await relation(dataset.name);
        yield* lookupEntries(transaction, table, await match(dataset), await reader(dataset), keys, lock);
      }),
    normalize: (dataset, entries) =>
      told(dataset.name, async () => {
        const unicode = (await encoding("server_encoding")) === "UTF8";
        return normalizeEntries(transaction, await relation(dataset.name), dataset, entries, unicode);
      }),
    examine: (datasets, thorough) => told(label, () => examine(transaction, datasets, thorough)),
    dependents: (doomed, rewritten) => told(label, () => readDependents(transaction, doomed, rewritten)),
    estimate: (dataset) => told(dataset.name, async () => estimateRows(transaction, await relation(dataset.name))),
    fingerprint: (dataset, keys) =>
      told(dataset.name, async () => {
        const table = await relation(dataset.name);
        if (keys) return fingerprintSome(transaction, table, await match(dataset), dataset, keys);
        return (await hasBuckets(transaction, table, dataset))
          ? fingerprintAll(transaction, table, dataset)
          : undefined;
      }),
    fingerprintTotal: (dataset) =>
      told(dataset.name, async () => totalOf(transaction, await relation(dataset.name), dataset)),
    entriesIn: (dataset, digits, digested = false) =>
      toldEach(dataset.name, async function* () {
        const table = await relation(dataset.name);
        const where = inBuckets(table, dataset, digits);
        yield* copyEntries(transaction, table, await reader(dataset), digested, where);
      }),
    fingerprints: (plans) => told(label, () => readFingerprints(transaction, plans)),
    records: () => told(label, () => readRecords(transaction)),
    history: (limit, environments) => told(label, () => readHistory(transaction, limit, environments)),
    journals: async () => [],
    preImages: (plan) => toldEach(label, () => readPreImages(transaction, plan)),
  };
}

function writeSession(transaction: Transaction, label: string): WriteSession {
  const session = readSession(transaction, label, true);
  const relation = memo((name: string) => readRelation(transaction, name));
  const match = keyMatches(transaction, relation);
  const storesExactly = memoBy(
    ({ name }: Dataset) => name,
    ({ name }) => told(name, async () => isUntouched(transaction, await relation(name))),
  );
  return {
    ...session,
    lock: () => told(label, () => takeLock(transaction, label)),
    write: (dataset, changes) =>
      told(
        dataset.name,
        async () => {
          const table = await relation(dataset.name);
          await writeBatch(transaction, table, await match(dataset), dataset, changes);
        },
        "HDL205",
      ),
    storesExactly,
    writeTexts: (dataset, entries) =>
      told(
        dataset.name,
        async () =>
          (await storesExactly(dataset))
            ? writeTexts(transaction, await relation(dataset.name), dataset, entries)
            : entries,
        "HDL205",
      ),
    newIds: (dataset, fields, count) =>
      told(
        dataset.name,
        async () => newIds(transaction, await relation(dataset.name), dataset, fields, count),
        "HDL205",
      ),
    command: (statement) => told(label, () => runCommand(transaction, label, statement), "HDL205"),
    savePreImages: (plan, images) => told(label, () => writePreImages(transaction, plan, images), "HDL205"),
    saveFingerprints: (record, fingerprints) =>
      told(label, () => writeFingerprints(transaction, record, fingerprints), "HDL205"),
    saveRecord: (record) => told(label, () => writeRecord(transaction, record), "HDL205"),
  };
}

const keyMatches = (transaction: Transaction, relation: (name: string) => Promise<Relation>) =>
  memoBy(
    ({ name, key }: Dataset) => JSON.stringify([name, key]),
    async (dataset) => readKeyMatch(transaction, await relation(dataset.name), dataset),
  );

async function identityOf(transaction: Transaction, label: string): Promise<string> {
  try {
    const { rows } = await transaction.query(
      "SELECT s.system_identifier, d.oid FROM pg_control_system() AS s, pg_database AS d WHERE d.datname = current_database()",
    );
    return createHash("sha256")
      .update(`postgresql ${rows[0]!.join(" ")}`)
      .digest("hex");
  } catch (error) {
    if ((error as { code?: unknown }).code !== "42501") throw error;
    // Anything else that could be read (names, addresses, oids) is equal in copies or differs between roles and poolers.
    throw new HeddleError("HDL202", `${label}: the role may not read what tells this database from others`, {
      hint: "GRANT EXECUTE ON FUNCTION pg_catalog.pg_control_system() TO the role",
    });
  }
}

async function settingOf(transaction: Transaction, setting: string): Promise<string> {
  const { rows } = await transaction.query("SELECT current_setting($1)", [setting]);
  return rows[0]![0]!;
}

/** Other settings than `origin` switch triggers and foreign keys off; only a superuser may set it back. */
async function refuseReplica(transaction: Transaction, label: string): Promise<void> {
  const role = await settingOf(transaction, "session_replication_role");
  if (role === "origin") return;
  try {
    await transaction.run("SET LOCAL session_replication_role = origin");
  } catch {
    throw new HeddleError("HDL205", `${label}: session_replication_role is ${role}, so nothing would be checked`, {
      hint: "remove that setting from the role or database",
    });
  }
}

async function told<T>(subject: string, work: () => Promise<T>, code: "HDL202" | "HDL205" = "HDL202"): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw failure(error, { code, subject });
  }
}

async function* toldEach<T>(subject: string, items: () => AsyncGenerator<T>): AsyncGenerator<T> {
  try {
    yield* items();
  } catch (error) {
    throw failure(error, { code: "HDL202", subject });
  }
}

const memo = <T>(make: (key: string) => Promise<T>) => memoBy((key: string) => key, make);

function memoBy<K, T>(name: (key: K) => string, make: (key: K) => Promise<T>): (key: K) => Promise<T> {
  const made = new Map<string, Promise<T>>();
  return (key) => {
    const id = name(key);
    const value = made.get(id) ?? make(key);
    made.set(id, value);
    return value;
  };
}
