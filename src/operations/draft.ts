import { createHash } from "node:crypto";
import type { Select, WeaveConfig } from "../config/config.js";
import { isGlob, selectDatasets } from "../config/select.js";
import type { ReadSession, Table } from "../database/database.js";
import { describeTable } from "../database/describe.js";
import type { Sessions } from "../database/together.js";
import type { Codec } from "../model/codec.js";
import type { Dataset, Layout } from "../model/dataset.js";
import { DigestMap } from "../model/digest-map.js";
import type { Entry } from "../model/entry.js";
import { type ErrorCode, HeddleError, type Problem } from "../model/errors.js";
import { type Fields, renderFields } from "../model/json.js";
import { parseManifest } from "../model/parse.js";
import { chooseFanout, chooseShards, digitsOf } from "../repository/layout.js";
import type { DatasetFiles } from "../repository/weave.js";
import type { ObjectWriter } from "../repository/writer.js";
import { leaks, unmasked } from "../transform/leaks.js";
import type { Pipeline } from "../transform/pipeline.js";
import { pace } from "./pace.js";
import { type Stop, spread } from "./spread.js";
import { takeFiles } from "./taken-files.js";

/** What the source gave for one dataset: its description and an index of the blobs that were written. */
export interface DatasetDraft {
  dataset: Dataset;
  /** Path in the dataset's directory → digest. */
  files: DigestMap;
  /** Entries that a drop step left out. */
  dropped: number;
}

export interface DraftInput {
  sessions: Sessions;
  /** All that the source has. */
  tables: readonly Table[];
  engine: string;
  codec: Codec;
  weave: WeaveConfig;
  pipeline: Pipeline;
  /** What the branch has of its datasets now: field order and layout are kept, and files that stay are not written again. */
  previous: ReadonlyMap<string, DatasetFiles>;
  writer: ObjectWriter;
  acceptFields: boolean;
  progress?(text: string): void;
  signal?: Stop;
}

/**
 * Reads a weave's selection in the session's snapshot, transforms it, and writes it into the repository as blobs that
 * nothing names yet. All failing entries are listed: HDL500 for steps, HDL501 for schemas, HDL502 for new fields.
 */
export async function readDraft(input: DraftInput): Promise<DatasetDraft[]> {
  const { sessions, tables, weave } = input;
  const chosen = chooseTables(tables, weave);
  const read = await spread(
    sessions,
    chosen,
    async (session, { table, select }, signal) => {
      const found = { failures: [] as Problem[], leaked: [] as Problem[] };
      return { draft: await readDataset({ ...input, session, signal }, table, select, found), ...found };
    },
    input.signal,
  );
  const failures = read.flatMap(({ failures }) => failures);
  const leaked = read.flatMap(({ leaked }) => leaked);
  if (failures.length > 0) {
    const judged = failures.every(({ step }) => step?.startsWith("validate"));
    const what = judged ? "entries do not fit their schema" : "entries could not be transformed";
    throw refused(judged ? "HDL501" : "HDL500", weave.name, what, failures);
  }
  if (leaked.length > 0)
    throw refused("HDL502", weave.name, "fields would come in that were kept out or masked", leaked);
  return read.map(({ draft }) => draft);
}

function refused(code: ErrorCode, weave: string, what: string, problems: readonly Problem[]): HeddleError {
  return new HeddleError(code, `${weave}: ${what}; nothing was committed`, { problems });
}

/** Globs match what can be woven; a name may also hit what cannot, so that the reason is told. */
function chooseTables(tables: readonly Table[], weave: WeaveConfig): { table: Table; select: Select }[] {
  const named = new Set(weave.select.filter(({ dataset }) => !isGlob(dataset)).map(({ dataset }) => dataset));
  const candidates = tables.filter(({ name, refused }) => !refused || named.has(name) || named.has(`public.${name}`));
  const byName = new Map(candidates.map((table) => [table.name, table]));
  return selectDatasets(weave, [...byName.keys()].sort()).map(({ name, select }) => ({
    table: byName.get(name)!,
    select,
  }));
}

async function readDataset(
  {
    session,
    engine,
    codec,
    weave,
    pipeline,
    previous,
    writer,
    acceptFields,
    progress,
    signal,
  }: DraftInput & { session: ReadSession },
  table: Table,
  select: Select,
  { failures, leaked }: { failures: Problem[]; leaked: Problem[] },
): Promise<DatasetDraft> {
  const { dataset: before, files: had } = previous.get(table.name) ?? {};
  const source = describeTable(engine, table, select);
  const touched = pipeline.touches(source);
  const described = pipeline.describe(source);
  const dataset = inOrderOf(described, before);
  dataset.selection = selectionDigest(source, select, pipeline);
  dataset.layout = before?.layout ?? deepest(select);
  // Without transforms the server gives columns in the right order itself.
  const read = touched ? source : { ...source, ...(dataset.fields && { fields: dataset.fields }) };
  const reorder = touched && String(names(described)) !== String(names(dataset));
  const guarded = select.omit !== undefined || pipeline.masks(source);
  const watched = guarded || (before?.masked ?? []).length > 0;
  const seen = new Set<string>();

  const total = progress && select.where === undefined ? await session.estimate(source) : undefined;
  const tell = pace(progress, `${weave.name}: ${dataset.name}`, total);
  const taken = takeFiles(dataset, codec, writer, had);
  let dropped = 0;
  for await (const batch of selected(session, read, select, weave, !touched)) {
    stopIfAsked(signal);
    let entries: Entry[] = batch;
    if (touched) {
      const outcome = await pipeline.run(source, batch);
      failures.push(...outcome.problems);
      dropped += outcome.dropped;
      entries = reorder
        ? outcome.entries.map((entry) => ({ ...entry, text: reordered(entry.text, dataset) }))
        : outcome.entries;
    }
    if (watched && !codec.rows)
      for (const { text } of entries) for (const name of fieldsOf(text).keys()) seen.add(name);
    await taken.add(entries);
    if (taken.size > weave.maxEntries) throw tooMany(dataset, weave.maxEntries);
    tell(taken.size);
  }
  const files = taken.files();

  if (guarded && !codec.rows) dataset.fields = [...seen].sort().map((name) => ({ name }));
  if (watched && !acceptFields) {
    const found = codec.rows ? (dataset.fields ?? []).map(({ name }) => name) : [...seen];
    if (guarded) leaked.push(...leaks(dataset, before, found, pipeline.named(source)));
    leaked.push(...unmasked(dataset, before, found));
  }
  return before ? { dataset, files, dropped } : { ...fitted(dataset, files), dropped };
}

export function stopIfAsked(signal: Stop | undefined): void {
  if (signal?.aborted) throw new HeddleError("HDL900", "interrupted; nothing was committed");
}

/** The entries that `where` holds for; an error in it is told with its place in the configuration. */
async function* selected(
  session: ReadSession,
  dataset: Dataset,
  select: Select,
  weave: WeaveConfig,
  digested: boolean,
) {
  try {
    yield* session.entries(dataset, select.where, digested);
  } catch (error) {
    if (!(error instanceof HeddleError) || error.code !== "HDL202" || !/\bwhere: /.test(error.message)) throw error;
    const place = weave.at(`/spec/select/${weave.select.indexOf(select)}/where`);
    const told = error.problems.length > 0 ? error.problems : [{ message: error.message.replace(/^.*?where: /, "") }];
    const problems = told.map((problem) => ({ ...place, dataset: dataset.name, ...problem }));
    const more = { problems, cause: error, ...(error.hint !== undefined && { hint: error.hint }) };
    throw new HeddleError("HDL202", `${weave.name}: a where that cannot be used`, more);
  }
}

/** The layout that a first weave begins with, before it knows how many entries there are. */
function deepest({ layout }: Select): Layout {
  return layout === "lines" ? { kind: "lines", shards: 4096 } : { kind: "files", fanout: 2 };
}

/** Chooses the layout of a dataset that is woven for the first time; its paths were made for the deepest. */
function fitted(dataset: Dataset, files: DigestMap): { dataset: Dataset; files: DigestMap } {
  if (dataset.layout.kind === "lines") {
    const layout = { kind: "lines", shards: chooseShards(files.size) } as const;
    const digits = digitsOf(layout);
    const renamed = new DigestMap();
    for (const [path, id] of files) renamed.set(path.slice(0, digits) + path.slice("abc".length), id);
    return { dataset: { ...dataset, layout }, files: renamed };
  }
  const fanout = chooseFanout(files.size);
  if (fanout === 2) return { dataset, files };
  const levels = "ab/cd/".length - fanout * "ab/".length;
  const trimmed = new DigestMap();
  for (const [path, digest] of files) {
    trimmed.set(fanout === 0 ? path.slice(levels) : path.slice(0, fanout * 3) + path.slice("ab/cd/".length), digest);
  }
  return { dataset: { ...dataset, layout: { kind: "files", fanout } }, files: trimmed };
}

/** Fields in the order that the branch has them in; new ones at the end. */
function inOrderOf(dataset: Dataset, before: Dataset | undefined): Dataset {
  if (!dataset.fields || !before?.fields) return { ...dataset };
  const order = new Map(before.fields.map(({ name }, i) => [name, i]));
  const place = (name: string) => order.get(name) ?? Number.POSITIVE_INFINITY;
  const fields = [...dataset.fields].sort((a, b) =>
    place(a.name) === place(b.name) ? 0 : place(a.name) - place(b.name),
  );
  return { ...dataset, fields };
}

function names({ fields }: Dataset): string[] {
  return (fields ?? []).map(({ name }) => JSON.stringify(name));
}

function reordered(text: string, { fields }: Dataset): string {
  const values = fieldsOf(text);
  return renderFields(new Map((fields ?? []).map(({ name }) => [name, values.get(name)!])));
}

function fieldsOf(text: string): Fields {
  return parseManifest(text).fields;
}

/** Digest of what decides which entries exist. */
function selectionDigest(source: Dataset, { where, key }: Select, pipeline: Pipeline): string {
  return digest([source.name, where ?? null, key ?? null, pipeline.selection(source)]);
}

/** Digest of a JSON value, for descriptions: 32 hex digits. */
export function digest(value: unknown): string {
  return createHash("sha256").update(JSON.stringify(value)).digest("hex").slice(0, 32);
}

function tooMany({ name }: Dataset, most: number): HeddleError {
  return new HeddleError("HDL208", `${name} has more than ${most} entries`, {
    hint: "narrow it with where, or raise maxEntries",
  });
}
