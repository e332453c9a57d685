import { randomUUID } from "node:crypto";
import type { EnvironmentConfig } from "../config/config.js";
import { whoami } from "../config/environment.js";
import { pointersFor, rulesFor } from "../config/rules.js";
import type { ReadSession, Table } from "../database/database.js";
import { exclusiveOf, wholeDataset } from "../database/describe.js";
import type { Dataset } from "../model/dataset.js";
import { type Digest, digestOf, type Key, valueDigest } from "../model/entry.js";
import { HeddleError } from "../model/errors.js";
import type { Journal } from "../model/journal.js";
import { equalJson, type Fields, type Json, renderFields } from "../model/json.js";
import type { AppliedRecord, Exception, KeptEntry, PreImage } from "../model/record.js";
import { escapePointer } from "../plan/merge-entry.js";
import { writeOrder } from "../plan/order.js";
import type { Change, DatasetPlan, Plan, Rules } from "../plan/plan.js";
import { missingConsents, policy } from "../plan/policy.js";
import type { Side } from "../plan/side.js";
import { comparedDigest } from "../plan/side.js";
import type { Target } from "../reconcile/reconcile.js";
import { atTrees } from "../repository/recorded.js";
import type { Repository } from "../repository/repository.js";
import { readWeave, weaveDirectory } from "../repository/weave.js";
import type { ApplyOptions } from "./apply.js";
import { acceptRecord, isBaseAvailable } from "./base.js";
import { readValues, trustedFields } from "./compare.js";
import { foresee } from "./foresee.js";
import { passGate } from "./gate.js";
import { distinct } from "./hold.js";
import { preflight } from "./preflight.js";
import { presentOnce } from "./present.js";
import { type Destination, withDestination } from "./target.js";
import { acceptJournal } from "./unfinished.js";
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

/**
 * Restores what an environment's entries were before an apply, from the pre-images in the database, by a plan of its own
 * with the same guards. Entries that changed since go by `onConflict`. Holds the environment until git follows. An apply
 * that is not finished is the newest one; an undo that is not finished is finished.
 * HDL301 where there is no such apply, or its pre-images are no longer kept.
 */
export async function undo(options: UndoOptions): Promise<UndoResult> {
  return withDestination(options, (destination) => undoIn(destination, options));
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

async function planUndo(
  session: ReadSession,
  { project, environment, codec, database }: Destination,
  options: UndoOptions,
) {
  const notes: string[] = [];
  const identity = await session.identity();
  const found = await session.record();
  acceptRecord(found, environment, identity, notes);
  const journal = await session.journal();
  const accepted = acceptJournal(journal, environment, identity);
  // Without transactions the record may stand and the journal with it.
  const unfinished = accepted?.record.plan === found?.plan ? undefined : accepted;
  const { undoes, target } = unfinished?.undoes
    ? { undoes: unfinished.undoes, target: unfinished.record }
    : chosen(
        [
          ...(unfinished ? [unfinished.record] : []),
          ...(await session.history(1000)).filter((record) => record.identity === identity),
        ],
        environment,
        options.id,
      );
  const newest = unfinished?.record ?? found;
  const owned = await countOwned(project.repository, newest);
  const tables = await session.tables();
  const datasets = new Map<DatasetPlan, Target>();
  const hold = [...(target.hold ?? [])];
  for (const [name, images] of await collectImages(session, undoes)) {
    if (isMissing(name, images, tables)) continue;
    if (newest && !unfinished?.undoes) {
      const { revision } = newest;
      for (const { name: entry, wanted: state } of images.values()) {
        hold.push({ dataset: name, name: entry, state, revision });
      }
    }
    const { ignore, local, ...others } = rulesFor(environment, name, { isSource: false, picked: false });
    // What is never written comes back with an entry that was deleted.
    const rules: Rules = { ...others, prune: "owned", ignore: [...ignore, ...local], local: [] };
    const whole = wholeOf(name, images, codec.engine, tables);
    const live = await readTexts(session, whole, images);
    const side = sideOfImages(whole, images, live, manifestsOf(images, target.exceptions, found?.exceptions ?? []));
    const exclusive = exclusiveOf(whole, tables);
    datasets.set(planDataset(whole, images, live, rules, owned.get(name)), {
      git: side,
      base: undefined,
      rules,
      whole,
      exclusive,
    });
  }
  const byName = new Map([...datasets.keys()].map((plan) => [plan.dataset.name, plan]));
  const order = writeOrder([...byName.keys()], tables);
  const { apply } = environment;
  const plan: Plan = {
    version: 1,
    id: target.plan,
    environment: environment.name,
    revision: target.revision,
    trees: target.trees,
    identity,
    notes: [...notes, `takes back ${undoes.map(({ plan, at }) => `${plan.slice(0, 8)} of ${at}`).join(", ")}`],
    datasets: order.names.map((name) => byName.get(name)!),
    takesBack: [],
    intoSource: [],
    held: [],
    protected: apply.protected,
    limits: { maxDeletes: apply.maxDeletes, maxChanges: apply.maxChanges },
  };
  const wholes = [...datasets.values()].map(({ whole }) => whole);
  await foresee(session, plan, tables, await preflight(session, wholes, tables));
  const atomic = noteTransactions(plan, database, apply.atomic);
  const missing = [...missingConsents(policy(plan), options.grants ?? {}, environment.name), ...atomic];
  await options.present?.({
    plan,
    missing,
    context: {
      readValues: (part, changes) => readValues(session, datasets.get(part)!, part, changes),
      redact: (name) => pointersFor(environment.redact, name),
      typeName: codec.typeName,
    },
  });
  const kept = plan.datasets.flatMap((part) =>
    part.kept.map(({ name }): KeptEntry => ({ kind: "kept", dataset: part.dataset.name, name })),
  );
  const isKept = (one: Exception) => kept.some(({ dataset, name }) => one.dataset === dataset && one.name === name);
  const exceptions = [...target.exceptions.filter((one) => one.kind !== "kept" || !isKept(one)), ...kept];
  return {
    plan,
    missing,
    found,
    journal,
    targets: datasets,
    record: {
      ...target,
      exceptions,
      ...(hold.length > 0 && { hold: distinct(hold) }),
      identity,
      who: whoami(),
      at: new Date().toISOString(),
    },
    undoes,
    order,
  };
}

/** The applies to take back, newest first, and what the record says once they are. */
function chosen(
  history: readonly AppliedRecord[],
  { name, formerly }: Pick<EnvironmentConfig, "name" | "formerly">,
  id = "",
) {
  const at = id === "" ? 0 : history.findIndex(({ plan }) => plan.startsWith(id));
  const record = history[at];
  if (record && [name, ...formerly].includes(record.environment)) {
    const undoes = history.slice(0, at + 1).map(({ plan, at, counts }) => ({ plan, at, counts }));
    return { undoes, target: { ...recordOf(history[0]!, record, history[at + 1]), environment: name } };
  }
  throw new HeddleError("HDL301", id === "" ? `nothing was applied to ${name} yet` : `${name} has no apply ${id}`, {
    hint: `heddle history ${name} lists them`,
  });
}

/** Entries of each dataset that the record owns; none where this clone does not have its trees. */
async function countOwned(repository: Repository, record: AppliedRecord | undefined): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  if (!record || !(await isBaseAvailable(repository, record))) return counts;
  const trees = new Map(Object.entries(record.trees).map(([weave, tree]) => [weaveDirectory(weave), tree]));
  for (const weave of Object.keys(record.trees)) {
    const { datasets } = await readWeave(atTrees(repository, trees), weave);
    for (const [name, { files }] of datasets) counts.set(name, (counts.get(name) ?? 0) + files.size);
  }
  return counts;
}

/** For every entry its state before the oldest of these applies and after the newest. */
async function collectImages(
  session: ReadSession,
  undoes: NonNullable<Journal["undoes"]>,
): Promise<Map<string, Map<string, PreImage>>> {
  const datasets = new Map<string, Map<string, PreImage>>();
  for (const { plan, counts, at } of undoes) {
    const all: PreImage[] = [];
    for await (const batch of session.preImages(plan)) all.push(...batch);
    // An apply that was resumed may have met an entry twice: the first image is older.
    for (const image of all.reverse()) {
      const images = datasets.get(image.dataset) ?? new Map<string, PreImage>();
      datasets.set(image.dataset, images);
      const { after: _, ...older } = image;
      const newer = images.get(image.name);
      const { wanted } = newer ?? image;
      const after = newer ? newer.after && [...new Map([...(image.after ?? []), ...newer.after])] : image.after;
      images.set(image.name, { ...older, wanted, ...(after && { after }) });
    }
    const count = all.length;
    if (count >= counts.created + counts.updated + counts.deleted) continue;
    throw new HeddleError("HDL301", `the pre-images of ${plan.slice(0, 8)} (${at}) are no longer kept`, {
      hint: "go back by git: revert the commit, or apply an older revision with --rollback",
    });
  }
  return datasets;
}

/** A collection that was never made: nothing was written into it. */
function isMissing(name: string, images: ReadonlyMap<string, PreImage>, tables: readonly Table[]): boolean {
  return (
    !tables.some((table) => table.name === name) && [...images.values()].every(({ before }) => before === undefined)
  );
}

function wholeOf(
  name: string,
  images: ReadonlyMap<string, PreImage>,
  engine: string,
  tables: readonly Table[],
): Dataset {
  const [image] = images.values();
  const table = tables.find((candidate) => candidate.name === name);
  if (!table || !image) throw new HeddleError("HDL206", `${name}: the database has no such table any more`);
  const key = image.keyFields;
  if ([...images.values()].some(({ keyFields }) => JSON.stringify(keyFields) !== JSON.stringify(key))) {
    throw new HeddleError("HDL301", `${name}: its key changed between the applies that this would take back`, {
      hint: "undo the newest apply alone, then the one before it",
    });
  }
  const bare: Dataset = { engine, name, key, selection: "", oneWay: false, layout: { kind: "files", fanout: 0 } };
  return wholeDataset(bare, tables);
}

/** What the entries become: a side like a revision's. Of an entry that is there only what was written changes. */
function sideOfImages(
  dataset: Dataset,
  images: ReadonlyMap<string, PreImage>,
  live: ReadonlyMap<string, string>,
  manifests: ReadonlyMap<string, Fields>,
): Side {
  const names = new Map([...images.values()].map(({ key, name }) => [key, name]));
  const existed = [...images.values()].filter(({ before }) => before !== undefined);
  return {
    dataset,
    files: new Map(existed.map(({ name, before }): [string, Digest] => [name, digestOf(before!)])),
    shaped: false,
    nameOf: (key: Key) => names.get(key) ?? key,
    async *read(files) {
      yield files.map(([name]) => {
        const { key, before, after } = images.get(name)!;
        const fields = restored(trustedFields(before!), after, live.get(name));
        return { name, key, fields, manifest: manifests.get(name)! };
      });
    },
  };
}

/** What the revision before says of the fields that were written or altered, as far as what was stored tells. */
function manifestsOf(
  images: ReadonlyMap<string, PreImage>,
  then: readonly Exception[],
  now: readonly Exception[],
): Map<string, Fields> {
  const alteredOf = (exceptions: readonly Exception[], { dataset, name }: PreImage) =>
    exceptions.flatMap((one) =>
      one.kind === "altered" && one.dataset === dataset && one.name === name ? one.fields : [],
    );
  const manifests = new Map<string, Fields>();
  for (const image of images.values()) {
    if (image.before === undefined) continue;
    const before = trustedFields(image.before);
    const altered = new Map(alteredOf(then, image).map((one) => [one.field, one]));
    const manifest: Fields = new Map();
    const names = image.after ? image.after.map(([field]) => field) : [...before.keys()];
    for (const name of [...names, ...altered.keys(), ...alteredOf(now, image).map(({ field }) => field)]) {
      const [value, one] = [before.get(name), altered.get(name)];
      const wanted = one && equalJson(value, one.stored) ? one.wanted : value;
      if (wanted !== undefined) manifest.set(name, wanted);
    }
    manifests.set(image.name, manifest);
  }
  return manifests;
}

/** The entry as it was; where it is there, and was updated, as it is but for the fields that were written. */
function restored(before: Fields, after: PreImage["after"], live: string | undefined): Fields {
  if (after === undefined || live === undefined) return before;
  const now = trustedFields(live);
  const written = new Set(after.map(([field]) => field));
  const value = (name: string) => (written.has(name) ? before : now).get(name);
  return new Map(
    [...new Set([...before.keys(), ...now.keys()])].flatMap((name): [string, Json][] => {
      const own = value(name);
      return own === undefined ? [] : [[name, own]];
    }),
  );
}

/** What the database has of these entries now, whole, by name. */
async function readTexts(
  session: ReadSession,
  dataset: Dataset,
  images: ReadonlyMap<string, PreImage>,
): Promise<Map<string, string>> {
  const live = new Map<string, string>();
  const names = new Map([...images.values()].map(({ key, name }) => [key, name]));
  for await (const found of session.lookup(dataset, [...names.keys()])) {
    for (const { requested, entry } of found) live.set(names.get(requested)!, entry.text);
  }
  return live;
}

function planDataset(
  dataset: Dataset,
  images: ReadonlyMap<string, PreImage>,
  live: ReadonlyMap<string, string>,
  rules: Rules,
  owned = images.size,
): DatasetPlan {
  const existed = (image: PreImage) => image.before !== undefined;
  const all = [...images.values()];
  const plan: DatasetPlan = {
    weave: "",
    dataset,
    changes: [],
    blocked: [],
    kept: [],
    owned,
    wanted: owned - all.filter((image) => image.after !== undefined).length + all.filter(existed).length,
    adopted: 0,
    released: 0,
  };
  for (const image of all) noteImage(plan, image, live.get(image.name), rules);
  return plan;
}

function noteImage(
  plan: DatasetPlan,
  { key, name, before, after }: PreImage,
  live: string | undefined,
  rules: Rules,
): void {
  const untouched = new Set(rules.ignore);
  const [old, now] = [before, live].map((text) => (text === undefined ? undefined : trustedFields(text)));
  const wanted = old && restored(old, after, live);
  if (live === (wanted && renderFields(wanted))) return;
  const kind = before === undefined ? "delete" : live === undefined ? "create" : "update";
  const isAsLeft = ([field, digest]: [string, Digest | null]) =>
    untouched.has(`/${escapePointer(field)}`) ||
    valueDigest(now!.get(field)) === digest ||
    (old !== undefined && equalJson(now!.get(field), old.get(field)));
  const asLeft = now && after ? after.every(isAsLeft) : !now && !after;
  const change: Change = {
    kind,
    label: asLeft ? "git" : "conflict",
    key,
    name,
    fields: kind === "update" ? changedFields(wanted!, now!) : [],
    ...(before !== undefined && { git: digestOf(before) }),
    ...(now && { live: comparedDigest(now, rules) }),
  };
  if (asLeft || rules.onConflict === "git") plan.changes.push(change);
  else if (rules.onConflict === "fail") plan.blocked.push(change);
  else plan.kept.push({ key, name, why: "conflict" });
}

function changedFields(wanted: Fields, live: Fields): Change["fields"] {
  return [...new Set([...wanted.keys(), ...live.keys()])]
    .filter((name) => !equalJson(wanted.get(name), live.get(name)))
    .map((name) => ({ path: `/${escapePointer(name)}`, label: "git" }));
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
    overlay: before?.overlay ?? newest.overlay,
    plan: randomUUID(),
    kind: "undo",
    exceptions: before?.exceptions ?? [],
    ...(before?.hold && { hold: before.hold }),
  };
}
