import { randomUUID } from "node:crypto";
import type { EnvironmentConfig } from "../config/config.js";
import { whoami } from "../config/environment.js";
import { pointersFor, rulesFor } from "../config/rules.js";
import type { ReadSession, Table } from "../database/database.js";
import { exclusiveOf } from "../database/describe.js";
import { HeddleError } from "../model/errors.js";
import type { Journal } from "../model/journal.js";
import { type Naming, sameNames, tableOf } from "../model/naming.js";
import { type AppliedRecord, type Exception, heldTables, type KeptEntry } from "../model/record.js";
import { writeOrder } from "../plan/order.js";
import type { DatasetPlan, Plan, Rules } from "../plan/plan.js";
import { missingConsents, policy } from "../plan/policy.js";
import type { RenderContext } from "../plan/show.js";
import type { Target } from "../reconcile/reconcile.js";
import type { Repository } from "../repository/repository.js";
import { readWeave } from "../repository/weave.js";
import { announced } from "./announce.js";
import type { ApplyOptions } from "./apply.js";
import { appliedSource, isBaseAvailable } from "./base.js";
import { foresee } from "./foresee.js";
import { passGate } from "./gate.js";
import { distinct } from "./hold.js";
import { collectImages, type Images, liveTexts, manifestsOf, neverMade, sideOfImages, wholeOf } from "./pre-images.js";
import { preflight } from "./preflight.js";
import { presentOnce } from "./present.js";
import { recordedShape } from "./shape-digest.js";
import { readState, refuseShared, type State } from "./state.js";
import { type Destination, locate, withDatabase } from "./target.js";
import { translatedDatabase } from "./translation.js";
import { planDataset } from "./undo-dataset.js";
import { readValues } from "./values.js";
import { noteTransactions, write } from "./write.js";

export interface UndoOptions extends Omit<ApplyOptions, "plan" | "revision" | "resume"> {
  /** Id of an apply, or its first digits: it and all later ones are taken back. The newest where none is given. */
  id?: string;
}

export interface UndoResult {
  plan: Plan;
  /** Ids of the applies that were taken back, newest first. */
  undone: string[];
}

/** What is taken back, and what the record says once it is. */
interface Undo {
  undoes: NonNullable<Journal["undoes"]>;
  target: Omit<AppliedRecord, "counts">;
  /** What the pre-images call things. */
  naming: Naming;
  /** The state that this starts from; undefined where it finishes an undo that broke off. */
  newest: AppliedRecord | undefined;
}

/**
 * Restores what an environment's entries were before an apply, from the pre-images in the database, by a plan of its own
 * with the same guards. Entries that changed since go by `onConflict`. Holds the environment until git follows. An apply
 * that is not finished is the newest one; an undo that is not finished is finished.
 * HDL301 where there is no such apply, or its pre-images are no longer kept; HDL606 where another environment holds a dataset of it.
 */
export async function undo(options: UndoOptions): Promise<UndoResult> {
  const place = await locate(options);
  return announced(place.environment, "undo", options, (own) =>
    withDatabase(place, (destination) => undoIn(destination, own)),
  );
}

/** The same where the database is open already. */
export async function undoIn(destination: Destination, options: UndoOptions): Promise<UndoResult> {
  const present = presentOnce(options.present);
  const made = await destination.database.read((session) => planUndo(session, destination, { ...options, present }));
  const { plan, missing, record, undoes } = made;
  await passGate(plan, missing, options.confirm);
  await write(destination, made, record, options, undoes);
  return { plan, undone: undoes.map(({ plan }) => plan) };
}

async function planUndo(raw: ReadSession, destination: Destination, options: UndoOptions) {
  const { environment, codec } = destination;
  const notes: string[] = [];
  const state = await readState(raw, environment, notes);
  const { undoes, target, newest, naming } = await chooseUndo(raw, state, environment, options.id);
  const { session, database } = await translatedDatabase(raw, destination.database, naming);
  const images = await collectImages(session, undoes);
  const tables = await session.tables();
  const targets = await targetsOf(session, images, tables, destination, { state, target });

  // What another environment has taken over since is no longer this one's to take back.
  const held = new Set([...(heldTables(target) ?? []), ...[...images.keys()].map((name) => tableOf(name, naming))]);
  refuseShared(state, environment, [...held]);

  const byName = new Map([...targets.keys()].map((plan) => [plan.dataset.name, plan]));
  const order = writeOrder([...byName.keys()], tables);
  const { apply } = environment;
  const plan: Plan = {
    version: 1,
    id: target.plan,
    environment: environment.name,
    revision: target.revision,
    trees: target.trees,
    identity: state.identity,
    notes: [...notes, `takes back ${undoes.map(({ plan, at }) => `${plan.slice(0, 8)} of ${at}`).join(", ")}`],
    datasets: order.names.map((name) => byName.get(name)!),
    takesBack: [],
    intoSource: [],
    held: [],
    protected: apply.protected,
    limits: { maxDeletes: apply.maxDeletes, maxChanges: apply.maxChanges },
  };
  const wholes = [...targets.values()].map(({ whole }) => whole);
  await foresee(session, plan, tables, await preflight(session, wholes, tables));
  const atomic = noteTransactions(plan, database, apply.atomic);
  const missing = [...missingConsents(policy(plan), options.grants ?? {}, environment.name), ...atomic];
  const context: RenderContext = {
    readValues: (part, changes) => readValues(session, targets.get(part)!.git, part, changes),
    redact: (name) => pointersFor(environment.redact, name),
    typeName: codec.typeName,
  };
  await options.present?.({ plan, missing, context });
  const hold = distinct([...(target.hold ?? []), ...(newest ? takenBack(targets.keys(), images, newest) : [])]);
  const record = {
    ...target,
    exceptions: exceptionsOf(plan, target.exceptions),
    ...(hold.length > 0 && { hold }),
    identity: state.identity,
    who: whoami(),
    at: new Date().toISOString(),
  };
  return { ...state, named: database, plan, missing, targets, record, undoes, order };
}

/** An undo that is not finished is finished; an apply that is not finished is the newest one. */
async function chooseUndo(
  session: ReadSession,
  { identity, found, unfinished: open }: State,
  environment: EnvironmentConfig,
  id = "",
): Promise<Undo> {
  const { name, formerly } = environment;
  // Without transactions the record may stand and the journal with it.
  const unfinished = open?.record.plan === found?.plan ? undefined : open;
  const own = (await session.history(1000, [name, ...formerly])).filter((record) => record.identity === identity);
  const history = unfinished ? [unfinished.record, ...own] : own;
  if (unfinished?.undoes) {
    const { undoes, record: target } = unfinished;
    return { undoes, target, naming: namingOf(undoes, history), newest: undefined };
  }
  const at = id === "" ? 0 : history.findIndex(({ plan }) => plan.startsWith(id));
  const [newest, record] = [history[0], history[at]];
  if (newest && record) {
    const undoes = history.slice(0, at + 1).map(({ plan, at, counts }) => ({ plan, at, counts }));
    const naming = namingOf(undoes, history);
    const target = { ...recordOf(newest, record, history[at + 1]), environment: name, formerly };
    if (JSON.stringify(naming) !== JSON.stringify(recordedShape(target).naming)) target.imagesIn = naming;
    return { undoes, target, naming, newest };
  }
  throw new HeddleError("HDL301", id === "" ? `nothing was applied to ${name} yet` : `${name} has no apply ${id}`, {
    hint: `heddle history ${name} lists them`,
  });
}

/** HDL301 where these applies do not call things the same: what one wrote, another may know by other keys. */
function namingOf(undoes: Undo["undoes"], history: readonly AppliedRecord[]): Naming {
  const records = history.filter(({ plan }) => undoes.some((one) => one.plan === plan));
  const namings = records.map((record) => record.imagesIn ?? recordedShape(record).naming);
  if (new Set(namings.map((naming) => JSON.stringify(naming))).size <= 1) return namings[0] ?? sameNames;
  throw new HeddleError("HDL301", "map, identify or references changed between the applies that this would take back", {
    hint: "undo the newest apply alone, then the one before it",
  });
}

/** What reconcile needs to take each dataset back to its pre-images. */
async function targetsOf(
  session: ReadSession,
  datasets: ReadonlyMap<string, Images>,
  tables: readonly Table[],
  { project, environment, codec }: Destination,
  { state, target }: { state: State; target: Undo["target"] },
): Promise<Map<DatasetPlan, Target>> {
  const owned = await countOwned(project.repository, state.unfinished?.record ?? state.found);
  const targets = new Map<DatasetPlan, Target>();
  for (const [name, images] of datasets) {
    if (neverMade(name, images, tables)) continue;
    const { ignore, local, ...others } = rulesFor(environment, name, { isSource: false, picked: false });
    // What is never written comes back with an entry that was deleted.
    const rules: Rules = { ...others, rows: codec.rows, prune: "owned", ignore: [...ignore, ...local], local: [] };
    const whole = wholeOf(name, images, codec.engine, tables);
    const live = await liveTexts(session, whole, images);
    const manifests = manifestsOf(images, target.exceptions, state.found?.exceptions ?? []);
    targets.set(planDataset(whole, images, live, rules, owned.get(name)), {
      git: sideOfImages(whole, images, live, manifests, rules.rows === true),
      base: undefined,
      rules,
      whole,
      exclusive: exclusiveOf(whole, tables),
    });
  }
  return targets;
}

/** Entries of each dataset that the record owns; none where this clone does not have its trees. */
async function countOwned(repository: Repository, record: AppliedRecord | undefined): Promise<Map<string, number>> {
  const known = Object.entries(record?.datasets ?? {});
  const counts = new Map(known.map(([name, { entries }]) => [name, entries]));
  if (counts.size > 0 || !record || !(await isBaseAvailable(repository, record))) return counts;
  for (const weave of Object.keys(record.trees)) {
    const { datasets } = await readWeave(appliedSource(repository, record), weave);
    for (const [name, { files }] of datasets) counts.set(name, (counts.get(name) ?? 0) + files.size);
  }
  return counts;
}

/** What is held once this is undone: what the entries were wanted to be. */
function takenBack(
  plans: Iterable<DatasetPlan>,
  images: ReadonlyMap<string, Images>,
  { revision }: AppliedRecord,
): NonNullable<AppliedRecord["hold"]> {
  return [...plans].flatMap(({ dataset: { name: dataset } }) =>
    [...images.get(dataset)!.values()].map(({ name, wanted: state }) => ({ dataset, name, state, revision })),
  );
}

/** What the state before had to say, with the entries that this leaves as they are though they changed since. */
function exceptionsOf({ datasets }: Plan, before: readonly Exception[]): Exception[] {
  const kept = datasets.flatMap((part) =>
    part.kept.map(({ name }): KeptEntry => ({ kind: "kept", dataset: part.dataset.name, name })),
  );
  const isKept = (one: Exception) => kept.some(({ dataset, name }) => one.dataset === dataset && one.name === name);
  return [...before.filter((one) => one.kind !== "kept" || !isKept(one)), ...kept];
}

/** The state before, as far as git knows it. */
function recordOf(
  newest: AppliedRecord,
  oldest: AppliedRecord,
  before: AppliedRecord | undefined,
): Omit<AppliedRecord, "counts"> {
  const { version, database, identity, environment, who, at } = newest;
  return {
    ...{ version, database, identity, environment, who, at },
    revision: before?.revision ?? oldest.revision,
    trees: before?.trees ?? {},
    ...(before ? before.datasets && { datasets: before.datasets } : { datasets: {} }),
    overlay: before?.overlay ?? newest.overlay,
    plan: randomUUID(),
    kind: "undo",
    exceptions: before?.exceptions ?? [],
    ...(before?.hold && { hold: before.hold }),
  };
}
