import { type Static, type TSchema, Type } from "typebox";
import type { Json } from "../model/json.js";
import { maskKinds } from "./pseudonym.js";

/**
 * The shapes of `transform:`, `overlay:` and `validate:` items. They say what a rule looks like; what pointers and
 * expressions mean is for `checkRules` (check.ts).
 */

const pointer = Type.String({
  pattern: "^(?:/(?:[^~/]|~[01])*)+$",
  description: "JSON Pointer (RFC 6901) to a field, such as /price or /address/city.",
});

/** Not Type.Record: its pattern for names misses those with a line break. */
const members = <T extends TSchema>(value: T, more: object) =>
  Type.Unsafe<Record<string, Static<T>>>({ type: "object", additionalProperties: value, minProperties: 1, ...more });

const byPointer = <T extends TSchema>(value: T, description: string) =>
  members(value, { propertyNames: pointer, description });

/** A canonical JSON value: typed wrappers such as `{ "$numberLong": "5" }` stand for one value. */
const json = (description: string) => Type.Unsafe<Json>(Type.Unknown({ description }));

const operation = Type.Object(
  {
    op: Type.Enum(["add", "remove", "replace", "move", "copy", "test"]),
    path: pointer,
    from: Type.Optional(pointer),
    value: Type.Optional(json("What add, replace and test use.")),
  },
  { additionalProperties: false, description: "One operation of JSON Patch (RFC 6902)." },
);

const kinds = {
  patch: Type.Array(operation, { minItems: 1, description: "JSON Patch (RFC 6902); all operations of it or none." }),
  merge: members(json("null removes the field."), {
    description: "JSON Merge Patch (RFC 7396): null removes a field, so it cannot set null; use patch for that.",
  }),
  compute: byPointer(
    Type.String({ minLength: 1, description: "JSONata expression over the entry's plain view." }),
    "Field → JSONata expression. The value takes the type that the field has; giving nothing is an error.",
  ),
  rename: byPointer(pointer, "Old pointer → new pointer. A renamed field keeps its place and type."),
  remove: Type.Array(pointer, { minItems: 1, description: "Pointers to what is left out, where it is there." }),
  drop: Type.Literal(true, { description: "Leaves the whole entry out." }),
  mask: byPointer(
    Type.Enum([...maskKinds]),
    "Field → mask kind: keyed, equal values stay equal. Every value in an array or sub-document is masked; null and empty text stay.",
  ),
};

type Kinds = { [Kind in keyof typeof kinds]: Static<(typeof kinds)[Kind]> };
export type StepKind = keyof Kinds;
/** One step: an object with exactly one of the kinds. */
export type Step = { [Kind in StepKind]: { [K in Kind]: Kinds[K] } }[StepKind];
export type Operation = Static<typeof operation>;

const step = Type.Unsafe<Step>(
  Type.Partial(Type.Object(kinds), {
    additionalProperties: false,
    minProperties: 1,
    maxProperties: 1,
    description: "One step: exactly one of patch, merge, compute, rename, remove, drop, mask.",
  }),
);

const forDataset = Type.String({ minLength: 1, description: "Dataset name or glob (* and ? match any characters)." });

/** An item of a weave's `transform` or an environment's `overlay`. */
export const transformRule = Type.Object(
  {
    for: forDataset,
    when: Type.Optional(
      Type.String({ minLength: 1, description: "JSONata: the steps run for entries where this gives true." }),
    ),
    steps: Type.Array(step, { minItems: 1 }),
  },
  { additionalProperties: false },
);
export type TransformRule = Static<typeof transformRule>;

/** An item of a weave's `validate`. */
export const validateRule = Type.Object(
  {
    for: forDataset,
    schema: Type.String({
      minLength: 1,
      description: "Path of a JSON Schema (2020-12), from the project root. format is not checked; pattern is.",
    }),
  },
  { additionalProperties: false },
);
export type ValidateRule = Static<typeof validateRule>;
