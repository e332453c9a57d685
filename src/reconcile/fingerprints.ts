import type { WriteSession } from "../database/database.js";
import type { Key } from "../model/entry.js";
import { combine, type Fingerprint } from "../model/fingerprint.js";
import type { AppliedRecord } from "../model/record.js";
import { fingerprinted } from "../plan/fingerprinted.js";
import type { Step } from "../plan/order.js";
import type { Change, Rules } from "../plan/plan.js";

/** Fingerprints that follow what is written, of the rows as they were seen when they were compared. */
export interface Following {
  /** Writes changes of a step; `isLast` says that they are its last ones. */
  around<T>(step: Step, rules: Rules, changes: readonly Change[], isLast: boolean, write: () => Promise<T>): Promise<T>;
  save(record: Pick<AppliedRecord, "environment" | "formerly" | "plan">): Promise<void>;
}

/**
 * Written rows are taken out as they were before, and put in as the server has them right afterwards. Whatever else
 * happened to rows since they were compared, by others or by triggers of what is written later, is not followed, so that
 * it shows when fingerprints are compared.
 */
export function follow(session: WriteSession, seen: ReadonlyMap<string, Fingerprint>): Following {
  const prints = new Map<string, Fingerprint>([...seen].map(([name, print]) => [name, new BigUint64Array(print)]));
  return {
    async around(step, rules, changes, isLast, write) {
      const { dataset, changes: all } = step.plan;
      const print = prints.get(dataset.name);
      if (!print) return write();
      const shown = fingerprinted(dataset, rules);
      const put = async (keys: readonly Key[]) => combine(print, await session.fingerprint!(shown, keys));
      const isNew = step.kind === "create" && !step.only;
      // Into an empty table, all that is owned is in these changes, and one scan is cheaper than looking for each.
      const isFirst = isNew && !step.without && step.changes.length === all.length && isEmpty(seen.get(dataset.name)!);
      if (isFirst && (await session.storesExactly?.(dataset))) {
        const result = await write();
        if (isLast) prints.set(dataset.name, await session.fingerprint!(shown));
        return result;
      }
      if (!isNew) await put(changes.map(({ liveKey, key }) => liveKey ?? key));
      const result = await write();
      if (step.kind !== "delete" || step.only) await put(changes.map(({ key }) => key));
      return result;
    },
    save: async (record) => session.saveFingerprints?.(record, prints),
  };
}

const isEmpty = (print: Fingerprint) => print.every((rows) => rows === 0n);
