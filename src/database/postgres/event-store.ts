import { HeddleError } from "../../model/errors.js";
import type { EventPosition, EventRow, EventStore } from "../event-store.js";
import type { Connection, Transaction } from "./connection.js";
import { failure } from "./errors.js";
import { qualified, tableOf } from "./quote.js";
import { beginRead, beginWrite } from "./settings.js";

/** Rows of one statement: seven parameters each. */
const rowsAtOnce = 200;

/** A table of events over any connection; its position lies beside it, in a table whose name ends with `_position`. */
export function sqlEventStore(connection: Connection, name: string, label: string): EventStore {
  const { schema, table } = tableOf(name);
  const places: Tables = { events: qualified(schema, table), position: qualified(schema, `${table}_position`) };
  return {
    async position() {
      try {
        return await connection.transaction(beginRead("off"), (transaction) => readPosition(transaction, places));
      } catch (error) {
        throw failure(error, { code: "HDL202", subject: label });
      }
    },
    async append(from, work, { clear = false } = {}) {
      try {
        return await connection.transaction(beginWrite("off"), async (transaction) => {
          await setUp(transaction, places);
          const current = await readPosition(transaction, places);
          if (!clear && current?.sequence !== from?.sequence) throw moved(label);
          if (!current && (await holdsRows(transaction, places))) throw foreign(label, name);
          if (clear) await transaction.run(`DELETE FROM ${places.events}; DELETE FROM ${places.position}`);
          const position = await work((rows) => insert(transaction, places, rows));
          await transaction.run(`DELETE FROM ${places.position}`);
          await transaction.query(
            `INSERT INTO ${places.position} (branch, revision, sequence) VALUES ($1, $2, $3::bigint)`,
            [position.branch, position.revision, String(position.sequence)],
          );
          return position;
        });
      } catch (error) {
        throw failure(error, { code: "HDL205", subject: label });
      }
    },
    [Symbol.asyncDispose]: () => connection.end(),
  };
}

interface Tables {
  events: string;
  position: string;
}

const exists = async (transaction: Transaction, table: string): Promise<boolean> =>
  (await transaction.query("SELECT to_regclass($1)", [table])).rows[0]![0] !== null;

/** The lock keeps two imports apart until the end of the transaction. */
async function setUp(transaction: Transaction, { events, position }: Tables): Promise<void> {
  await transaction.query("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", [`heddle events ${events}`]);
  if (!(await exists(transaction, events))) {
    await transaction.run(`CREATE TABLE ${events} (
      type text NOT NULL,
      id text NOT NULL,
      uuid uuid PRIMARY KEY,
      data json NOT NULL,
      event text NOT NULL,
      "timestamp" timestamptz NOT NULL,
      sequence bigint NOT NULL UNIQUE
    ); CREATE INDEX ON ${events} (type, id, sequence)`);
  }
  if (await exists(transaction, position)) return;
  await transaction.run(
    `CREATE TABLE ${position} (branch text PRIMARY KEY, revision text NOT NULL, sequence bigint NOT NULL)`,
  );
}

async function readPosition(transaction: Transaction, { position }: Tables): Promise<EventPosition | undefined> {
  if (!(await exists(transaction, position))) return undefined;
  const { rows } = await transaction.query(`SELECT branch, revision, sequence FROM ${position}`);
  if (rows.length === 0) return undefined;
  const [branch, revision, sequence] = rows[0] as [string, string, string];
  return { branch, revision, sequence: Number(sequence) };
}

const holdsRows = async (transaction: Transaction, { events }: Tables): Promise<boolean> =>
  (await transaction.query(`SELECT EXISTS (SELECT FROM ${events})`)).rows[0]![0] === "t";

async function insert(transaction: Transaction, { events }: Tables, rows: readonly EventRow[]): Promise<void> {
  for (let start = 0; start < rows.length; start += rowsAtOnce) {
    const some = rows.slice(start, start + rowsAtOnce);
    const values = some.map((_, i) => {
      const [type, id, uuid, data, event, timestamp, sequence] = [1, 2, 3, 4, 5, 6, 7].map((n) => `$${7 * i + n}`);
      return `(${type}, ${id}, ${uuid}::uuid, ${data}::json, ${event}, ${timestamp}::timestamptz, ${sequence}::bigint)`;
    });
    await transaction.query(
      `INSERT INTO ${events} (type, id, uuid, data, event, "timestamp", sequence) VALUES ${values.join(", ")}
       ON CONFLICT (uuid) DO NOTHING`,
      some.flatMap((row) => [row.type, row.id, row.uuid, row.data, row.event, row.timestamp, String(row.sequence)]),
    );
  }
}

function moved(label: string): HeddleError {
  return new HeddleError("HDL621", `${label}: another import wrote to the table meanwhile`, {
    hint: "run the command again: it goes on where the other one stopped",
  });
}

/** An import leaves its position with its rows: where there is none they are somebody else's. */
function foreign(label: string, table: string): HeddleError {
  return new HeddleError("HDL621", `${label}: ${table} holds rows that no import wrote`, {
    hint: "--table names another table; an import makes the table where there is none",
  });
}
