import { randomUUID } from "node:crypto";
import { type Static, type TSchema, Type } from "typebox";
import { HeddleError } from "../model/errors.js";
import { type NoticeKind, noticeKinds } from "../model/notice.js";
import { countChanges, type Plan } from "../plan/plan.js";
import type { Consent } from "../plan/policy.js";

const optional = <T extends TSchema>(type: T) => Type.Optional(type);
const count = (description: string) => Type.Integer({ minimum: 0, description });

const data = Type.Object({
  environment: Type.String(),
  verb: Type.Enum(["plan", "apply", "undo", "drift", "sync"]),
  revision: optional(Type.String({ description: "The commit that was planned, applied, or compared with." })),
  plan: optional(Type.String({ description: "Id of the plan: the one that history shows once it is applied." })),
  counts: optional(
    Type.Object({
      created: count("Entries created, or to create."),
      updated: count("Entries updated, or to update."),
      deleted: count("Entries deleted, or to delete."),
      conflicts: count("Entries that the rules say to fail on: with any of them nothing is applied."),
    }),
  ),
  missing: optional(
    Type.Array(
      Type.Object({
        kind: Type.String(),
        dataset: optional(Type.String()),
        count: count("How many entries or commits need it."),
        flag: Type.String({ description: "The flag that grants it." }),
      }),
      { description: "Consents that the plan needs and nobody gave." },
    ),
  ),
  error: optional(Type.Object({ code: Type.String({ pattern: "^HDL[0-9]{3}$" }), exitCode: Type.Integer() })),
});

const notice = Type.Object(
  {
    specversion: Type.Literal("1.0"),
    id: Type.String({ description: "The same in every attempt to deliver it." }),
    source: Type.String({ description: "urn:heddle:environment:NAME" }),
    type: Type.Enum(noticeKinds.map((kind) => `heddle.${kind}` as const)),
    time: Type.String({ format: "date-time" }),
    datacontenttype: Type.Literal("application/json"),
    data,
  },
  { description: "What a webhook is told: CloudEvents 1.0, structured JSON. Never holds values of entries, nor keys." },
);

/** What there is to say: counts and names, never values. */
export type NoticeData = Static<typeof data>;

/** The JSON Schema of a webhook's body. */
export function noticeSchema(): object {
  return { $schema: "https://json-schema.org/draft/2020-12/schema", title: "Heddle notification", ...notice };
}

export function newNotice(kind: NoticeKind, data: NoticeData): Static<typeof notice> {
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
