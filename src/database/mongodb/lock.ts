import { randomUUID } from "node:crypto";
import { readlinkSync } from "node:fs";
import { hostname } from "node:os";
import type { ClientSession } from "mongodb";
import { HeddleError } from "../../model/errors.js";
import type { LockHolder } from "../database.js";
import type { Connection } from "./connection.js";
import { hasCode, serverCode } from "./server-error.js";

/** The one document of `heddle_lock`: who applies now. Times are the server's. */
interface LeaseDocument {
  _id: "apply";
  /** Different for everybody who takes the lock. */
  token: string;
  holder: { host: string; pid: number; space: string };
  /** Its transactions' session: a server keeps the open transaction of a dead client for a minute. */
  session?: ClientSession["id"];
  since: Date;
  /** When it was taken or renewed. */
  at: Date;
}

/** The lock while it is held. */
export interface Lease {
  /**
   * Writes the lease as a part of the transaction, so that it cannot be committed once somebody else has taken the lock;
   * without transactions it proves the same for the moment. HDL207 where the lock is lost. Renewals wait for `resume`.
   */
  prove(session: ClientSession | undefined): Promise<void>;
  resume(): void;
  release(): Promise<void>;
}

const leaseMs = 15_000;
const renewalMs = 5_000;
/** Where the lease is being written by an open transaction a server makes others wait. */
const patienceMs = 2_000;
const majority = { writeConcern: { w: "majority" } } as const;
const patient = { ...majority, maxTimeMS: patienceMs };

/** Heddle's own collections: two transactions that each create one would only meet when they commit. */
const collections = ["heddle_lock", "heddle_applied", "heddle_preimages", "heddle_journal"];

/**
 * Takes the database's apply lock: a lease, renewed every 5 s until it is released, that ends 15 s after its last renewal.
 * One of a process of this host that is gone is replaced at once. HDL207 where somebody else holds it.
 * @param session in which the holder's transactions will run
 */
export async function takeLease(connection: Connection, session: ClientSession | undefined): Promise<Lease> {
  const token = randomUUID();
  const leases = leasesOf(connection);
  await connection.guarded("writing", async () => {
    for (const name of collections) {
      await connection.db.createCollection(name).catch((error) => {
        if (!hasCode(error, serverCode.namespaceExists)) throw error;
      });
    }
    const { current, now } = await readLease(connection);
    if (current && isRunning(current, now)) throw taken(connection, current);
    const holder = { host: hostname(), pid: process.pid, space: processSpace() };
    const set = { token, holder, since: now, ...(session && { session: session.id }) };
    const lease = { $set: set, $currentDate: { at: true } } as const;
    if (current) await endSession(connection, current);
    // Where somebody else was quicker, this meets the `_id` that is there.
    const free = current
      ? { _id: "apply" as const, token: current.token, at: current.at }
      : { _id: "apply" as const, token };
    try {
      const { matchedCount, upsertedCount } = await leases.updateOne(free, lease, { ...patient, upsert: !current });
      if (matchedCount + upsertedCount > 0) return;
    } catch (error) {
      if (!hasCode(error, serverCode.writeConflict, serverCode.duplicateKey, serverCode.timeLimit)) throw error;
    }
    throw taken(connection, (await readLease(connection)).current);
  });

  const renewed = { $currentDate: { at: true } } as const;
  let paused = false;
  let renewal: Promise<unknown> = Promise.resolve();
  const renew = () => {
    // A renewal that fails is made up for by the next one, or the lease ends.
    if (!paused) renewal = leases.updateOne({ _id: "apply", token }, renewed, patient).catch(() => {});
  };
  const timer = setInterval(renew, renewalMs).unref();

  return {
    async prove(session) {
      // A renewal and a transaction must not meet: one of them would fail.
      paused = session !== undefined;
      await renewal;
      await connection.guarded("writing", async () => {
        const options = session ? { session } : majority;
        const { matchedCount } = await leases.updateOne({ _id: "apply", token }, renewed, options).catch((error) => {
          if (hasCode(error, serverCode.writeConflict)) return { matchedCount: 0 };
          throw error;
        });
        if (matchedCount === 0) throw lost(connection);
      });
    },
    resume() {
      if (!paused) return;
      paused = false;
      renew();
    },
    async release() {
      clearInterval(timer);
      paused = true;
      await renewal;
      // What cannot be deleted ends by itself.
      await leases.deleteOne({ _id: "apply", token }, patient).catch(() => {});
    },
  };
}

/** Who holds the lease, or did until it ended. */
export async function leaseHolder(connection: Connection): Promise<LockHolder | undefined> {
  const { current, now } = await connection.guarded("reading", () => readLease(connection));
  return current && { ...described(current), alive: isRunning(current, now), token: current.token };
}

export async function breakLease(connection: Connection, token: string): Promise<void> {
  await connection.guarded("writing", async () => {
    const { current } = await readLease(connection);
    if (current?.token !== token) return;
    await endSession(connection, current);
    await leasesOf(connection).deleteOne({ _id: "apply", token }, patient);
  });
}

/** Aborts the transaction that a former holder may have left open; where that is not allowed, it ends by itself. */
async function endSession({ db }: Connection, { session }: LeaseDocument): Promise<void> {
  if (session)
    await db
      .admin()
      .command({ killSessions: [{ id: session.id }] })
      .catch(() => {});
}

const leasesOf = ({ db }: Connection) => db.collection<LeaseDocument>("heddle_lock");

async function readLease(connection: Connection): Promise<{ current: LeaseDocument | undefined; now: Date }> {
  const current = (await leasesOf(connection).findOne({ _id: "apply" })) ?? undefined;
  const { localTime } = await connection.db.admin().command({ hello: 1 });
  return { current, now: localTime };
}

function isRunning({ at, holder }: LeaseDocument, now: Date): boolean {
  return now.getTime() - at.getTime() <= leaseMs && !isGone(holder);
}

/** Whether it was a process of this host that is no more. */
function isGone({ host, pid, space }: LeaseDocument["holder"]): boolean {
  if (host !== hostname() || space !== processSpace()) return false;
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ESRCH";
  }
}

/** Containers of one host may have its name, and process numbers of their own. */
function processSpace(): string {
  try {
    return readlinkSync("/proc/self/ns/pid");
  } catch {
    return "";
  }
}

function described({ holder, since }: LeaseDocument): Pick<LockHolder, "who" | "since"> {
  return { who: `process ${holder.pid} on ${holder.host}`, since: since.toISOString() };
}

function taken(connection: Connection, current: LeaseDocument | undefined): HeddleError {
  const { who, since } = current ? described(current) : { who: "", since: "" };
  const by = current ? `: ${who}, since ${since}` : "";
  return new HeddleError("HDL207", `${connection.label}: another apply is writing to this database${by}`, {
    hint: "wait until it has ended; where it was killed on another host, its lock ends within 15 s, or by heddle unlock",
  });
}

function lost({ label }: Connection): HeddleError {
  return new HeddleError("HDL207", `${label}: the apply lock was lost: this process was stopped for longer than 15 s`, {
    hint: "another apply may have taken over; heddle status says how far each came",
  });
}
