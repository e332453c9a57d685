import type { Dataset } from "../model/dataset.js";
import type { Problem } from "../model/errors.js";
import { type Fields, type Json, renderFields } from "../model/json.js";
import { parseManifest } from "../model/parse.js";

/** What `_weave.json` holds: only what follows from data and configuration. */
export interface WeaveDescription {
  formatVersion: number;
  /** Digest of the identity of the database that was woven. */
  source: string;
  /** Digest of the selection. */
  selection: string;
  /** Tree id of what the source gave, before merging with edits made in git. */
  view: string;
}

/** The format that this version writes, and the newest that it reads. */
export const formatVersion = 1;

/** The text of `_weave.json`. */
export function renderWeave(weave: WeaveDescription): string {
  return render(weave, ["formatVersion", "source", "selection", "view"]);
}

/** The text of `_dataset.json`: the same for equal descriptions, in whatever order their parts were found. */
export function renderDataset(dataset: Dataset): string {
  const { references, types } = dataset;
  const sorted: Dataset = { ...dataset };
  if (references) sorted.references = sortBy(references, JSON.stringify);
  if (types) sorted.types = Object.fromEntries(sortBy(Object.entries(types), ([name]) => name));
  return render(sorted, Object.keys(datasetShape));
}

function render<T extends object>(value: T, names: readonly string[]): string {
  const members = new Map(Object.entries(value));
  const present = names.filter((name) => members.get(name) !== undefined);
  return renderFields(new Map(present.map((name) => [name, members.get(name) as Json])));
}

function sortBy<T>(items: readonly T[], text: (item: T) => string): T[] {
  return [...items].sort((a, b) => (text(a) < text(b) ? -1 : 1));
}

/** Reads `_weave.json`. Undefined where there are problems, which are added to `problems`. */
export function readWeaveText(text: string, file: string, problems: Problem[]): WeaveDescription | undefined {
  const views = [...text.matchAll(/^\s*"view": "([\da-f]{40})",?$/gm)].map(([, view]) => view!);
  if (views.length > 1 && /^<{7,}/m.test(text)) {
    const named = [...new Set([views[0]!, views.at(-1)!])].join(" and ");
    problems.push({
      file,
      message: `an unresolved merge conflict: both branches were woven, with the views ${named}`,
      hint: "run `heddle git-setup` and merge again; or keep one of them: what came with the other then counts as edited in git",
    });
    return undefined;
  }
  return readShape<WeaveDescription>(text, file, problems, weaveShape);
}

/** Reads `_dataset.json`. Undefined where there are problems, which are added to `problems`. */
export function readDatasetText(text: string, file: string, problems: Problem[]): Dataset | undefined {
  return readShape<Dataset>(text, file, problems, datasetShape);
}

type Check = (value: Json) => boolean;
type Shape = Record<string, { what: string; check: Check; optional?: true }>;

const isString: Check = (value) => typeof value === "string";
const isBoolean: Check = (value) => typeof value === "boolean";
const isObject = (value: Json): value is { [name: string]: Json } =>
  value !== null && typeof value === "object" && !Array.isArray(value);
const listOf =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(check);
/** An object with these members and no others; those marked with `?` may be absent. */
const objectOf =
  (members: Record<string, Check>): Check =>
  (value) =>
    isObject(value) &&
    Object.keys(value).every((name) => name in members || `${name}?` in members) &&
    Object.entries(members).every(([name, check]) => {
      const member = value[name.replace(/\?$/, "")];
      return member === undefined ? name.endsWith("?") : check(member);
    });
const isObjectId: Check = (value) => typeof value === "string" && /^[\da-f]{40}$/.test(value);
const names = { what: "a list of field names", check: listOf(isString) };

const weaveShape: Shape = {
  formatVersion: { what: `at most ${formatVersion}`, check: (value) => value === formatVersion },
  source: { what: "a digest", check: isString },
  selection: { what: "a digest", check: isString },
  view: { what: "the id of a git tree", check: isObjectId },
};

/** The members of `_dataset.json` in their order. */
const datasetShape: Shape = {
  engine: { what: "the name of a database engine", check: isString },
  name: { what: "the name of a table or collection", check: (value) => isString(value) && value !== "" },
  key: {
    what: "a list of at least one field name",
    check: (value) => listOf(isString)(value) && (value as Json[]).length > 0,
  },
  fields: {
    what: "a list of fields with name and type",
    check: listOf(objectOf({ name: isString, "type?": isString })),
    optional: true,
  },
  pick: { ...names, optional: true },
  omit: { ...names, optional: true },
  references: {
    what: "a list of references with fields, dataset and to",
    check: listOf(
      objectOf({ fields: listOf(isString), dataset: isString, to: listOf(isString), "deferrable?": (v) => v === true }),
    ),
    optional: true,
  },
  types: {
    what: "an object of type definitions",
    check: (value) => isObject(value) && Object.values(value).every(isString),
    optional: true,
  },
  masked: { ...names, optional: true },
  selection: { what: "a digest", check: isString },
  oneWay: { what: "true or false", check: isBoolean },
  layout: {
    what: '{"kind": "files", "fanout": 0, 1 or 2} or {"kind": "lines", "shards": 16, 256 or 4096}',
    check: (value) =>
      objectOf({ kind: (v) => v === "files", fanout: (v) => v === 0 || v === 1 || v === 2 })(value) ||
      objectOf({ kind: (v) => v === "lines", shards: (v) => v === 16 || v === 256 || v === 4096 })(value),
  },
};

function readShape<T>(text: string, file: string, problems: Problem[], shape: Shape): T | undefined {
  const { fields, problems: found, at } = parseManifest(text);
  const before = problems.length;
  problems.push(...found.map((problem) => ({ file, ...problem })));
  if (found.length === 0) problems.push(...misshapen(fields, shape).map((p) => ({ file, ...at(p.path), ...p })));
  return problems.length > before ? undefined : (Object.fromEntries(fields) as T);
}

function misshapen(fields: Fields, shape: Shape): (Problem & { path: string })[] {
  const unknown = [...fields.keys()].filter((name) => !Object.hasOwn(shape, name));
  return [
    ...unknown.map((name) => ({ path: `/${name}`, message: `unknown member ${JSON.stringify(name)}` })),
    ...Object.entries(shape).flatMap(([name, { what, check, optional }]) => {
      const value = fields.get(name);
      if (value === undefined) return optional ? [] : [{ path: "", message: `${name} is missing: ${what}` }];
      return check(value) ? [] : [{ path: `/${name}`, message: `${name} must be ${what}` }];
    }),
  ];
}
