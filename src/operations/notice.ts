import { randomUUID } from "node:crypto";
import { HeddleError } from "../model/errors.js";
import type { NoticeKind } from "../model/notice.js";
import { countChanges, type Plan } from "../plan/plan.js";
import type { Consent } from "../plan/policy.js";
import type { Notice, NoticeData } from "./notice-schema.js";

export function newNotice(kind: NoticeKind, data: NoticeData): Notice {
  return {
    specversion: "1.0",
    id: randomUUID(),
    source: `urn:heddle:environment:${data.environment}`,
    type: `heddle.${kind}`,
    time: new Date().toISOString(),
    datacontenttype: "application/json",
    data,
  };
}

/** What is said of a plan. */
export function planData(plan: Plan, missing: readonly Consent[] = []): Omit<NoticeData, "environment" | "verb"> {
  const conflicts = plan.datasets.reduce((sum, { blocked }) => sum + blocked.length, 0);
  return {
    revision: plan.revision,
    plan: plan.id,
    counts: { ...countChanges(plan), conflicts },
    ...(missing.length > 0 && {
      missing: missing.map(({ kind, dataset, count, flag }) => ({
        kind,
        ...(dataset !== undefined && { dataset }),
        count,
        flag,
      })),
    }),
  };
}

/** What is said of an error: its message may name entries, its code does not. */
export function errorData(error: unknown): Pick<NoticeData, "error"> {
  if (error instanceof HeddleError) return { error: { code: error.code, exitCode: error.exitCode } };
  return { error: { code: "HDL999", exitCode: 1 } };
}
