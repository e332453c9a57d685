import { randomUUID } from "node:crypto";
import { type EnvironmentConfig, findEnvironment } from "../config/config.js";
import { pointersFor, rulesFor } from "../config/rules.js";
import type { Database, ReadSession, Table } from "../database/database.js";
import { exclusiveOf, wholeDataset } from "../database/describe.js";
import type { Codec } from "../model/codec.js";
import type { Dataset } from "../model/dataset.js";
import { HeddleError } from "../model/errors.js";
import type { Journal } from "../model/journal.js";
import type { Fields } from "../model/json.js";
import { parseManifest } from "../model/parse.js";
import type { AppliedRecord } from "../model/record.js";
import { diffDataset } from "../plan/diff.js";
import { type WriteOrder, writeOrder } from "../plan/order.js";
import type { Change, DatasetPlan, Plan, Rules } from "../plan/plan.js";
import type { ChangeValues, RenderContext } from "../plan/render.js";
import type { Side } from "../plan/side.js";
import type { Target } from "../reconcile/reconcile.js";
import { atTrees } from "../repository/recorded.js";
import type { Source } from "../repository/source.js";
import { weaveDirectory } from "../repository/weave.js";
import type { Pipeline } from "../transform/pipeline.js";
import type { TransformRule } from "../transform/rules.js";
import { acceptRecord, commitsTakenBack, isBaseAvailable } from "./base.js";
import { withKept, withStored } from "./exceptions.js";
import { foresee } from "./foresee.js";
import { heldChanges } from "./hold.js";
import { type Inventory, readInventory, withAllUnfit } from "./inventory.js";
import { overlayDigest } from "./overlay-digest.js";
import { preflight } from "./preflight.js";
import type { Project } from "./project.js";
import { acceptJournal, describeUnfinished } from "./unfinished.js";

/** What is wanted, and where. */
export interface CompareInput {
  project: Project;
  /** Of the trusted configuration. */
  environment: EnvironmentConfig;
  database: Database;
  codec: Codec;
  /** Commit id. */
  revision: string;
  /** The revision's data. */
  source: Source;
  /** The revision's overlay for this environment. */
  overlay: readonly TransformRule[];
  /** The revision's schemas, by weave. */
  validate: ReadonlyMap<string, Pipeline>;
  notes: readonly string[];
  /** The journal that this is to finish. */
  finishing?: Journal;
  progress?(text: string): void;
  signal?: AbortSignal;
}

export interface Comparison {
  plan: Plan;
  /** What was last applied to this database, for this environment. */
  record: AppliedRecord | undefined;
  /** The record that lies in the database, even if it is a copy's. */
  found: AppliedRecord | undefined;
  /** The journal that lies in the database, even if it is a copy's. */
  journal: Journal | undefined;
  /** The same where it counts, and is not the one that this finishes. */
  unfinished: Journal | undefined;
  /** What reconcile needs of each dataset of the plan. */
  targets: ReadonlyMap<DatasetPlan, Target>;
  /** For rendering: reads values from this session, so only while it lasts. */
  context: RenderContext;
  order: WriteOrder;
}

/** Compares a database with what a revision wants of it, three ways with what was last applied. Writes nothing. */
export async function compare(session: ReadSession, input: CompareInput): Promise<Comparison> {
  const { environment, project } = input;
  const notes = [...input.notes];
  const identity = await session.identity();
  const found = await session.record();
  const record = acceptRecord(found, environment, identity, notes);
  const journal = await session.journal();
  const unfinished = input.finishing ? undefined : acceptJournal(journal, environment, identity);
  if (unfinished) notes.push(describeUnfinished(unfinished).message, describeUnfinished(unfinished).hint);
  const git = await readInventory({ ...input, weaves: environment.weaves });
  noteMissingWeaves(git, record, environment, notes);
  const base = await readBase(input, record, notes);
  const tables = await session.tables();
  const wantedDatasets = [...git.sides.values()].map(({ side }) => side.dataset);
  const stopped = await preflight(session, wantedDatasets, tables);

  /** Several weaves may hold parts of one dataset: one of them that comes from here is enough. */
  const isSource = (dataset: string) =>
    [...git.weaves.values()].some((weave) => weave.datasets.has(dataset) && weave.description?.source === identity);
  const names = [...new Set([...git.sides.keys(), ...(base?.sides.keys() ?? [])])];
  const order = writeOrder(names, tables);
  const targets = new Map<DatasetPlan, Target>();
  for (const name of order.names) {
    input.progress?.(`comparing ${name}`);
    if (input.signal?.aborted) throw new HeddleError("HDL900", "interrupted; nothing was written");
    const wanted = git.sides.get(name);
    const owned = base?.sides.get(name);
    const { dataset } = (wanted ?? owned)!.side;
    const context = { isSource: isSource(name), picked: dataset.pick !== undefined };
    const rules: Rules = {
      ...rulesFor(environment, name, context),
      rows: input.codec.rows,
      ...(record && !base && { baseLost: true }),
    };
    const neverPruned = tables.find((table) => table.name === name)?.neverPruned;
    if (rules.baseLost || neverPruned) rules.prune = "none";
    if (neverPruned) notes.push(`${name} is ${neverPruned}: nothing is deleted from it`);
    const exceptions = (input.finishing?.record ?? record)?.exceptions ?? [];
    const target = wanted && withStored(wanted.side, exceptions);
    const stored = owned && withKept(withStored(owned.side, exceptions), exceptions);
    const before = stored && target && input.codec.rows ? withinFields(stored, target.dataset) : stored;
    const { side, released } = comparableBase(target, before);
    const plan = wanted
      ? await diffOne(session, { weave: wanted.weave, git: target!, base: side, rules, released }).catch(
          async (error: unknown) => {
            throw await withAllUnfit(error, git);
          },
        )
      : releasedDataset(owned!.weave, owned!.side);
    noteUnselected(plan, tables.find((table) => table.name === name)?.columns, notes);
    targets.set(plan, {
      git: target,
      base: side,
      rules,
      // A dataset that is only released may have another shape by now.
      whole: plan.changes.length > 0 ? wholeDataset(dataset, tables) : dataset,
      exclusive: exclusiveOf(dataset, tables),
    });
  }

  const datasets = [...targets.keys()];
  const oneWay = datasets.filter(
    ({ dataset, changes }) => dataset.oneWay && changes.length > 0 && isSource(dataset.name),
  );
  refuseMaskedIntoSource(oneWay.map(({ dataset }) => dataset));
  const { apply } = environment;
  const back =
    record && apply.order !== "any" ? await commitsTakenBack(project.repository, record, input.revision) : [];
  const plan: Plan = {
    version: 1,
    id: randomUUID(),
    environment: environment.name,
    revision: input.revision,
    trees: Object.fromEntries(
      [...git.weaves].flatMap(([weave, { tree }]) => (tree === undefined ? [] : [[weave, tree]])),
    ),
    identity,
    notes,
    datasets,
    takesBack: back,
    intoSource: oneWay.map(({ dataset }) => dataset.name),
    held: record ? heldChanges(record, overlayDigest(input.overlay), targets) : [],
    protected: apply.protected,
    limits: { maxDeletes: apply.maxDeletes, maxChanges: apply.maxChanges },
  };
  await foresee(session, plan, tables, stopped);
  return {
    plan,
    record,
    found,
    journal,
    unfinished,
    targets,
    order,
    context: {
      readValues: (dataset, changes) => readValues(session, targets.get(dataset)!, dataset, changes),
      redact: (name) => pointersFor(environment.redact, name),
      local: (name) => pointersFor(environment.local, name),
      typeName: input.codec.typeName,
    },
  };
}

/** Deletes take whole rows with them, also what git does not know of them. */
function noteUnselected({ dataset, changes }: DatasetPlan, columns: Table["columns"], notes: string[]): void {
  const known = new Set(dataset.fields?.map(({ name }) => name));
  const others = (columns ?? [])
    .filter(({ name, generated }) => !generated && !known.has(name))
    .map(({ name }) => name);
  const deletes = changes.filter(({ kind }) => kind === "delete").length;
  if (deletes === 0 || others.length === 0) return;
  const [rows, fields] = [deletes === 1 ? "1 delete" : `${deletes} deletes`, others.length === 1 ? "field" : "fields"];
  notes.push(`${dataset.name}: ${rows} would take ${others.length} unselected ${fields} along: ${others.join(", ")}`);
}

/** What was last applied, as it was shaped then; undefined where nothing was, or where this clone does not have it. */
async function readBase(
  input: CompareInput,
  record: AppliedRecord | undefined,
  notes: string[],
): Promise<Inventory | undefined> {
  if (!record) return undefined;
  const { repository } = input.project;
  if (!(await isBaseAvailable(repository, record))) {
    notes.push(
      `the applied revision ${record.revision.slice(0, 10)} is not in this clone: what differs counts as a conflict, nothing is deleted (git fetch origin ${record.revision})`,
    );
    return undefined;
  }
  const trees = new Map(Object.entries(record.trees).map(([weave, tree]) => [weaveDirectory(weave), tree]));
  return readInventory({
    source: atTrees(repository, trees),
    weaves: Object.keys(record.trees),
    codec: input.codec,
    overlay: record.overlay.rules as unknown as TransformRule[],
  });
}

/** A wrong branch must not look like a wish to delete: a weave without data is said, or refused. */
function noteMissingWeaves(
  git: Inventory,
  record: AppliedRecord | undefined,
  environment: EnvironmentConfig,
  notes: string[],
): void {
  const missing = [...git.weaves].filter(([, { tree }]) => tree === undefined).map(([weave]) => weave);
  if (missing.length === environment.weaves.length && !record) {
    throw new HeddleError("HDL104", `the revision has no data of ${missing.join(", ")}`, {
      hint: `run \`heddle weave ${missing.join(" ")}\`, or name another revision with --rev`,
    });
  }
  for (const weave of missing) notes.push(`the revision has no ${weaveDirectory(weave)}`);
}

/**
 * Deletes exist only where base and git hold a dataset under the same key and selection. Else the entries that git no
 * longer has are released, and base speaks only of those that it has; under another key it speaks of none.
 */
function comparableBase(git: Side | undefined, base: Side | undefined): { side: Side | undefined; released: number } {
  if (!git || !base) return { side: base, released: 0 };
  const sameKey = JSON.stringify(git.dataset.key) === JSON.stringify(base.dataset.key);
  if (!sameKey) return { side: undefined, released: base.files.size };
  if (git.dataset.selection === base.dataset.selection) return { side: base, released: 0 };
  const files = new Map([...base.files].filter(([name]) => git.files.has(name)));
  return { side: { ...base, files }, released: base.files.size - files.size };
}

/** Rows without the columns that are no longer selected: they are never compared, and may be gone from the table. */
function withinFields(base: Side, { fields = [] }: Dataset): Side {
  const names = new Set(fields.map(({ name }) => name));
  const listed = base.dataset.fields ?? [];
  if (listed.every(({ name }) => names.has(name))) return base;
  return {
    ...base,
    dataset: { ...base.dataset, fields: listed.filter(({ name }) => names.has(name)) },
    async *read(files) {
      for await (const batch of base.read(files)) {
        yield batch.map((entry) => ({
          ...entry,
          fields: new Map([...entry.fields].filter(([name]) => names.has(name))),
        }));
      }
    },
  };
}

interface DiffOne {
  weave: string;
  git: Side;
  base: Side | undefined;
  rules: Rules;
  released: number;
}

async function diffOne(session: ReadSession, { weave, git, base, rules, released }: DiffOne): Promise<DatasetPlan> {
  const wanted = git.files.size + (base?.files.size ?? 0);
  const scan = (await session.estimate(git.dataset)) <= 1000 + 4 * wanted;
  const normalize = session.normalize.bind(session);
  const plan = await diffDataset({ weave, git, base, live: session, scan, rules, parse: trustedFields, normalize });
  return { ...plan, released, owned: plan.owned + released };
}

/** A dataset that the revision no longer has: its entries stay, and are no longer owned. */
function releasedDataset(weave: string, { dataset, files }: Side): DatasetPlan {
  const none = { changes: [], blocked: [], kept: [], adopted: 0 };
  return { weave, dataset, ...none, owned: files.size, wanted: 0, released: files.size };
}

/** Masked values must never overwrite the originals: no flag grants that. */
function refuseMaskedIntoSource(datasets: readonly Dataset[]): void {
  const masked = datasets.filter((dataset) => (dataset.masked ?? []).length > 0).map(({ name }) => name);
  if (masked.length === 0) return;
  throw new HeddleError("HDL600", `${masked.join(", ")}: masked on the way out of this very database`, {
    hint: "masked data is never applied to its source; check the environment's URL",
  });
}

/** The fields of a text that an engine's codec made. */
export function trustedFields(text: string): Fields {
  return parseManifest(text).fields;
}

export async function readValues(
  session: ReadSession,
  { git }: Target,
  { dataset }: DatasetPlan,
  changes: readonly Change[],
): Promise<Map<string, ChangeValues>> {
  const values = new Map<string, ChangeValues>(changes.map(({ name }) => [name, { git: undefined, live: undefined }]));
  const files = changes.flatMap(({ kind, name, git: id }) => (kind !== "delete" && id ? [[name, id] as const] : []));
  if (git && files.length > 0) {
    for await (const batch of git.read(files)) for (const { name, fields } of batch) values.get(name)!.git = fields;
  }
  const names = new Map(
    changes.flatMap(({ kind, key, liveKey, name }) => (kind === "update" ? [[liveKey ?? key, name]] : [])),
  );
  if (names.size > 0) {
    for await (const found of session.lookup(dataset, [...names.keys()])) {
      for (const { requested, entry } of found) values.get(names.get(requested)!)!.live = trustedFields(entry.text);
    }
  }
  return values;
}

/** The environment of a configuration; where it only lies in the work tree, the error says so. */
export async function environmentOf(
  config: Parameters<typeof findEnvironment>[0],
  name: string,
  inWorkTree: () => Promise<boolean>,
): Promise<EnvironmentConfig> {
  try {
    return findEnvironment(config, name);
  } catch (error) {
    if (await inWorkTree().catch(() => false)) {
      throw new HeddleError(
        "HDL104",
        `the environment ${name} is in the work tree only, not in the trusted configuration`,
        {
          hint: "commit it (`git add weave-configs && git commit`), or try it with `--config .`",
        },
      );
    }
    throw error;
  }
}
