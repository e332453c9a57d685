import { randomUUID } from "node:crypto";
import { whoami } from "../config/environment.js";
import { pointersFor, rulesFor } from "../config/rules.js";
import type { ReadSession, Table } from "../database/database.js";
import { exclusiveOf, wholeDataset } from "../database/describe.js";
import type { Dataset } from "../model/dataset.js";
import { contentDigest, type Digest, digestOf, type Key } from "../model/entry.js";
import { HeddleError } from "../model/errors.js";
import type { Journal } from "../model/journal.js";
import type { AppliedRecord, PreImage } from "../model/record.js";
import { writeOrder } from "../plan/order.js";
import type { Change, DatasetPlan, Plan, Rules } from "../plan/plan.js";
import { missingConsents, policy } from "../plan/policy.js";
import type { Side } from "../plan/side.js";
import { comparedDigest } from "../plan/side.js";
import type { Target } from "../reconcile/reconcile.js";
import type { ApplyOptions } from "./apply.js";
import { acceptRecord } from "./base.js";
import { readValues, trustedFields } from "./compare.js";
import { foresee } from "./foresee.js";
import { passGate } from "./gate.js";
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
  return withDestination(options, (destination) => run(destination, options));
}

/** Restores what an undo that broke off has left. */
export async function finishUndo(
  destination: Destination,
  { grants }: Pick<Journal, "grants">,
  options: Omit<UndoOptions, "id">,
): Promise<UndoResult> {
  return run(destination, { ...options, grants: { ...grants, ...options.grants } });
}

async function run(destination: Destination, options: UndoOptions): Promise<UndoResult> {
  const present = presentOnce(options.present);
  const made = await destination.database.read((session) => planUndo(session, destination, { ...options, present }));
  const { plan, missing, record, undoes } = made;
  await passGate(plan, missing, options.confirm);
  await write(destination, made, record, options, undoes);
  return { plan, undone: undoes.map(({ plan }) => plan) };
}

async function planUndo(session: ReadSession, { environment, codec, database }: Destination, options: UndoOptions) {
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
        environment.name,
        options.id,
      );
  const tables = await session.tables();
  const datasets = new Map<DatasetPlan, Target>();
  for (const [name, images] of await collectImages(session, undoes)) {
    if (isMissing(name, images, tables)) continue;
    const rules: Rules = { ...rulesFor(environment, name, { isSource: false, picked: false }), prune: "owned" };
    const whole = wholeOf(name, images, codec.engine, tables);
    const side = sideOfImages(whole, images);
    const exclusive = exclusiveOf(whole, tables);
    datasets.set(await planDataset(session, whole, images, rules), {
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
  return {
    plan,
    missing,
    found,
    journal,
    targets: datasets,
    record: { ...target, identity, who: whoami(), at: new Date().toISOString() },
    undoes,
    order,
  };
}

/** The applies to take back, newest first, and what the record says once they are. */
function chosen(history: readonly AppliedRecord[], environment: string, id = "") {
  const at = id === "" ? 0 : history.findIndex(({ plan }) => plan.startsWith(id));
  const record = history[at];
  if (record && record.environment === environment) {
    const undoes = history.slice(0, at + 1).map(({ plan, at, counts }) => ({ plan, at, counts }));
    return { undoes, target: recordOf(history[0]!, record, history[at + 1]) };
  }
  throw new HeddleError(
    "HDL301",
    id === "" ? `nothing was applied to ${environment} yet` : `${environment} has no apply ${id}`,
    {
      hint: `heddle history ${environment} lists them`,
    },
  );
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
      const { dataset, key, name, before } = image;
      const { after, expected } = images.get(name) ?? image;
      images.set(name, {
        ...{ dataset, key, name },
        ...(before !== undefined && { before }),
        ...(after !== undefined && { after }),
        ...(expected !== undefined && { expected }),
      });
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
  const key = table.key ?? table.uniques[0] ?? [];
  const bare: Dataset = { engine, name, key, selection: "", oneWay: false, layout: { kind: "files", fanout: 0 } };
  return wholeDataset(bare, tables);
}

/** What the entries were before: a side like a revision's. */
function sideOfImages(dataset: Dataset, images: ReadonlyMap<string, PreImage>): Side {
  const names = new Map([...images.values()].map(({ key, name }) => [key, name]));
  const existed = [...images.values()].filter(({ before }) => before !== undefined);
  return {
    dataset,
    files: new Map(existed.map(({ name, before }): [string, Digest] => [name, digestOf(before!)])),
    shaped: false,
    nameOf: (key: Key) => names.get(key) ?? key,
    async *read(files) {
      yield files.map(([name]) => {
        const { key, before } = images.get(name)!;
        return { name, key, fields: trustedFields(before!) };
      });
    },
  };
}

async function planDataset(
  session: ReadSession,
  dataset: Dataset,
  images: ReadonlyMap<string, PreImage>,
  rules: Rules,
): Promise<DatasetPlan> {
  const plan: DatasetPlan = {
    weave: "",
    dataset,
    changes: [],
    blocked: [],
    kept: [],
    owned: images.size,
    wanted: [...images.values()].filter(({ before }) => before !== undefined).length,
    adopted: 0,
    released: 0,
  };
  const live = new Map<string, string>();
  const names = new Map([...images.values()].map(({ key, name }) => [key, name]));
  for await (const found of session.lookup(dataset, [...names.keys()])) {
    for (const { requested, entry } of found) live.set(names.get(requested)!, entry.text);
  }
  for (const image of images.values()) noteImage(plan, image, live.get(image.name), rules);
  return plan;
}

function noteImage(
  plan: DatasetPlan,
  { key, name, before, after, expected }: PreImage,
  live: string | undefined,
  rules: Rules,
): void {
  if (live === before) return;
  const kind = before === undefined ? "delete" : live === undefined ? "create" : "update";
  const asLeft =
    live === undefined
      ? (after ?? expected) === undefined
      : digestOf(live) === after || contentDigest(trustedFields(live)) === expected;
  const change: Change = {
    kind,
    label: asLeft ? "git" : "conflict",
    key,
    name,
    fields: kind === "update" ? changedFields(before!, live!) : [],
    ...(before !== undefined && { git: digestOf(before) }),
    ...(live !== undefined && { live: comparedDigest(trustedFields(live), rules) }),
  };
  if (asLeft || rules.onConflict === "git") plan.changes.push(change);
  else if (rules.onConflict === "fail") plan.blocked.push(change);
  else plan.kept.push({ key, name, why: "conflict" });
}

function changedFields(before: string, live: string): Change["fields"] {
  const [old, now] = [trustedFields(before), trustedFields(live)];
  const differs = (name: string) => JSON.stringify(old.get(name)) !== JSON.stringify(now.get(name));
  const pointer = (name: string) => `/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`;
  return [...new Set([...old.keys(), ...now.keys()])]
    .filter(differs)
    .map((name) => ({ path: pointer(name), label: "git" }));
}

/** The state before, as far as git knows it, and a hold on what was taken back. */
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
    hold: { trees: newest.trees, overlay: newest.overlay },
  };
}
