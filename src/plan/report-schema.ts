import { type Static, Type } from "typebox";

/** The shape of `--format json`: what `schemas/plan-report.schema.json` says, and what render-json.ts is typed by. */

const text = (description: string) => Type.String({ description });
const count = (description: string) => Type.Integer({ minimum: 0, description });
const closed = { additionalProperties: false };

const label = Type.Enum(["git", "drift", "conflict", "adopt", "mirror", "released"], {
  description:
    "git: git changed it; drift: the database did; conflict: both did; adopt: Heddle never wrote it; mirror: git does not have it; released: it is no longer selected.",
});

const field = Type.Object(
  {
    path: text("JSON Pointer into the entry; empty where only the order of its fields differs."),
    label,
    from: Type.Optional(text("JSON text of the value in the database, or (redacted); missing where there is none.")),
    to: Type.Optional(text("JSON text of the value in git, or (redacted); missing where there is none.")),
    types: Type.Optional(text("Both types, where they differ: double → int32.")),
  },
  closed,
);

const change = Type.Object(
  {
    kind: Type.Enum(["create", "update", "delete"]),
    label,
    name: text("The manifest's file name without .json."),
    key: text("The key as JSON text."),
    fields: Type.Array(field),
  },
  closed,
);

const dataset = Type.Object(
  {
    weave: text("The weave that it belongs to; empty in an undo."),
    dataset: text("Name of the table or collection, as git has it."),
    table: Type.Optional(text("Its name in the environment's database, where `map` gives it another.")),
    compared: Type.Enum(["all", "changed", "fingerprints"], {
      description:
        "all: every entry was compared; changed: only what git changed since it was applied; fingerprints: that, and what may not be as it was applied, by digests that the server makes of its rows.",
    }),
    owned: count("Entries applied before."),
    wanted: count("Entries that the revision has."),
    adopted: count("Entries found equal that were not owned: now they are."),
    released: count("Entries that are no longer owned, and are not deleted."),
    changes: Type.Array(change),
    blocked: Type.Array(change, { description: "Changes that the rules forbid: they refuse the whole apply." }),
    kept: Type.Array(
      Type.Object(
        {
          key: text("The key as JSON text."),
          name: text("The manifest's file name without .json."),
          why: Type.Enum(["drift", "conflict", "released"]),
        },
        closed,
      ),
      { description: "Entries left as they are, though not what git wants." },
    ),
  },
  closed,
);

const consent = Type.Object(
  {
    kind: text("What is to be allowed: deletes, changes, empty, adopt, rollback, …"),
    dataset: Type.Optional(Type.String()),
    count: count("How many of them."),
    reason: text("Why it is needed."),
    list: Type.Optional(Type.Array(Type.String(), { description: "What the reason speaks of, one by one." })),
    flag: text("The flag that grants it."),
  },
  closed,
);

const problem = Type.Object(
  { dataset: Type.Optional(Type.String()), message: Type.String(), hint: Type.Optional(Type.String()) },
  { description: "What the database would refuse to this role." },
);

const dependent = Type.Object(
  {
    dataset: Type.String(),
    constraint: text("Name of the foreign key."),
    action: Type.Enum(["cascade", "set null", "set default"]),
    count: Type.Optional(count("Missing where the role may not read that table.")),
  },
  { additionalProperties: false, description: "Rows that the plan does not name, reached by its deletes." },
);

/** A plan as JSON; apply and undo add what became of it. */
const planReport = Type.Object(
  {
    version: Type.Literal(1),
    id: text("Of the plan, and of the apply that it becomes."),
    environment: Type.String(),
    revision: text("Commit id."),
    binding: Type.Optional(text("What `heddle binding` prints: the same after a merge, a squash or a rebase.")),
    trees: Type.Record(Type.String(), Type.String(), { description: "Tree id of data/<weave>, by weave." }),
    notes: Type.Array(Type.String(), { description: "What to know before reading on." }),
    takesBack: Type.Array(Type.Object({ id: Type.String(), subject: Type.String() }, closed), {
      description: "Commits that applying this revision takes back, newest first.",
    }),
    dependents: Type.Array(dependent),
    obstacles: Type.Array(problem),
    counts: Type.Object({ created: count("Creates."), updated: count("Updates."), deleted: count("Deletes.") }, closed),
    missing: Type.Array(consent, { description: "Consents that no flag has granted." }),
    datasets: Type.Array(dataset, { description: "In the order of writing." }),
    written: Type.Optional(Type.Boolean({ description: "apply: false where there was nothing to do." })),
    resumed: Type.Optional(text("apply: id of the apply that had broken off and was finished first.")),
    undone: Type.Optional(Type.Array(Type.String(), { description: "undo: ids of the applies taken back." })),
  },
  closed,
);

export type PlanReport = Static<typeof planReport>;

/** The JSON Schema of a plan's report. */
export function reportSchema(): object {
  return { $schema: "https://json-schema.org/draft/2020-12/schema", title: "Heddle plan report", ...planReport };
}
