import { setTimeout as sleep } from "node:timers/promises";
import { HeddleError } from "../model/errors.js";
import type { NoticeKind } from "../model/notice.js";
import { countChanges, type Plan } from "../plan/plan.js";
import type { Grants } from "../plan/policy.js";
import { fetchBranch } from "../repository/fetch.js";
import { apply } from "./apply.js";
import { drift } from "./drift.js";
import type { Shown } from "./plan.js";
import { openProject, type Project } from "./project.js";
import { readState } from "./state.js";
import { type SyncEvent, waitingEvent } from "./sync-event.js";
import { type TargetOptions, withDestination } from "./target.js";

export interface SyncOptions {
  /** Where to look for the project from: a clone, bare or not, whose work tree and branches are left alone. */
  directory: string;
  environment: string;
  /** A remote's name, and the branch of it that is applied: `origin`, `main`. */
  remote?: string;
  branch?: string;
  /** How long to wait between rounds, and between comparisons with the database, in ms. */
  every: number;
  driftEvery: number;
  /** One round alone; what goes wrong in it is thrown. */
  once?: boolean;
  /** Consents that every apply has. */
  grants?: Pick<Grants, "allowDeletes" | "allowChanges" | "adopt" | "confirm">;
  /** Ends the loop at the next safe point. */
  signal?: AbortSignal;
  report: (event: SyncEvent) => void;
}

/** Who an apply of sync is by, in records: another sync finishes what one of them left. */
const who = "heddle sync";

/** What a sync remembers from round to round. */
interface Memory {
  project: Project;
  tip?: string;
  /** The commit that the environment was brought to, or found at. */
  settled?: string;
  /** What was waited for, and what had drifted, when last reported: said once. */
  waiting?: string;
  drifted?: string | undefined;
  comparedAt: number;
  told: Map<NoticeKind, string>;
}

/**
 * Keeps an environment at a remote's branch: fetches it, applies it when it moved, under the configuration that it has
 * there, and now and then compares the database with what was applied. A plan that needs consents is reported and waits.
 * After an error it tries again, later each time. Returns when `signal` is aborted, HDL900 where that broke off an apply;
 * with `once`, whether there is drift. HDL101 where there is no clone, HDL104 where there never was such an environment.
 */
export async function sync(options: SyncOptions): Promise<{ drifted: boolean }> {
  const memory: Memory = { project: await openProject(options.directory), comparedAt: -Infinity, told: new Map() };
  const { signal, once, report } = options;
  for (let failures = 0; !signal?.aborted; ) {
    try {
      const drifted = await round(options, memory);
      failures = 0;
      memory.told.delete("failed");
      report({ event: "round", level: "debug", revision: memory.tip! });
      if (once) return { drifted };
    } catch (error) {
      const { code, message, hint } =
        error instanceof HeddleError
          ? error
          : { code: "HDL999" as const, message: "a fault in Heddle itself", hint: undefined };
      if (once || code === "HDL900" || (code === "HDL104" && memory.settled === undefined)) throw error;
      if (signal?.aborted) break;
      failures++;
      const retry = pauseBefore(failures, options.every);
      report({ event: "failed", level: "error", code, message, ...(hint !== undefined && { hint }), retry });
      await pause(retry, signal);
      continue;
    }
    await pause(pauseBefore(0, options.every), signal);
  }
  return { drifted: false };
}

/** The pause before a round, in ms: after errors 5 s, doubled each time, up to 5 min or `every`; never twice the same. */
export function pauseBefore(failures: number, every: number, random = Math.random()): number {
  if (failures === 0) return every * (0.9 + 0.2 * random);
  const longest = Math.max(every, 300_000);
  return Math.min(Math.min(every, 5_000) * 2 ** (failures - 1), longest) * (0.5 + 0.5 * random);
}

async function pause(ms: number, signal?: AbortSignal): Promise<void> {
  await sleep(ms, undefined, signal && { signal }).catch(() => {});
}

async function round(options: SyncOptions, memory: Memory): Promise<boolean> {
  const { directory, environment, remote = "origin", branch = "main", signal, report } = options;
  const { repository } = memory.project;
  const tip = await fetchBranch(repository, remote, branch, `refs/heddle/sync/${environment}`, signal);
  if (tip !== memory.tip) report({ event: "moved", level: "info", revision: tip });
  memory.tip = tip;
  const target: TargetOptions = {
    directory,
    environment,
    revision: tip,
    config: tip,
    told: memory.told,
    warn: (message) => report({ event: "warning", level: "warn", message }),
    ...(signal && { signal }),
  };
  if (tip !== memory.settled && !(await applyTip(target, options, memory))) return false;
  memory.settled = tip;
  if (!options.once && performance.now() - memory.comparedAt < options.driftEvery) return false;
  const { plan, drifted } = await drift(target);
  memory.comparedAt = performance.now();
  if (!drifted) memory.told.delete("drifted");
  const event: SyncEvent = drifted
    ? { event: "drifted", level: "warn", ...countsOf(plan) }
    : { event: "clean", level: memory.drifted === undefined ? "debug" : "info" };
  const same = drifted ? JSON.stringify(event) : undefined;
  report({ ...event, level: drifted && memory.drifted === same ? "debug" : event.level });
  memory.drifted = same;
  return drifted;
}

/** Whether the environment is at the commit now. What waits for a person, or for another apply, is reported, and thrown with `once`. */
async function applyTip(
  target: TargetOptions,
  { grants = {}, once, report }: SyncOptions,
  memory: Memory,
): Promise<boolean> {
  let shown: Shown | undefined;
  const started = performance.now();
  const present = async (one: Shown) => {
    shown = one;
  };
  try {
    const { at, resume } = await stateOf(target);
    if (at !== undefined && at === target.revision) report({ event: "unchanged", level: "info", revision: at });
    else {
      const { plan, written, resumed } = await apply({ ...target, grants, who, resume, present });
      const seconds = (performance.now() - started) / 1000;
      if (resumed) report({ event: "resumed", level: "info", ...countsOf(resumed) });
      if (written) report({ event: "applied", level: "info", ...countsOf(plan), seconds });
      else report({ event: "unchanged", level: "info", revision: plan.revision });
    }
    delete memory.waiting;
    memory.told.delete("planned");
    return true;
  } catch (error) {
    const event = waitingEvent(error, target, shown);
    if (once || !event) throw error;
    const same = JSON.stringify(event);
    report({ ...event, level: memory.waiting === same ? "debug" : event.level });
    memory.waiting = same;
    return false;
  }
}

/** The commit that an environment is at, and whether a sync broke off on its way elsewhere: that is finished first. What anybody else began is not. */
async function stateOf(options: TargetOptions): Promise<{ at: string | undefined; resume: boolean }> {
  return withDestination(options, ({ database, environment }) =>
    database.read(async (session) => {
      const { record, unfinished } = await readState(session, environment, []);
      // After an undo of all that was applied the record owns nothing.
      const isApplied = !unfinished && Object.keys(record?.trees ?? {}).length > 0;
      return { at: isApplied ? record?.revision : undefined, resume: unfinished?.record.who === who };
    }),
  );
}

function countsOf(plan: Plan) {
  return { revision: plan.revision, counts: countChanges(plan) };
}
