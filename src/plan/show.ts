import type { Codec } from "../model/codec.js";
import type { Dataset } from "../model/dataset.js";
import type { Key } from "../model/entry.js";
import type { Fields, Json } from "../model/json.js";
import { isDocument } from "../model/json.js";
import { formatPointer, parsePointer, pointerToken } from "../model/pointer.js";
import type { Change, DatasetPlan, Label } from "./plan.js";
import { without } from "./side.js";

/** Reads the two sides of changes from the snapshot that the plan was made from, in batches. */
type ReadValues = (plan: DatasetPlan, changes: readonly Change[]) => Promise<Map<string, ChangeValues>>;

export interface ChangeValues {
  git: Fields | undefined;
  live: Fields | undefined;
}

/** What it takes to show a plan. */
export interface RenderContext {
  readValues: ReadValues;
  /** JSON Pointers of a dataset that are never shown. Masked fields are hidden by themselves. */
  redact(dataset: string): readonly string[];
  /** JSON Pointers of a dataset that are never written. */
  local?(dataset: string): readonly string[];
  typeName: Codec["typeName"];
}

/** One change, ready to show. */
export interface ShownChange {
  kind: Change["kind"];
  label: Label;
  /** The file's name without its extension. */
  name: string;
  key: string;
  fields: ShownField[];
}

/** A value that changes, and why. */
export interface ShownField extends ShownValue {
  label: Label;
}

/** `from` and `to` are JSON texts, or `(redacted)`; absent where there is no value. */
export interface ShownValue {
  /** JSON Pointer; empty where only the order of fields differs. */
  path: string;
  from?: string;
  to?: string;
  /** `double → int32`, where the type differs too. */
  types?: string;
}

const hidden = "(redacted)";
const batchSize = 500;

/** Changes of one dataset with their values, redacted. Values are read in batches as they are asked for, and not kept. */
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

/** A manifest's name as people read it. */
export function entryName(file: string): string {
  return file.replace(/\.json$/, "");
}

/** A key, unless a part of it is never shown by configuration. */
export function shownKey(dataset: Dataset, key: Key, context: RenderContext): string {
  const redacted = context.redact(dataset.name);
  const within = (field: string) => redacted.some((pointer) => `${pointer}/`.startsWith(`${formatPointer([field])}/`));
  return dataset.key.some(within) ? hidden : key;
}

function show(dataset: Dataset, change: Change, values: ChangeValues | undefined, context: RenderContext): ShownChange {
  const { kind, label, name } = change;
  // What is local is not written, so it is no part of what a change brings.
  const written = values?.git && without(values.git, context.local?.(dataset.name) ?? []);
  const created = [...(written?.keys() ?? [])].map((field) => ({ path: formatPointer([field]), label }));
  const paths = kind === "create" ? created : change.fields;
  const before = kind === "create" ? undefined : values?.live;
  const fields = showValues(
    { dataset, typeName: context.typeName, redact: context.redact(dataset.name) },
    paths.map(({ path }) => path),
    { before, after: written },
  );
  return {
    kind,
    label,
    name: entryName(name),
    key: shownKey(dataset, change.key, context),
    fields: fields.map((field, i) => ({ ...field, label: paths[i]!.label })),
  };
}

/** How values of a dataset are shown. */
interface ValueContext {
  dataset: Dataset;
  typeName: Codec["typeName"];
  /** JSON Pointers that are never shown, beside masked fields. */
  redact?: readonly string[];
}

/** What an entry has at these paths (JSON Pointers) before and after, redacted. */
export function showValues(
  { dataset, typeName, redact = [] }: ValueContext,
  paths: readonly string[],
  { before, after }: { before: Fields | undefined; after: Fields | undefined },
): ShownValue[] {
  const secret = new Set([...redact, ...(dataset.masked ?? []).map((field) => formatPointer([field]))]);
  const isSecret = (path: string) => [...secret].some((pointer) => path === pointer || path.startsWith(`${pointer}/`));
  const text = (path: string, value: Json | undefined) =>
    value === undefined ? undefined : isSecret(path) ? hidden : JSON.stringify(conceal(value, path, secret));
  return paths.map((path) => {
    const values = [valueAt(before, path), valueAt(after, path)];
    const field = dataset.fields?.find(({ name }) => path === formatPointer([name]));
    const types = values.map((value) => (value == null ? undefined : typeName(value, field)));
    const [from, to] = values.map((value) => text(path, value));
    return {
      path,
      ...(from !== undefined && { from }),
      ...(to !== undefined && { to }),
      ...(types[0] && types[1] && types[0] !== types[1] && { types: `${types[0]} → ${types[1]}` }),
    };
  });
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
export function valueAt(fields: Fields | undefined, path: string): Json | undefined {
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
