import { type Static, type TSchema, Type } from "typebox";
import { noticeKinds } from "../model/notice.js";

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

export type Notice = Static<typeof notice>;

/** The JSON Schema of a webhook's body. */
export function noticeSchema(): object {
  return { $schema: "https://json-schema.org/draft/2020-12/schema", title: "Heddle notification", ...notice };
}
