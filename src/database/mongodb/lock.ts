import { hostname } from "node:os";
import { HeddleError } from "../../model/errors.js";
import type { Context } from "./read.js";
import { hasCode, serverCode } from "./server-error.js";

/** One document: who applies now. */
interface Lease {
  _id: "apply";
  token: string;
  holder: { host: string; pid: number };
  /** When it ends, by the server's clock. */
  until: Date;
}

const leaseMs = 15_000;

/**
 * Takes the database's apply lock. In a transaction the lease document is written as part of it: whoever else writes the
 * document meets a write conflict, so that of two applies one at most can commit. Without transactions the lease is what
 * stands in the way, until it is released or runs out. HDL207 where somebody else holds the lock.
 */
export async function takeLock({ connection, session }: Context, token: string): Promise<void> {
  const leases = connection.db.collection<Lease>("heddle_lock");
  const holder = { host: hostname(), pid: process.pid };
  const lease = [{ $set: { token, holder, until: { $add: ["$$NOW", leaseMs] } } }];
  await connection.guarded("writing", async () => {
    try {
      if (session) {
        await leases.updateOne({ _id: "apply" }, lease, { upsert: true, session });
        return;
      }
      const writeConcern = { w: "majority" as const };
      const ended = { _id: "apply" as const, $expr: { $lt: ["$until", "$$NOW"] } };
      if ((await leases.updateOne(ended, lease, { writeConcern })).matchedCount === 1) return;
      const until = new Date(Date.now() + leaseMs);
      await leases.insertOne({ _id: "apply", token, holder, until }, { writeConcern });
    } catch (error) {
      if (!hasCode(error, serverCode.writeConflict, serverCode.duplicateKey)) throw error;
      throw new HeddleError("HDL207", `${connection.label}: another apply is writing to this database`, {
        hint: "wait until it has ended, then plan again",
      });
    }
  });
}

/** Gives the lease back where no transaction did. Another's is left alone. */
export async function releaseLock({ connection, session }: Context, token: string): Promise<void> {
  if (session) return;
  const leases = connection.db.collection<Lease>("heddle_lock");
  await connection.guarded("writing", () => leases.deleteOne({ _id: "apply", token }));
}
