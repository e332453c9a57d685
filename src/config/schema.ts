import { type Static, Type } from "typebox";
import { noticeKinds } from "../model/notice.js";
import { transformRule, validateRule } from "../transform/rules.js";

/** The shapes of configuration documents: what `loadConfig` checks, what editors complete from `schemas/`, and the defaults. */

const name = Type.String({
  pattern: "^[a-z0-9][a-z0-9-]{0,62}$",
  description: "Lower-case letters, digits and -, at most 63, beginning with a letter or digit.",
});
const datasetGlob = Type.String({
  minLength: 1,
  description: 'Table or collection, "schema.table", or a glob (* and ? match any characters).',
});
const fields = (description: string) =>
  Type.Array(Type.String({ minLength: 1 }), { minItems: 1, uniqueItems: true, description });

/** A share such as `5%`, or a count. */
const limit = (fallback: string, description: string) =>
  Type.Optional(
    Type.Unsafe<string | number>({
      type: ["string", "integer"],
      pattern: "^(?:100(?:\\.0+)?|[0-9]{1,2}(?:\\.[0-9]+)?)%$",
      minimum: 0,
      default: fallback,
      description: `${description} A percentage such as 5%, or a count.`,
    }),
  );

const url = (description: string) => Type.String({ minLength: 1, description });

const pointerPattern = "^(?:/(?:[^~/]|~[01])*)+$";

const byDataset = (description: string) =>
  Type.Optional(
    Type.Unsafe<Record<string, string[]>>({
      type: "object",
      description: `${description} Dataset name or glob → JSON Pointers.`,
      propertyNames: { minLength: 1 },
      additionalProperties: Type.Array(
        Type.String({
          pattern: pointerPattern,
          description: "JSON Pointer (RFC 6901) to a field, such as /price or /address/city.",
        }),
        { minItems: 1, uniqueItems: true },
      ),
      default: {},
    }),
  );

const select = Type.Object(
  {
    dataset: datasetGlob,
    except: Type.Optional(
      Type.Array(datasetGlob, { minItems: 1, uniqueItems: true, description: "Datasets that the glob leaves out." }),
    ),
    where: Type.Optional(
      Type.Unsafe<string | Record<string, unknown>>({
        type: ["string", "object"],
        minLength: 1,
        description: "SQL: one boolean expression. MongoDB: a filter in Extended JSON, as a mapping or as text.",
      }),
    ),
    pick: Type.Optional(fields("Only these fields, and those of the key.")),
    omit: Type.Optional(fields("All fields but these.")),
    key: Type.Optional(fields("Fields of a unique, not-null key. Default: the primary key, or _id.")),
    layout: Type.Optional(
      Type.Enum(["files", "lines"], {
        type: "string",
        description:
          "How the first weave of a dataset lays its entries out: a file each, or as lines of few files. Later `heddle relayout` does.",
      }),
    ),
  },
  { additionalProperties: false },
);

const prune = Type.Enum(["owned", "mirror", "none"], {
  type: "string",
  description:
    "owned: delete only what Heddle applied or adopted. mirror: delete all that git lacks. none: delete nothing.",
});

const apply = Type.Object(
  {
    prune: Type.Optional(
      Type.Unsafe<Static<typeof prune> | Record<string, Static<typeof prune>>>({
        anyOf: [
          prune,
          { type: "object", minProperties: 1, propertyNames: { minLength: 1 }, additionalProperties: prune },
        ],
        default: "owned",
        description:
          "One of owned, mirror, none; or a mapping of dataset names or globs to these. Datasets chosen with `pick` are pruned only where named here.",
      }),
    ),
    maxDeletes: limit("5%", "Of a dataset's owned entries; more needs --allow-deletes N."),
    maxChanges: limit("100%", "Updates, of a dataset's owned entries; more needs --allow-changes N."),
    onDrift: Type.Optional(
      Type.Enum(["overwrite", "keep", "fail"], {
        default: "overwrite",
        description:
          "What to do with a field that changed in the database though git did not ask for it. Default: overwrite; keep where the database is a source of one of the environment's weaves.",
      }),
    ),
    onConflict: Type.Optional(
      Type.Enum(["fail", "git", "live"], {
        default: "fail",
        description: "What to do with a field that git and the database both changed.",
      }),
    ),
    atomic: Type.Optional(
      Type.Enum(["auto", "always", "never"], {
        default: "auto",
        description: "auto: one transaction where it fits. always: or refuse. never: in journaled chunks.",
      }),
    ),
    order: Type.Optional(
      Type.Enum(["forward", "any"], {
        default: "forward",
        description:
          "forward: a revision that does not descend from the applied one needs --rollback. any: previews of branches.",
      }),
    ),
    protected: Type.Optional(
      Type.Boolean({ default: false, description: "true: apply needs --confirm with the environment's name." }),
    ),
  },
  { additionalProperties: false, description: "The rules of apply." },
);

const weave = Type.Object(
  {
    source: Type.Object(
      {
        url: url("postgres://, mongodb://, mongodb+srv:// or pglite:<directory>; passwords only as ${NAME}."),
        rowSecurity: Type.Optional(
          Type.Enum(["refuse", "accept"], {
            default: "refuse",
            description:
              "accept: weave what a reader restricted by row-level security sees. refuse: fail where rows are hidden.",
          }),
        ),
      },
      { additionalProperties: false, description: "The database to read. It is never written." },
    ),
    maskKey: Type.Optional(Type.String({ minLength: 1, description: "Secret key of mask steps, as ${NAME}." })),
    maxDeletes: limit("5%", "Of a dataset's files; removing more, or all, needs --allow-deletes N."),
    maxEntries: Type.Optional(
      Type.Integer({
        minimum: 1,
        default: 1_000_000,
        description: "The most entries of one dataset; more stops the weave.",
      }),
    ),
    select: Type.Array(select, { minItems: 1, description: "The datasets to weave. A name goes before a glob." }),
    transform: Type.Optional(Type.Array(transformRule, { default: [], description: "Steps run on the way into git." })),
    validate: Type.Optional(
      Type.Array(validateRule, { default: [], description: "JSON Schemas that entries must fit." }),
    ),
  },
  { additionalProperties: false },
);

const statements = (description: string) =>
  Type.Optional(
    Type.Array(Type.Unsafe<string | Record<string, unknown>>({ type: ["string", "object"], minLength: 1 }), {
      default: [],
      description: `${description} One SQL statement each, or one MongoDB command in Extended JSON.`,
    }),
  );

const hooks = Type.Object(
  {
    preApply: statements("Run before the first change."),
    postApply: statements("Run after the last change."),
    verify: statements("Run at the end; each has to give no rows, or all is rolled back."),
  },
  { additionalProperties: false, description: "Statements that run inside an apply's transaction." },
);

const webhook = Type.Object(
  {
    url: url("http:// or https://; passwords only as ${NAME}. Never printed."),
    secret: Type.String({ minLength: 1, description: "Key of the signature, as ${NAME}; at least 16 characters." }),
    on: Type.Optional(
      Type.Array(Type.Enum([...noticeKinds]), {
        minItems: 1,
        uniqueItems: true,
        default: [...noticeKinds],
        description: "What is told.",
      }),
    ),
  },
  { additionalProperties: false },
);

const environment = Type.Object(
  {
    extends: Type.Optional(
      Type.String({
        minLength: 1,
        description:
          "Name of an environment whose settings this one shares: mappings are merged, anything else is replaced. The database is never shared.",
      }),
    ),
    database: Type.Optional(
      Type.Object(
        { url: url("postgres://, mongodb://, mongodb+srv:// or pglite:<directory>; passwords only as ${NAME}.") },
        {
          additionalProperties: false,
          description: "The database to apply to. Without one, an environment is there to be extended.",
        },
      ),
    ),
    weaves: Type.Optional(
      Type.Array(name, {
        minItems: 1,
        uniqueItems: true,
        description: "Names of the weaves that this database gets.",
      }),
    ),
    overlay: Type.Optional(
      Type.Array(transformRule, { default: [], description: "Steps run on the way into this database." }),
    ),
    map: Type.Optional(
      Type.Unsafe<Record<string, string>>({
        type: "object",
        description: "Dataset → the table or collection that it is called in this database.",
        propertyNames: { minLength: 1 },
        additionalProperties: { type: "string", minLength: 1 },
        default: {},
      }),
    ),
    identify: Type.Optional(
      Type.Unsafe<Record<string, string[]>>({
        type: "object",
        description:
          "Dataset → fields of its natural key: entries are the same where these are, whatever their ids in this database.",
        propertyNames: { minLength: 1 },
        additionalProperties: {
          type: "array",
          items: { type: "string", minLength: 1 },
          minItems: 1,
          uniqueItems: true,
        },
        default: {},
      }),
    ),
    references: Type.Optional(
      Type.Unsafe<Record<string, Record<string, string>>>({
        type: "object",
        description:
          "Dataset → JSON Pointer → the identified dataset whose id stands there, where no foreign key says so.",
        propertyNames: { minLength: 1 },
        additionalProperties: {
          type: "object",
          minProperties: 1,
          propertyNames: { pattern: pointerPattern },
          additionalProperties: { type: "string", minLength: 1 },
        },
        default: {},
      }),
    ),
    ignore: byDataset("Written when an entry is created, afterwards neither compared nor written."),
    local: byDataset("Never written at all."),
    redact: byDataset("Never shown; masked fields are redacted by themselves."),
    apply: Type.Optional(apply),
    hooks: Type.Optional(hooks),
    notify: Type.Optional(
      Type.Array(webhook, { default: [], description: "Webhooks that are told what happens to this environment." }),
    ),
  },
  { additionalProperties: false },
);

const apiVersion = Type.Literal("heddle/v1");
const formerly = Type.Optional(
  Type.Array(name, { default: [], uniqueItems: true, description: "Names that this environment had before." }),
);

/** One schema for each kind of document. */
export const kinds = {
  Weave: Type.Object(
    {
      apiVersion,
      kind: Type.Literal("Weave"),
      metadata: Type.Object({ name }, { additionalProperties: false }),
      spec: weave,
    },
    { additionalProperties: false, description: "A named selection of a database with transforms." },
  ),
  Environment: Type.Object(
    {
      apiVersion,
      kind: Type.Literal("Environment"),
      metadata: Type.Object({ name, formerly }, { additionalProperties: false }),
      spec: environment,
    },
    { additionalProperties: false, description: "A named destination with its overlay and safety rules." },
  ),
};

export type WeaveDocument = Static<typeof kinds.Weave>;
export type EnvironmentDocument = Static<typeof kinds.Environment>;
export type AnyDocument = WeaveDocument | EnvironmentDocument;

/** The JSON Schema of a configuration document of any kind, for editors. */
export function configSchema(): object {
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "Heddle configuration",
    type: "object",
    required: ["apiVersion", "kind"],
    properties: { apiVersion, kind: { enum: Object.keys(kinds) } },
    allOf: Object.keys(kinds).map((kind) => ({
      if: { properties: { kind: { const: kind } } },
      // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
      then: { $ref: `#/$defs/${kind}` },
    })),
    $defs: kinds,
  };
}
