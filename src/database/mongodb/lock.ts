import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import type { ClientSession } from "mongodb";
import { HeddleError } from "../../model/errors.js";
import type { Context } from "./read.js";
import { hasCode, serverCode } from "./server-error.js";

/** The one document of `heddle_lock`: who applies now. */
interface Lease {
  _id: "apply";
  /** Different for every session that takes the lock. */
  token: string;
  holder: { host: string; pid: number };
  /** When it was taken or renewed, by the server's clock. */
  at: Date;
}

const leaseMs = 15_000;
const renewalMs = 5_000;

export interface Lock {
  /** HDL207 where somebody else holds the lock. */
  take(): Promise<void>;
  release(): Promise<void>;
}

/**
 * The database's apply lock. In a transaction the lease is written as a part of it: whoever else writes it meets a write
 * conflict, so that of two applies one at most commits, and the end of the transaction frees it. Without transactions the
 * lease itself stands in the way, renewed until it is released; one that is not renewed ends after 15 s.
 */
export function lockOf({ connection, session }: Context): Lock {
  const leases = () => connection.db.collection<Lease>("heddle_lock");
  const token = randomUUID();
  const lease = {
    $set: { token, holder: { host: hostname(), pid: process.pid } },
    $currentDate: { at: true },
  } as const;
  const writeConcern = { w: "majority" } as const;
  let renewal: NodeJS.Timeout | undefined;

  const takeInTransaction = async (session: ClientSession) => {
    // Two transactions that each create the collection would only meet when they commit.
    for (const name of ["heddle_lock", "heddle_applied", "heddle_preimages"]) {
      await connection.db.createCollection(name).catch((error) => {
        if (!hasCode(error, serverCode.namespaceExists)) throw error;
      });
    }
    await leases().updateOne({ _id: "apply" }, lease, { upsert: true, session });
  };

  const takeAlone = async () => {
    const { localTime } = await connection.db.admin().command({ hello: 1 });
    const ended = { _id: "apply" as const, at: { $lt: new Date(localTime.getTime() - leaseMs) } };
    // Where another's lease is running, this upsert meets the `_id` that is there.
    await leases().updateOne(ended, lease, { upsert: true, writeConcern });
    const renew = () => leases().updateOne({ _id: "apply", token }, lease, { writeConcern });
    renewal = setInterval(() => void renew().catch(() => {}), renewalMs).unref();
  };

  return {
    take: () =>
      connection.guarded("writing", async () => {
        if (renewal) return;
        try {
          if (session) await takeInTransaction(session);
          else await takeAlone();
        } catch (error) {
          if (!hasCode(error, serverCode.writeConflict, serverCode.duplicateKey)) throw error;
          throw new HeddleError("HDL207", `${connection.label}: another apply is writing to this database`, {
            hint: "wait until it has ended, then plan again",
          });
        }
      }),
    async release() {
      if (!renewal) return;
      clearInterval(renewal);
      await connection.guarded("writing", () => leases().deleteOne({ _id: "apply", token }, { writeConcern }));
    },
  };
}
