import { HeddleError } from "../../model/errors.js";
import type { LockHolder } from "../database.js";
import type { Transaction } from "./connection.js";

/** The bytes of "heddle" as a number, and its halves as pg_locks shows them. */
const lockId = 0x686564646c65;
const halves = [0x6865, 0x64646c65] as const;

/** The apply lock, until the end of the transaction: the server frees it however that comes. HDL207 where it is taken. */
export async function takeLock(transaction: Transaction, label: string): Promise<void> {
  const { rows } = await transaction.query(`SELECT pg_try_advisory_xact_lock(${lockId})`);
  if (rows[0]![0] === "t") return;
  const holder = await readHolder(transaction);
  const since = holder?.since === undefined ? "" : `, since ${holder.since}`;
  const by = holder ? `: ${holder.who}${since}` : "";
  throw new HeddleError("HDL207", `${label}: another apply is writing to this database${by}`, {
    hint: "try again when it has ended; its lock ends with its connection",
  });
}

/** Roles without pg_monitor's rights do not see since when others hold it. */
export async function readHolder(transaction: Transaction): Promise<LockHolder | undefined> {
  const { rows } = await transaction.query(
    `SELECT a.pid, a.usename, a.application_name, to_char(a.xact_start AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
     FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
     WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1 AND l.classid = ${halves[0]} AND l.objid = ${halves[1]}
       AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
  );
  if (!rows[0]) return undefined;
  const [pid, user, application, since] = rows[0];
  const who = `${user ?? "somebody"} (${application || "unnamed"}, server process ${pid})`;
  return { who, ...(since !== null && { since: since! }), alive: true, token: pid! };
}
