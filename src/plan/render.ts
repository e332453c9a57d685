import type { Codec } from "../model/codec.js";
import type { Dataset } from "../model/dataset.js";
import type { Fields, Json } from "../model/json.js";
import { isDocument } from "../model/json.js";
import { parsePointer, pointerToken } from "../model/pointer.js";
import { describeDependent } from "./dependents.js";
import { type Change, countChanges, type DatasetPlan, type Label, type Plan } from "./plan.js";
import type { Consent } from "./policy.js";
import { without } from "./side.js";

/** Reads the two sides of changes from the snapshot that the plan was made from, in batches. */
type ReadValues = (plan: DatasetPlan, changes: readonly Change[]) => Promise<Map<string, ChangeValues>>;

export interface ChangeValues {
  git: Fields | undefined;
  live: Fields | undefined;
}

export interface RenderContext {
  readValues: ReadValues;
  /** JSON Pointers of a dataset that are never shown. Masked fields are hidden by themselves. */
  redact(dataset: string): readonly string[];
  /** JSON Pointers of a dataset that are never written. */
  local?(dataset: string): readonly string[];
  typeName: Codec["typeName"];
}

/** One change, ready to show: `from` and `to` are JSON texts, absent where there is no value. */
export interface ShownChange {
  kind: Change["kind"];
  label: Label;
  name: string;
  key: string;
  fields: { path: string; label: Label; from?: string; to?: string; types?: string }[];
}

const hidden = "(redacted)";
/** Changes of a dataset that the text shows: more than anybody reads. */
const mostShown = 1000;
const batchSize = 500;

/** The changes of one dataset with their values, redacted. Values are read in batches and not kept. */
export async function* showChanges(
  plan: DatasetPlan,
  changes: readonly Change[],
  context: RenderContext,
): AsyncGenerator<ShownChange> {
  for (let start = 0; start < changes.length; start += batchSize) {
    const batch = changes.slice(start, start + batchSize);
    const values = await context.readValues(plan, batch);
    for (const change of batch) yield show(plan.dataset, change, values.get(change.name), context);
  }
}

function show(dataset: Dataset, change: Change, values: ChangeValues | undefined, context: RenderContext): ShownChange {
  const { kind, label, name, key } = change;
  const secret = new Set([
    ...context.redact(dataset.name),
    ...(dataset.masked ?? []).map((field) => `/${pointerToken(field)}`),
  ]);
  const isSecret = (path: string) => [...secret].some((pointer) => path === pointer || path.startsWith(`${pointer}/`));
  const text = (path: string, value: Json | undefined) =>
    value === undefined ? undefined : isSecret(path) ? hidden : JSON.stringify(conceal(value, path, secret));
  // What is local is not written, so it is no part of what a change brings.
  const written = values?.git && without(values.git, context.local?.(dataset.name) ?? []);
  const paths =
    kind === "create"
      ? [...(written?.keys() ?? [])].map((field) => ({ path: `/${pointerToken(field)}`, label }))
      : change.fields;
  const fields = paths.map(({ path, label }) => {
    const before = kind === "create" ? undefined : valueAt(values?.live, path);
    const after = valueAt(written, path);
    const field = dataset.fields?.find(({ name }) => path === `/${pointerToken(name)}`);
    const types = [before, after].map((value) => (value == null ? undefined : context.typeName(value, field)));
    const from = text(path, before);
    const to = text(path, after);
    return {
      path,
      label,
      ...(from !== undefined && { from }),
      ...(to !== undefined && { to }),
      ...(types[0] && types[1] && types[0] !== types[1] && { types: `${types[0]} → ${types[1]}` }),
    };
  });
  return { kind, label, name: name.replace(/\.json$/, ""), key, fields };
}

/** Replaces secret members inside a value that is shown as a whole (names alone are no secret); all of it where they cannot be told apart. */
function conceal(value: Json, path: string, secret: ReadonlySet<string>): Json {
  if (path === "") return value;
  if (!isDocument(value)) {
    const holds = value !== null && typeof value === "object";
    return holds && [...secret].some((pointer) => pointer.startsWith(`${path}/`)) ? hidden : value;
  }
  const shown: Record<string, Json> = {};
  for (const [name, member] of Object.entries(value)) {
    const inner = `${path}/${pointerToken(name)}`;
    shown[name] = secret.has(inner) ? hidden : conceal(member, inner, secret);
  }
  return shown;
}

/** The value that a JSON Pointer names; "" gives the order of the fields. */
function valueAt(fields: Fields | undefined, path: string): Json | undefined {
  if (!fields) return undefined;
  if (path === "") return [...fields.keys()];
  const [first, ...rest] = parsePointer(path);
  let value = fields.get(first!);
  for (const segment of rest) {
    if (!isDocument(value) || !Object.hasOwn(value, segment)) return undefined;
    value = value[segment];
  }
  return value;
}

/** One printed line; the mark lets a terminal colour it. */
export interface Line {
  mark: "+" | "~" | "-" | "!" | " ";
  text: string;
}

/** The plan as people read it: notes, changes by dataset with `+ ~ -`, what is refused, missing consents, a summary line. */
export async function* renderText(
  plan: Plan,
  missing: readonly Consent[],
  context: RenderContext,
): AsyncGenerator<Line> {
  for (const note of plan.notes) yield { mark: "!", text: `! ${printable(note)}` };
  for (const { dataset, message } of plan.obstacles ?? []) {
    const where = dataset === undefined ? "" : `${dataset}: `;
    yield { mark: "!", text: `! cannot be applied by this role: ${printable(where + message)}` };
  }
  for (const dependent of plan.dependents ?? [])
    yield { mark: "!", text: `! ${printable(describeDependent(dependent))}` };
  for (const dataset of plan.datasets) yield* renderDataset(dataset, context);
  for (const { reason, flag } of missing) yield { mark: "!", text: `! needs ${flag}: ${printable(reason)}` };
  yield { mark: " ", text: summary(plan) };
}

export async function* renderDataset(plan: DatasetPlan, context: RenderContext): AsyncGenerator<Line> {
  const { changes, blocked, kept, released } = plan;
  if (changes.length + blocked.length + kept.length + released === 0) return;
  yield { mark: " ", text: printable(plan.dataset.name) };
  for await (const change of showChanges(plan, changes.slice(0, mostShown), context)) yield* renderChange(change, "");
  if (changes.length > mostShown) {
    yield { mark: "!", text: `  … and ${changes.length - mostShown} more changes (--json lists them all)` };
  }
  for await (const change of showChanges(plan, blocked, context)) yield* renderChange(change, "REFUSED ");
  for (const { name, why } of kept)
    yield { mark: "!", text: `  = ${name.replace(/\.json$/, "")} (${keptBecause[why]})` };
  if (released > 0)
    yield { mark: "!", text: `  = ${count(released, "entry", "entries")} released: no longer owned, not deleted` };
  yield { mark: " ", text: "" };
}

const keptBecause = {
  drift: "drifted, left as it is by onDrift: keep",
  conflict: "changed on both sides, left as it is by onConflict: live",
  released: "left as it is and no longer owned",
};

const marks = { create: "+", update: "~", delete: "-" } as const;

function* renderChange({ kind, label, name, fields }: ShownChange, prefix: string): Generator<Line> {
  const mark = prefix ? "!" : marks[kind];
  const why = label === "git" ? "" : ` (${labels[label]})`;
  yield { mark, text: `  ${marks[kind]} ${prefix}${name}${why}` };
  for (const field of fields) {
    const path = field.path === "" ? "order of fields" : printable(field.path.slice(1));
    const [from, to] = [field.from ?? "absent", field.to ?? "absent"].map(shorten);
    const arrow = kind === "create" ? to : `${from} → ${to}`;
    const types = field.types ? ` (${field.types})` : "";
    const note = field.label !== label ? ` (${labels[field.label]})` : "";
    yield { mark, text: `      ${path}: ${arrow}${types}${note}` };
  }
}

const labels: Record<Label, string> = {
  git: "git",
  drift: "drift",
  conflict: "changed on both sides",
  adopt: "not written by Heddle before",
  mirror: "not in git",
};

/** The last line of plan and apply. */
export function summary(plan: Pick<Plan, "datasets">): string {
  const { created, updated, deleted } = countChanges(plan);
  const sum = (of: (plan: DatasetPlan) => number) => plan.datasets.reduce((total, dataset) => total + of(dataset), 0);
  const extra = [
    [sum(({ adopted }) => adopted), "adopted"],
    [sum(({ kept }) => kept.length), "kept"],
    [sum(({ released }) => released), "released"],
    [sum(({ blocked }) => blocked.length), "refused"],
  ] as const;
  const shown = extra.filter(([n]) => n > 0).map(([n, word]) => `, ${n} ${word}`);
  if (created + updated + deleted === 0) return `No changes${shown.join("")}.`;
  return `${created} to create, ${updated} to update, ${deleted} to delete${shown.join("")}.`;
}

/** The plan as JSON, with values; the same redaction as the text. */
export async function renderJson(plan: Plan, missing: readonly Consent[], context: RenderContext): Promise<object> {
  const datasets = [];
  for (const part of plan.datasets) {
    const { weave, dataset, kept, owned, wanted, adopted, released } = part;
    const changes: ShownChange[] = [];
    for await (const change of showChanges(part, part.changes, context)) changes.push(change);
    const blocked: ShownChange[] = [];
    for await (const change of showChanges(part, part.blocked, context)) blocked.push(change);
    datasets.push({ weave, dataset: dataset.name, owned, wanted, adopted, released, changes, blocked, kept });
  }
  const { version, id, environment, revision, trees, notes, takesBack, dependents = [], obstacles = [] } = plan;
  return {
    version,
    id,
    environment,
    revision,
    trees,
    notes,
    takesBack,
    dependents,
    obstacles,
    counts: countChanges(plan),
    missing,
    datasets,
  };
}

function shorten(text: string): string {
  const safe = printable(text);
  return safe.length <= 120 ? safe : `${safe.slice(0, 117)}...`;
}

/** Text that cannot steer a terminal: control and direction characters as escapes. */
export function printable(text: string): string {
  return text.replace(
    /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

function count(n: number, one: string, many: string): string {
  return `${n} ${n === 1 ? one : many}`;
}
