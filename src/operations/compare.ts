import { randomUUID } from "node:crypto";
import type { EnvironmentConfig } from "../config/config.js";
import { pointersFor, rulesFor } from "../config/rules.js";
import type { Database, ReadSession, Table } from "../database/database.js";
import { exclusiveOf, wholeDataset } from "../database/describe.js";
import type { Codec } from "../model/codec.js";
import { HeddleError } from "../model/errors.js";
import type { SeenRows } from "../model/fingerprint.js";
import type { Journal } from "../model/journal.js";
import { type Naming, tableOf } from "../model/naming.js";
import { diffDataset, NeedsAllEntries } from "../plan/diff.js";
import { type WriteOrder, writeOrder } from "../plan/order.js";
import type { DatasetPlan, Plan, Rules } from "../plan/plan.js";
import type { RenderContext } from "../plan/show.js";
import type { Target } from "../reconcile/reconcile.js";
import type { Source } from "../repository/source.js";
import type { Pipeline } from "../transform/pipeline.js";
import type { TransformRule } from "../transform/rules.js";
import { commitsTakenBack, isBaseAvailable, readBase } from "./base.js";
import { comparable } from "./comparable.js";
import { type Fingerprints, fingerprintsOf } from "./fingerprints.js";
import { foresee } from "./foresee.js";
import { heldChanges } from "./hold.js";
import { readChanges } from "./incremental.js";
import { intoSource, isSource } from "./into-source.js";
import { type Inventory, readInventory, withAllUnfit } from "./inventory.js";
import { deleteNotes, missingWeaves } from "./notes.js";
import { pace, paced } from "./pace.js";
import { preflight } from "./preflight.js";
import type { Project } from "./project.js";
import { shapeDigest } from "./shape-digest.js";
import { openShapeCache } from "./shaped-digests.js";
import { type Stop, spread } from "./spread.js";
import { readState, refuseShared, type State } from "./state.js";
import { translated } from "./translation.js";
import { describeUnfinished } from "./unfinished.js";
import { readValues, trustedFields } from "./values.js";

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
  /** The revision's names for what this environment has. */
  naming: Naming;
  /** The revision's schemas, by weave. */
  validate: ReadonlyMap<string, Pipeline>;
  notes: readonly string[];
  /** Compares what git changed since it was applied, and whatever may have drifted: all that fingerprints do not settle. */
  full?: boolean;
  /** Compares every entry, whatever fingerprints say. */
  exact?: boolean;
  /** Fingerprints are wanted for the record of an apply. */
  fingerprints?: boolean;
  /** Entries that would be released are deleted. */
  deleteReleased?: boolean;
  /** The journal that this is to finish. */
  finishing?: Journal;
  /** Datasets that are compared at a time, where the database can do that; 1. */
  concurrency?: number;
  /** Further sessions that see the moment of the one that is compared. */
  others?: readonly ReadSession[];
  progress?(text: string): void;
  signal?: Stop;
}

export interface Comparison extends Omit<State, "identity"> {
  /** The database as the plan speaks of it. */
  named: Database;
  plan: Plan;
  /** What reconcile needs of each dataset of the plan. */
  targets: ReadonlyMap<DatasetPlan, Target>;
  /** For rendering: reads values from this session, so only while it lasts. */
  context: RenderContext;
  order: WriteOrder;
  /** Of datasets as this session saw them. */
  fingerprints: ReadonlyMap<string, SeenRows>;
}

/** The two inventories, and the database that they are compared with. */
interface Sides {
  git: Inventory;
  /** Undefined where nothing was applied, or where this clone does not have it. */
  base: Inventory | undefined;
  /** Datasets of which both list only what git changed. */
  partial: ReadonlySet<string>;
  state: State;
  tables: readonly Table[];
}

/**
 * Compares a database with what a revision wants of it, three ways with what was last applied: only entries that git
 * changed since then, where that is known to be enough. Writes nothing.
 */
export async function compare(session: ReadSession, input: CompareInput): Promise<Comparison> {
  try {
    return await compareState(session, input);
  } catch (error) {
    if (!(error instanceof NeedsAllEntries)) throw error;
    return compareState(session, { ...input, exact: true });
  }
}

async function compareState(raw: ReadSession, input: CompareInput): Promise<Comparison> {
  const { environment, project, codec } = input;
  const notes = [...input.notes];
  const found = await readState(raw, environment, notes);
  const state = input.finishing ? { ...found, unfinished: undefined } : found;
  const { record, identity, unfinished } = state;
  if (unfinished) notes.push(describeUnfinished(unfinished).message, describeUnfinished(unfinished).hint);
  // Asked once: each time costs a git process for every weave, and a fetch where the base is not there.
  const isAvailable = record !== undefined && (await isBaseAvailable(project.repository, record));
  const prints = fingerprintsOf(raw, input, record);
  const changes = record && isAvailable ? await readChanges(input, record, prints) : undefined;
  const source = changes?.after ?? input.source;
  const partial: Sides["partial"] = changes?.partial ?? new Set();
  const shapes = openShapeCache(project.repository, partial);
  const desired = await readInventory({ ...input, shapes, source, weaves: environment.weaves });
  notes.push(...missingWeaves(desired, !record));
  const places = [...desired.sides.keys()].map((name) => tableOf(name, input.naming));
  refuseShared(state, environment, places);
  // Lists of changes are not the other side's.
  const from = { shapes, isAvailable, ...(changes ? { source: changes.before } : { listed: desired.weaves }) };
  const applied = record && (await readBase(project.repository, record, codec, notes, from));
  const translation = await translated(raw, input, { git: desired, base: applied, record }).catch(async (error) => {
    throw await withAllUnfit(error, desired);
  });
  const { session, sessions, tables, git, base } = translation;
  notes.push(...translation.notes);
  const known = [...git.sides, ...(input.deleteReleased ? missingFrom(git, base, tables) : [])];
  const stopped = await preflight(
    session,
    known.map(([, { side }]) => side.dataset),
    tables,
  );

  const order = writeOrder([...new Set([...git.sides.keys(), ...(base?.sides.keys() ?? [])])], tables);
  const sides = { git, base, partial, state, tables };
  const compareOne = (session: ReadSession, name: string, signal: Stop) => {
    input.progress?.(`comparing ${name}`);
    return compareDataset(session, name, sides, prints, { ...input, signal });
  };
  const targets = new Map<DatasetPlan, Target>();
  for (const { plan, target } of await spread(sessions, order.names, compareOne, input.signal)) {
    const { name } = plan.dataset;
    notes.push(...deleteNotes(plan, findTable(tables, name)));
    const table = input.naming.map[name];
    if (table !== undefined) plan.table = table;
    targets.set(plan, target);
  }

  const datasets = [...targets.keys()];
  const { apply } = environment;
  const plan: Plan = {
    version: 1,
    id: randomUUID(),
    environment: environment.name,
    revision: input.revision,
    trees: treesOf(git),
    identity,
    notes,
    datasets,
    takesBack:
      record && apply.order !== "any" ? await commitsTakenBack(project.repository, record, input.revision) : [],
    intoSource: intoSource(datasets, git, identity),
    held: record ? heldChanges(record, shapeDigest(input.naming, input.overlay), targets) : [],
    protected: apply.protected,
    limits: { maxDeletes: apply.maxDeletes, maxChanges: apply.maxChanges },
  };
  await foresee(session, plan, tables, stopped);
  shapes.save();
  const context: RenderContext = {
    readValues: (dataset, changes) => readValues(session, targets.get(dataset)!.git, dataset, changes),
    redact: (name) => [...pointersFor(environment.redact, name), ...translation.secret(name)],
    local: (name) => pointersFor(environment.local, name),
    typeName: codec.typeName,
  };
  const fingerprints = input.fingerprints ? await prints?.seen(targets) : undefined;
  return {
    ...state,
    ...{ named: translation.database, plan, targets, order, context },
    fingerprints: fingerprints ?? new Map(),
  };
}

async function compareDataset(
  session: ReadSession,
  name: string,
  { git: revision, base: applied, partial, state, tables }: Sides,
  prints: Fingerprints | undefined,
  { environment, codec, finishing, full, deleteReleased, progress, signal }: CompareInput,
): Promise<{ plan: DatasetPlan; target: Target }> {
  const [wanted, owned] = [revision.sides.get(name), applied?.sides.get(name)];
  const { weave, side } = (wanted ?? owned)!;
  const { dataset } = side;
  const record = finishing?.record ?? state.record;
  const { git, base, released, deletesReleased } = comparable(wanted?.side, owned, {
    exceptions: record?.exceptions ?? [],
    rows: codec.rows,
    deleteReleased: deleteReleased === true && findTable(tables, name) !== undefined,
  });
  const context = { isSource: isSource(revision, name, state.identity), picked: dataset.pick !== undefined };
  const rules: Rules = { ...rulesFor(environment, name, context), rows: codec.rows };
  if (state.record && !applied) rules.baseLost = true;
  if (rules.baseLost || findTable(tables, name)?.neverPruned) rules.prune = "none";
  // What git does not speak of is nobody's mirror: of such a dataset no more goes than was applied.
  if (!git && rules.prune === "mirror") rules.prune = "owned";

  const diff = async (): Promise<DatasetPlan> => {
    stopIfAsked(signal);
    if (!git && !deletesReleased) return releasedDataset(weave, dataset, released);
    const files = (git?.files.size ?? 0) + (base?.files.size ?? 0);
    const isPartial = partial.has(name);
    const compared = full ? "fingerprints" : "changed";
    const rows = isPartial && files === 0 ? 0 : await session.estimate((git ?? base)!.dataset);
    // To shape an entry costs less than to compare its fields with what is live.
    if (rows > files / 4) await git?.learn?.();
    const moved = prints?.live(session, name);
    const tell = pace(progress, `comparing ${name}`, rows);
    const plan = await diffDataset({
      ...{ weave, git, base, rules, parse: trustedFields },
      ...(isPartial && { partial: compared }),
      live: paced(moved ?? session, (done) => {
        stopIfAsked(signal);
        tell(done);
      }),
      scan: isPartial ? moved !== undefined || (rows <= 4 * files && files > 0) : rows <= 1000 + 4 * files,
      normalize: session.normalize.bind(session),
    });
    if (deletesReleased) relabel(plan);
    if (isPartial) return { ...withRest(plan, state.record!.datasets![name]!.entries), compared };
    return { ...plan, released, owned: plan.owned + released };
  };
  const plan = await diff().catch(async (error: unknown) => {
    throw await withAllUnfit(error, revision);
  });
  // A dataset that is only released may have another shape by now.
  const whole = plan.changes.length > 0 ? wholeDataset(dataset, tables) : dataset;
  return { plan, target: { git, base, rules, whole, exclusive: exclusiveOf(dataset, tables) } };
}

function stopIfAsked(signal: Stop | undefined): void {
  if (signal?.aborted) throw new HeddleError("HDL900", "interrupted; nothing was written");
}

/** A dataset that the revision no longer has: its entries stay, and are no longer owned. */
function releasedDataset(weave: string, dataset: DatasetPlan["dataset"], released: number): DatasetPlan {
  const none = { changes: [], blocked: [], kept: [], adopted: 0 };
  return { weave, dataset, ...none, owned: released, wanted: 0, released };
}

/** A plan of some entries, counted with those that are as they were applied. */
function withRest(plan: DatasetPlan, entries: number): DatasetPlan {
  return { ...plan, owned: entries, wanted: entries - plan.owned + plan.wanted };
}

/** Deletes of what is no longer selected, each with the consent that they need. */
function relabel({ changes }: DatasetPlan): void {
  for (const change of changes) if (change.kind === "delete" && change.label === "git") change.label = "released";
}

/** The datasets that git no longer has and that are there to delete from. */
function missingFrom(git: Inventory, base: Inventory | undefined, tables: readonly Table[]): Inventory["sides"] {
  const isThere = (name: string) => !git.sides.has(name) && findTable(tables, name) !== undefined;
  return new Map([...(base?.sides ?? [])].filter(([name, { elsewhere }]) => isThere(name) && !elsewhere));
}

function findTable(tables: readonly Table[], name: string): Table | undefined {
  return tables.find((table) => table.name === name);
}

function treesOf({ weaves }: Inventory): Plan["trees"] {
  return Object.fromEntries([...weaves].flatMap(([weave, { tree }]) => (tree === undefined ? [] : [[weave, tree]])));
}
