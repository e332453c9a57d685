import { type ErrorCode, HeddleError } from "../model/errors.js";
import type { Plan } from "../plan/plan.js";
import type { Consent } from "../plan/policy.js";
import type { Shown } from "./plan.js";
import type { TargetOptions } from "./target.js";

interface Counted {
  revision: string;
  counts: { created: number; updated: number; deleted: number };
}

/** One thing that a sync has to say: a line of its log, a change of its metrics. Level `debug` is for metrics alone. */
export type SyncEvent = { level: "debug" | "info" | "warn" | "error" } & (
  | { event: "moved" | "unchanged" | "round"; revision: string }
  | ({ event: "applied"; seconds: number } & Counted)
  | ({ event: "resumed" | "drifted" } & Counted)
  | { event: "clean" }
  /** A plan that needs consents, or has conflicts: nothing is applied until somebody does something. */
  | {
      event: "waiting";
      revision: string;
      code: ErrorCode;
      message: string;
      missing: Pick<Consent, "kind" | "dataset" | "count" | "reason" | "flag">[];
      conflicts: number;
      /** What to run where consents are all that is missing. */
      grant?: string;
    }
  /** Somebody else writes, or has not finished: tried again in the next round. */
  | { event: "busy"; code: ErrorCode; message: string }
  /** An error; the next round comes after `retry` ms. */
  | { event: "failed"; code: ErrorCode; message: string; hint?: string; retry: number }
  /** A webhook was not told. */
  | { event: "warning"; message: string }
);

/** What an error of an apply means where applies are repeated; undefined where it is an error all the same. */
export function waitingEvent(
  error: unknown,
  { environment, revision = "HEAD" }: Pick<TargetOptions, "environment" | "revision">,
  shown: Shown | undefined,
): SyncEvent | undefined {
  if (!(error instanceof HeddleError)) return undefined;
  const { code, message } = error;
  if (code === "HDL207" || code === "HDL602") return { event: "busy", level: "info", code, message };
  if (code === "HDL609") return { event: "busy", level: "warn", code, message };
  if (code !== "HDL600" && code !== "HDL601") return undefined;
  const { missing = [], plan } = shown ?? {};
  const flags = flagsFor(missing);
  return {
    event: "waiting",
    level: "warn",
    revision,
    code,
    message,
    missing,
    conflicts: plan ? conflictsOf(plan) : 0,
    ...(code === "HDL600" && flags && { grant: `heddle apply ${environment} --rev ${revision} ${flags}` }),
  };
}

function conflictsOf({ datasets }: Plan): number {
  return datasets.reduce((sum, { blocked }) => sum + blocked.length, 0);
}

/** The flags that grant all of it together; undefined where there is none for some. */
function flagsFor(missing: readonly Consent[]): string | undefined {
  const flags = new Map<string, number>();
  for (const { flag, count } of missing) {
    const [, name, number] = /^(--\S+)( \d+)?$|^--confirm /.exec(flag) ?? [];
    if (name === undefined && !flag.startsWith("--")) return undefined;
    if (number === undefined) flags.set(flag, 0);
    else flags.set(name!, (flags.get(name!) ?? 0) + count);
  }
  return flags.size === 0
    ? undefined
    : [...flags].map(([flag, count]) => (count > 0 ? `${flag} ${count}` : flag)).join(" ");
}
