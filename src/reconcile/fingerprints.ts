import type { WriteSession } from "../database/database.js";
import { combine, type Fingerprint, type SeenRows } from "../model/fingerprint.js";
import type { AppliedRecord } from "../model/record.js";
import { fingerprinted } from "../plan/fingerprinted.js";
import type { Step } from "../plan/order.js";
import type { Change, Rules } from "../plan/plan.js";

/** Fingerprints that follow what is written, of the rows as they were seen when they were compared. */
export interface Following {
  /** Writes changes of a step; `isLast` says that they are its last ones. */
  around<T>(step: Step, rules: Rules, changes: readonly Change[], isLast: boolean, write: () => Promise<T>): Promise<T>;
  /** Keeps them where they are not what is kept already; gives the record with the plans that they are kept under. */
  save(record: AppliedRecord): Promise<AppliedRecord>;
}

/**
 * Rows are put in as the server has them right after they were written. Those that they were before were taken out as they
 * were compared: what is found right before writing may be the work of others, or of triggers of what was written earlier.
 * Whatever else happened to rows since then, also by triggers of what is written later, is not followed, so that it shows
 * when fingerprints are compared.
 */
export function follow(session: WriteSession, seen: ReadonlyMap<string, SeenRows>): Following {
  const prints = new Map<string, Fingerprint>([...seen].map(([name, { rows }]) => [name, new BigUint64Array(rows)]));
  const written = new Set<string>();
  return {
    async around(step, rules, changes, isLast, write) {
      const { dataset, changes: all } = step.plan;
      const print = prints.get(dataset.name);
      if (!print) return write();
      written.add(dataset.name);
      const shown = fingerprinted(dataset, rules);
      const isNew = step.kind === "create" && !step.only;
      // Into an empty table, all that is owned is in these changes, and one scan is cheaper than looking for each.
      const isFirst =
        isNew && !step.without && step.changes.length === all.length && isEmpty(seen.get(dataset.name)!.rows);
      if (isFirst && (await session.storesExactly?.(dataset))) {
        const result = await write();
        if (isLast) prints.set(dataset.name, (await session.fingerprint!(shown))!);
        return result;
      }
      const result = await write();
      if (step.kind !== "delete" && !step.without) {
        const keys = changes.map(({ key }) => key);
        combine(print, (await session.fingerprint!(shown, keys))!);
      }
      return result;
    },
    async save(record) {
      const isKept = (name: string) => seen.get(name)!.kept !== undefined && !written.has(name);
      const fresh = new Map([...prints].filter(([name]) => !isKept(name)));
      const saved = fresh.size > 0 && (await session.saveFingerprints!(record, fresh));
      const planOf = (name: string) => (fresh.has(name) ? (saved ? record.plan : undefined) : seen.get(name)?.kept);
      const datasets = Object.entries(record.datasets ?? {}).map(([name, owned]) => {
        const fingerprint = planOf(name);
        const untold = seen.get(name)?.untold ?? [];
        const print = { fingerprint, ...(untold.length > 0 && { untold: [...untold] }) };
        return [name, { ...owned, ...(fingerprint !== undefined && print) }] as const;
      });
      return { ...record, ...(record.datasets && { datasets: Object.fromEntries(datasets) }) };
    },
  };
}

const isEmpty = (print: Fingerprint) => print.every((rows) => rows === 0n);
