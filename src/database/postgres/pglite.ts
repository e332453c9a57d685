import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import type { PGlite } from "@electric-sql/pglite";
import { HeddleError } from "../../model/errors.js";
import type { Database } from "../database.js";
import type { EventStore } from "../event-store.js";
import type { OpenOptions } from "../open.js";
import type { Connection, Transaction } from "./connection.js";
import { sqlDatabase } from "./engine.js";
import { sqlEventStore } from "./event-store.js";
import { lockDirectory } from "./pglite-lock.js";
import type { Cells } from "./row.js";

/**
 * PostgreSQL in this process, on a directory that holds a PGlite database; relative to the current directory. One
 * session at a time: a session inside another waits for ever. Its system identifier is made with the directory, from the
 * time in milliseconds, so two directories differ unless one is a copy of the other.
 */
export function openPglite(url: string, options: OpenOptions = {}): Database {
  const path = directoryOf(url);
  const label = options.label ?? `pglite:${path}`;
  return sqlDatabase(connect(resolve(path), label), { ...options, label });
}

/** A table of events in a PGlite directory. */
export function openPgliteEvents(url: string, table: string, label: string): EventStore {
  return sqlEventStore(connect(resolve(directoryOf(url)), label), table, label);
}

const directoryOf = (url: string) => url.replace(/^pglite:(\/\/)?/i, "");

function connect(directory: string, label: string): Connection {
  let opened: Promise<Opened> | undefined;
  let last: Promise<unknown> = Promise.resolve();
  return {
    most: 1,
    transaction(begin, work) {
      opened ??= open(directory, label);
      const mine = opened;
      const turn = last.then(async () => inTransaction((await mine).database, begin, work));
      last = turn.catch(() => {});
      return turn;
    },
    async end() {
      await last;
      const mine = opened;
      opened = undefined;
      await (await mine?.catch(() => undefined))?.close();
    },
  };
}

interface Opened {
  database: PGlite;
  close(): Promise<void>;
}

async function open(directory: string, label: string): Promise<Opened> {
  if (!existsSync(join(directory, "PG_VERSION"))) {
    throw new HeddleError("HDL200", `${label}: there is no PGlite database in this directory`, {
      hint: "Heddle opens databases, it creates none; the path is relative to the current directory",
    });
  }
  const unlock = lockDirectory(directory, label);
  try {
    const { PGlite } = await import("@electric-sql/pglite");
    const database = await PGlite.create(directory, { extensions: await installedExtensions() });
    return {
      database,
      async close() {
        await database.close().finally(unlock);
      },
    };
  } catch (error) {
    unlock();
    throw new HeddleError("HDL200", `${label}: PGlite cannot open this directory`, { cause: error });
  }
}

/** Those that a database may have types of; PGlite finds an extension's library only if it was told of it. */
async function installedExtensions() {
  const [{ citext }, { hstore }, { ltree }] = await Promise.all([
    import("@electric-sql/pglite/contrib/citext"),
    import("@electric-sql/pglite/contrib/hstore"),
    import("@electric-sql/pglite/contrib/ltree"),
  ]);
  return { citext, hstore, ltree };
}

async function inTransaction<T>(
  database: PGlite,
  begin: string,
  work: (transaction: Transaction) => Promise<T>,
): Promise<T> {
  await database.exec(begin);
  try {
    const result = await work(transactionOn(database));
    const [committed] = await database.exec("COMMIT");
    if (committed?.command === "ROLLBACK") {
      throw new HeddleError("HDL999", "the transaction had failed before its end");
    }
    return result;
  } catch (error) {
    await database.exec("ROLLBACK");
    throw error;
  }
}

function transactionOn(database: PGlite): Transaction {
  const asText = (text: string) => text;
  const texts = (own: object) => Object.fromEntries(Object.keys(own).map((type) => [type, asText]));
  const options = {
    rowMode: "array",
    parsers: texts(database.parsers),
    serializers: texts(database.serializers),
  } as const;
  return {
    async query(sql, parameters = []) {
      const { rows, affectedRows } = await database.query<unknown>(sql, [...parameters], options);
      return { rows: rows as Cells[], count: affectedRows ?? 0 };
    },
    async run(sql) {
      await database.exec(sql);
    },
    async *stream(source) {
      const { blob } = await database.query(`COPY ${source} TO '/dev/blob'`);
      // Nothing copied, no blob.
      const bytes = blob ? Buffer.from(await blob.arrayBuffer()) : Buffer.alloc(0);
      for (let start = 0; start < bytes.length; start += chunkSize) yield bytes.subarray(start, start + chunkSize);
    },
    async copyIn(target, lines) {
      const blob = new Blob([...lines]);
      const { affectedRows } = await database.query(`COPY ${target} FROM '/dev/blob'`, [], { blob });
      return affectedRows ?? 0;
    },
  };
}

/** Bytes. */
const chunkSize = 256 * 1024;
