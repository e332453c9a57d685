import { hostname } from "node:os";
import pg from "pg";
import { from, to } from "pg-copy-streams";
import { HeddleError } from "../../model/errors.js";
import type { Database } from "../database.js";
import type { EventStore } from "../event-store.js";
import type { OpenOptions } from "../open.js";
import type { Connection, Transaction } from "./connection.js";
import { sqlDatabase } from "./engine.js";
import { connectFailure, isLost, isShutdown } from "./errors.js";
import { sqlEventStore } from "./event-store.js";
import type { Cells } from "./row.js";

/** A PostgreSQL server, by `pg`. */
export function openPostgres(url: string, options: OpenOptions = {}): Database {
  const { host, pathname } = new URL(checked(url, options.label ?? "the database URL"));
  const label = options.label ?? `${host}${pathname}`;
  return sqlDatabase(connect(url, label), { ...options, label });
}

function checked(url: string, label: string): string {
  if (URL.canParse(url)) return url;
  throw new HeddleError("HDL200", `${label}: not a URL`, {
    hint: "postgres://USER:PASSWORD@HOST:PORT/DATABASE, with @ : / ? # % in a password written as %40 %3A %2F %3F %23 %25",
  });
}

/** A table of events on a server. */
export function openPostgresEvents(url: string, table: string, label: string): EventStore {
  return sqlEventStore(connect(checked(url, label), label), table, label);
}

const connectTimeout = 15_000; // ms
const most = 8;

function connect(url: string, label: string): Connection {
  const pool = new pg.Pool({
    connectionString: url,
    max: most,
    connectionTimeoutMillis: connectTimeout,
    keepAlive: true,
    // Shown to whoever meets its lock; the server keeps 63 bytes.
    application_name: `heddle, process ${process.pid} on ${hostname()}`.slice(0, 63),
  });
  // An idle connection that breaks is dropped by the pool; without a listener it would end the process.
  pool.on("error", () => {});
  return {
    most,
    async transaction(begin, work) {
      const client = await pool.connect().catch((error: unknown) => {
        throw connectFailure(error, label);
      });
      let broken: boolean | Error = false;
      // A connection lost between two queries: the next query reports it.
      const lost = (error: Error) => {
        broken = error;
      };
      client.on("error", lost);
      try {
        await client.query(begin);
        const result = await work(transactionOn(client));
        await commit(client, label);
        return result;
      } catch (error) {
        await client.query("ROLLBACK").catch(() => {
          broken = true;
        });
        throw error;
      } finally {
        client.off("error", lost);
        client.release(broken);
      }
    },
    end: () => pool.end(),
  };
}

async function commit(client: pg.PoolClient, label: string): Promise<void> {
  let command: string;
  try {
    ({ command } = await client.query("COMMIT"));
  } catch (error) {
    if (!isLost(error) && !isShutdown(error)) throw error;
    // Not transient: what was written may stand, so nothing may run it again unseen.
    throw new HeddleError("HDL210", `${label}: the connection was lost during the commit`, {
      hint: "it is not known whether the changes stand: look at the record, or run the same command again",
    });
  }
  // The server's answer where an error was swallowed on the way.
  if (command === "ROLLBACK") throw new HeddleError("HDL999", "the transaction had failed before its end");
}

const asText = { getTypeParser: () => (text: string) => text };

function transactionOn(client: pg.PoolClient): Transaction {
  let streaming = false;
  // The wire carries one answer at a time: a query inside the loop would wait for ever.
  const expectIdle = () => {
    if (streaming) throw new HeddleError("HDL999", "a session cannot be used while it is reading a whole table");
  };
  return {
    async query(sql, parameters = []) {
      expectIdle();
      const config = { text: sql, values: [...parameters], rowMode: "array", types: asText, queryMode: "extended" };
      const result = await client.query<Cells, (string | null)[]>(config as pg.QueryArrayConfig);
      return { rows: result.rows, count: result.rowCount ?? 0 };
    },
    async run(sql) {
      expectIdle();
      await client.query(sql);
    },
    async *stream(source) {
      expectIdle();
      streaming = true;
      const stream = client.query(to(`COPY ${source} TO STDOUT`));
      let ended = false;
      try {
        for await (const chunk of stream.iterator({ destroyOnReturn: false })) yield chunk as Buffer;
        ended = true;
      } catch (error) {
        ended = true;
        throw error;
      } finally {
        // The protocol has no way to leave early; a reader that stops takes the rest off the wire.
        if (!ended) for await (const _ of stream) void _;
        streaming = false;
      }
    },
    async copyIn(target, lines) {
      expectIdle();
      const stream = client.query(from(`COPY ${target} FROM STDIN`));
      await new Promise<void>((resolve, reject) => {
        stream.once("error", reject).once("finish", resolve);
        void feed(stream, lines).catch((error: Error) => stream.destroy(error));
      });
      return stream.rowCount;
    },
  };
}

async function feed(stream: NodeJS.WritableStream & { destroyed?: boolean }, lines: Iterable<string>): Promise<void> {
  let block = "";
  for (const line of lines) {
    block += line;
    if (block.length < 64 * 1024) continue;
    const room = stream.write(block);
    block = "";
    if (stream.destroyed) return;
    if (!room) await new Promise((resolve) => stream.once("drain", resolve).once("close", resolve));
  }
  stream.end(block);
}
