import { randomUUID } from "node:crypto";
import { whoami } from "../config/environment.js";
import { pointersFor, rulesFor } from "../config/rules.js";
import type { ReadSession, Table } from "../database/database.js";
import { exclusiveOf, wholeDataset } from "../database/describe.js";
import type { Dataset } from "../model/dataset.js";
import { type Digest, digestOf, type Key } from "../model/entry.js";
import { HeddleError } from "../model/errors.js";
import type { AppliedRecord, PreImage } from "../model/record.js";
import { writeOrder } from "../plan/order.js";
import { type Change, countChanges, type DatasetPlan, type Plan, type Rules } from "../plan/plan.js";
import { missingConsents, policy } from "../plan/policy.js";
import type { Side } from "../plan/side.js";
import { comparedDigest } from "../plan/side.js";
import { reconcile, type Target } from "../reconcile/reconcile.js";
import { type ApplyOptions, refuseBlocked, requireAnswer, requireConsents } from "./apply.js";
import { acceptRecord } from "./base.js";
import { readValues, trustedFields } from "./compare.js";
import { presentOnce } from "./present.js";
import { type Destination, withDestination } from "./target.js";

export interface UndoOptions extends Omit<ApplyOptions, "plan" | "revision"> {
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
 * with the same guards. Entries that changed since go by `onConflict`. Holds the environment until git follows.
 * HDL301 where there is no such apply, or its pre-images are no longer kept.
 */
export async function undo(options: UndoOptions): Promise<UndoResult> {
  return withDestination(options, async (destination) => {
    const present = presentOnce(options.present);
    const made = await destination.database.read((session) => planUndo(session, destination, { ...options, present }));
    const { plan, targets, missing, order, found, record, undone } = made;
    refuseBlocked(plan);
    requireConsents(missing);
    await requireAnswer(plan, options);
    await reconcile({
      database: destination.database,
      steps: order.steps(plan.datasets),
      target: (step) => targets.get(step.plan)!,
      parse: trustedFields,
      seen: found,
      record,
      progress: (written) => options.progress?.(`writing: ${written}`),
    });
    return { plan, undone };
  });
}

async function planUndo(session: ReadSession, { environment, codec }: Destination, options: UndoOptions) {
  const notes: string[] = [];
  const identity = await session.identity();
  const found = await session.record();
  acceptRecord(found, environment, identity, notes);
  const history = (await session.history(1000)).filter((record) => record.identity === identity);
  const { undone, before } = chosen(history, environment.name, options.id);
  const tables = await session.tables();
  const datasets = new Map<DatasetPlan, Target>();
  for (const [name, images] of await collectImages(session, undone)) {
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
    id: randomUUID(),
    environment: environment.name,
    revision: before?.revision ?? undone[0]!.revision,
    trees: before?.trees ?? {},
    identity,
    notes: [...notes, `takes back ${undone.map(({ plan, at }) => `${plan.slice(0, 8)} of ${at}`).join(", ")}`],
    datasets: order.names.map((name) => byName.get(name)!),
    takesBack: [],
    intoSource: [],
    held: [],
    protected: apply.protected,
    limits: { maxDeletes: apply.maxDeletes, maxChanges: apply.maxChanges },
  };
  const missing = missingConsents(policy(plan), options.grants ?? {}, environment.name);
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
    targets: datasets,
    record: recordOf(plan, undone[0]!, before),
    undone: undone.map(({ plan }) => plan),
    order,
  };
}

/** The applies to take back, newest first, and the record that was the state before them. */
function chosen(history: readonly AppliedRecord[], environment: string, id = "") {
  const at = id === "" ? 0 : history.findIndex(({ plan }) => plan.startsWith(id));
  const record = history[at];
  if (record && record.environment === environment) {
    return { undone: history.slice(0, at + 1), before: history[at + 1] as AppliedRecord | undefined };
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
  undone: readonly AppliedRecord[],
): Promise<Map<string, Map<string, PreImage>>> {
  const datasets = new Map<string, Map<string, PreImage>>();
  for (const { plan, counts, at } of undone) {
    let count = 0;
    for await (const batch of session.preImages(plan)) {
      count += batch.length;
      for (const image of batch) {
        const images = datasets.get(image.dataset) ?? new Map<string, PreImage>();
        datasets.set(image.dataset, images);
        const { after } = images.get(image.name) ?? image;
        const { after: _after, ...older } = image;
        images.set(image.name, { ...older, ...(after !== undefined && { after }) });
      }
    }
    if (count >= counts.created + counts.updated + counts.deleted) continue;
    throw new HeddleError("HDL301", `the pre-images of ${plan.slice(0, 8)} (${at}) are no longer kept`, {
      hint: "go back by git: revert the commit, or apply an older revision with --rollback",
    });
  }
  return datasets;
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
  { key, name, before, after }: PreImage,
  live: string | undefined,
  rules: Rules,
): void {
  if (live === before) return;
  const kind = before === undefined ? "delete" : live === undefined ? "create" : "update";
  const asLeft = live === undefined ? after === undefined : digestOf(live) === after;
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
function recordOf(plan: Plan, newest: AppliedRecord, before: AppliedRecord | undefined): AppliedRecord {
  return {
    version: 1,
    database: newest.database,
    identity: plan.identity,
    environment: plan.environment,
    revision: plan.revision,
    trees: plan.trees,
    overlay: before?.overlay ?? newest.overlay,
    who: whoami(),
    at: new Date().toISOString(),
    counts: countChanges(plan),
    plan: plan.id,
    kind: "undo",
    exceptions: before?.exceptions ?? [],
    hold: { trees: newest.trees, overlay: newest.overlay },
  };
}
