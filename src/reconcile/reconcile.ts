import type { Database, Update, WriteBatch, WriteSession } from "../database/database.js";
import type { Dataset } from "../model/dataset.js";
import { type Digest, digestOf, type Key } from "../model/entry.js";
import { HeddleError, type Problem } from "../model/errors.js";
import { equalJson, type Fields, type Json } from "../model/json.js";
import type { AlteredEntry, AppliedRecord, Exception, PreImage } from "../model/record.js";
import { mergeEntry } from "../plan/merge-entry.js";
import type { Step } from "../plan/order.js";
import type { Change, Rules } from "../plan/plan.js";
import { comparedDigest, type Side, unescapePointer } from "../plan/side.js";

/** All that writing needs to know of one dataset. */
export interface Target {
  git: Side | undefined;
  base: Side | undefined;
  rules: Rules;
  /** The dataset with every field that the database has: what pre-images hold. */
  whole: Dataset;
}

export interface ReconcileInput {
  database: Database;
  /** In the order of writing. */
  steps: readonly Step[];
  target(step: Step): Target;
  parse(text: string): Fields;
  /** The record that the plan was made against. */
  seen: AppliedRecord | undefined;
  record: AppliedRecord;
  /** Called with the number of entries written so far. */
  progress?(written: number): void;
}

const batchSize = 1000;

/** Whether the changes fit one transaction of this database. */
export function isAtomic({ capabilities }: Database, changes: number): boolean {
  return capabilities.transactions && changes <= (capabilities.transactionLimit ?? Number.POSITIVE_INFINITY);
}

/**
 * Makes a database what the plan says: lock, fences, writes, record. One transaction where that fits; else ordered
 * batches, each with its own lock and fences, the record in the last: what a broken run has written, the next one finds
 * converged. HDL602, nothing of the batch written, where an entry or the record moved since the plan.
 */
export async function reconcile(input: ReconcileInput): Promise<void> {
  const total = input.steps.reduce((sum, { changes }) => sum + changes.length, 0);
  const chunks = isAtomic(input.database, total)
    ? [[...input.steps]]
    : splitSteps(input.steps, Math.min(batchSize, input.database.capabilities.transactionLimit ?? batchSize));
  if (chunks.length === 0) chunks.push([]);
  let written = 0;
  const exceptions: AlteredEntry[] = [];
  for (const [i, steps] of chunks.entries()) {
    await input.database.write(async (session) => {
      await session.lock();
      await checkRecord(session, input.seen);
      await checkFences(session, input, steps);
      for (const step of steps) {
        for (const changes of slices(step.changes, writeSize(step))) {
          exceptions.push(...(await writeChanges(session, input, step, changes)));
          written += changes.length;
          input.progress?.(written);
        }
      }
      if (i === chunks.length - 1) await session.saveRecord(withExceptions(input, exceptions));
    });
  }
}

/** Writes one batch, keeps what undo would restore, and notices what the server stored otherwise. */
async function writeChanges(
  session: WriteSession,
  input: ReconcileInput,
  step: Step,
  changes: readonly Change[],
): Promise<AlteredEntry[]> {
  const { whole } = input.target(step);
  const { dataset } = step.plan;
  const before = step.kind === "create" ? new Map<string, string>() : await readTexts(session, whole, changes, oldKey);
  const batch = await batchOf(session, input, step, changes);
  await session.write(dataset, batch);
  const after = step.kind === "delete" ? new Map<string, string>() : await readTexts(session, whole, changes, newKey);
  const images = changes.map(({ key, name }): PreImage => {
    const [old, now] = [before.get(name), after.get(name)];
    const image = { dataset: dataset.name, key, name };
    return { ...image, ...(old !== undefined && { before: old }), ...(now !== undefined && { after: digestOf(now) }) };
  });
  await session.savePreImages(input.record.plan, images);
  if (batch.kind === "delete") return [];
  const wanted = batch.entries.map((entry) => new Map("set" in entry ? entry.set : entry.fields));
  const stored = changes.map(({ name }) => after.get(name));
  return alteredEntries(
    session,
    dataset,
    changes,
    wanted,
    stored.map((text) => (text === undefined ? undefined : input.parse(text))),
  );
}

const newKey = ({ key }: Change) => key;
const oldKey = ({ key, liveKey }: Change) => liveKey ?? key;

/** Whole entries by the change's name. */
async function readTexts(
  session: WriteSession,
  whole: Dataset,
  changes: readonly Change[],
  keyOf: (change: Change) => Key,
): Promise<Map<string, string>> {
  const names = new Map(changes.map((change) => [keyOf(change), change.name]));
  const texts = new Map<string, string>();
  for await (const found of session.lookup(whole, [...names.keys()])) {
    for (const { requested, entry } of found) texts.set(names.get(requested)!, entry.text);
  }
  return texts;
}

/** Fields that the server stored otherwise than written, other spellings of the same value aside: a trigger's work. */
async function alteredEntries(
  session: WriteSession,
  dataset: Dataset,
  changes: readonly Change[],
  wanted: readonly Map<string, Json | undefined>[],
  stored: readonly (Fields | undefined)[],
): Promise<AlteredEntry[]> {
  const exceptions: AlteredEntry[] = [];
  for (const [i, change] of changes.entries()) {
    const now: Fields = stored[i] ?? new Map();
    const differing = [...wanted[i]!].filter(([field, value]) => !equalJson(value, now.get(field)));
    if (differing.length === 0) continue;
    const spelled = new Map(now);
    for (const [field, value] of differing) value === undefined ? spelled.delete(field) : spelled.set(field, value);
    const [normal] = await session.normalize(dataset, [spelled]);
    const fields = differing
      .filter(([field]) => !equalJson(normal!.get(field), now.get(field)))
      .map(([field, value]) => {
        const kept = now.get(field);
        return { field, ...(value !== undefined && { wanted: value }), ...(kept !== undefined && { stored: kept }) };
      });
    if (fields.length > 0) exceptions.push({ kind: "altered", dataset: dataset.name, name: change.name, fields });
  }
  return exceptions;
}

/** Fields that were not written stay as they were found before; those of entries that were created or deleted go. */
function withExceptions({ record, steps }: ReconcileInput, found: readonly AlteredEntry[]): AppliedRecord {
  const written = new Map<string, Set<string> | undefined>();
  for (const { plan, changes } of steps) {
    for (const { name, kind, fields } of changes) {
      const tops = fields.map(({ path }) => unescapePointer(path.slice(1).split("/", 1)[0]!));
      written.set(`${plan.dataset.name}/${name}`, kind === "update" ? new Set(tops) : undefined);
    }
  }
  const exceptions = new Map(found.map((one) => [`${one.dataset}/${one.name}`, one]));
  const others: Exception[] = [];
  for (const old of record.exceptions) {
    const id = `${old.dataset}/${old.name}`;
    if (old.kind !== "altered" || !written.has(id)) {
      others.push(old);
      continue;
    }
    const fields = written.get(id) ? old.fields.filter(({ field }) => !written.get(id)!.has(field)) : [];
    const now = exceptions.get(id);
    if (fields.length > 0) exceptions.set(id, { ...old, fields: [...fields, ...(now?.fields ?? [])] });
  }
  return { ...record, exceptions: [...others, ...exceptions.values()] };
}

async function checkRecord(session: WriteSession, seen: AppliedRecord | undefined): Promise<void> {
  const now = await session.record();
  if (now?.plan === seen?.plan && now?.at === seen?.at) return;
  throw new HeddleError("HDL602", "something else was applied since this plan was made", { hint: "plan again" });
}

/** Reads every entry again, locked, before the first write; lists all that moved. */
async function checkFences(session: WriteSession, input: ReconcileInput, steps: readonly Step[]): Promise<void> {
  const problems: Problem[] = [];
  for (const step of steps) {
    const { rules } = input.target(step);
    const { dataset } = step.plan;
    for (const changes of slices(step.changes, batchSize)) {
      const live = await readLive(session, input, step, changes);
      for (const change of changes) {
        const fields = live.get(change.name);
        const now: Digest | undefined = fields && comparedDigest(fields, rules);
        if (now === change.live) continue;
        const message = now === undefined ? "was deleted" : change.live === undefined ? "appeared" : "was changed";
        problems.push({ dataset: dataset.name, key: change.name.replace(/\.json$/, ""), message });
      }
    }
  }
  if (problems.length === 0) return;
  throw new HeddleError("HDL602", "entries moved since this plan was made", { problems, hint: "plan again" });
}

async function readLive(
  session: WriteSession,
  input: ReconcileInput,
  step: Step,
  changes: readonly Change[],
): Promise<Map<string, Fields>> {
  const names = new Map(changes.map((change) => [change.liveKey ?? change.key, change.name]));
  const live = new Map<string, Fields>();
  for await (const found of session.lookup(step.plan.dataset, [...names.keys()])) {
    for (const { requested, entry } of found) live.set(names.get(requested)!, input.parse(entry.text));
  }
  return live;
}

async function batchOf(
  session: WriteSession,
  input: ReconcileInput,
  step: Step,
  changes: readonly Change[],
): Promise<WriteBatch> {
  if (step.kind === "delete") return { kind: "delete", keys: changes.map(({ liveKey, key }) => liveKey ?? key) };
  const { git, base, rules } = input.target(step);
  const wanted = await readSide(git!, changes, ({ name, git }) => [name, git]);
  if (step.kind === "create") {
    const entries = changes.map(({ key, name }) => ({ key, fields: withoutLocal(wanted.get(name)!, rules) }));
    return { kind: "create", entries };
  }
  const owned = base
    ? await readSide(base, changes, ({ name, baseName, base }) => [baseName ?? name, base])
    : new Map<string, Fields>();
  const normal = await normalize(session, git!, wanted);
  const before = base ? await normalize(session, base, owned) : owned;
  const live = await readLive(session, input, step, changes);
  const entries = changes.map(({ key, liveKey, name }): Update => {
    const sides = { base: before.get(name), git: normal.get(name)!, live: live.get(name)! };
    return updateOf(liveKey ?? key, sides.live, mergeEntry(sides, rules).fields);
  });
  return { kind: "update", entries };
}

/** By the change's name. */
async function readSide(
  side: Side,
  changes: readonly Change[],
  file: (change: Change) => readonly [name: string, digest: Digest | undefined],
): Promise<Map<string, Fields>> {
  const names = new Map<string, string>();
  const files = changes.flatMap((change) => {
    const [name, digest] = file(change);
    names.set(name, change.name);
    return digest === undefined ? [] : [[name, digest] as const];
  });
  const fields = new Map<string, Fields>();
  for await (const batch of side.read(files)) {
    for (const wanted of batch) fields.set(names.get(wanted.name)!, wanted.fields);
  }
  return fields;
}

async function normalize(
  session: WriteSession,
  side: Side,
  entries: Map<string, Fields>,
): Promise<Map<string, Fields>> {
  const normal = await session.normalize(side.dataset, [...entries.values()]);
  return new Map([...entries.keys()].map((name, i) => [name, normal[i]!]));
}

/** Only what differs is written; the order of a document's fields is given where writing them would not bring it about. */
function updateOf(key: string, live: Fields, wanted: Fields): Update {
  const set: Update["set"] = new Map();
  for (const name of new Set([...live.keys(), ...wanted.keys()])) {
    if (!equalJson(live.get(name), wanted.get(name))) set.set(name, wanted.get(name));
  }
  const order = [...wanted.keys()];
  const kept = [...live.keys()].filter((name) => wanted.has(name));
  const added = [...set.keys()].filter((name) => !live.has(name));
  const same = [...kept, ...added].every((name, i) => name === order[i]);
  return { key, set, ...(!same && { order }) };
}

function withoutLocal(fields: Fields, rules: Rules): Fields {
  if (rules.local.length === 0) return fields;
  const local = new Set(rules.local);
  return new Map([...fields].filter(([name]) => !local.has(`/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`)));
}

function splitSteps(steps: readonly Step[], size: number): Step[][] {
  const chunks: Step[][] = [];
  let chunk: Step[] = [];
  let room = size;
  for (const step of steps) {
    for (let start = 0; start < step.changes.length; ) {
      const changes = step.changes.slice(start, start + room);
      chunk.push({ ...step, changes });
      start += changes.length;
      room -= changes.length;
      if (room === 0) {
        chunks.push(chunk);
        chunk = [];
        room = size;
      }
    }
  }
  if (chunk.length > 0) chunks.push(chunk);
  return chunks;
}

/** Rows that refer to rows of their own table go in one statement, at whose end the database checks them. */
function writeSize({ plan: { dataset }, changes }: Step): number {
  return dataset.references?.some((reference) => reference.dataset === dataset.name) ? changes.length : batchSize;
}

function* slices<T>(items: readonly T[], size: number): Generator<readonly T[]> {
  for (let start = 0; start < items.length; start += size) yield items.slice(start, start + size);
}
