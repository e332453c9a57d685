import type { Update, WriteBatch, WriteSession } from "../database/database.js";
import type { Dataset } from "../model/dataset.js";
import type { Key } from "../model/entry.js";
import type { Fields, Json } from "../model/json.js";
import type { AlteredEntry } from "../model/record.js";
import type { Step } from "../plan/order.js";
import type { Change } from "../plan/plan.js";
import { alteredEntries } from "./altered.js";
import { type Aside, asideOf, restored, setAside } from "./aside.js";
import { batchOf } from "./batch.js";
import { imagesOf, type Stored } from "./images.js";
import type { Part } from "./parts.js";
import type { ReconcileInput } from "./reconcile.js";
import { writeTexts } from "./texts.js";

/**
 * Writes one batch of a step, keeps what undo would restore, and notices what the server stored otherwise. Of a step in
 * two passes both come from the pass that ends it.
 */
export async function writeChanges(
  session: WriteSession,
  input: ReconcileInput,
  step: Step,
  all: Part,
  aside: Aside,
): Promise<AlteredEntry[]> {
  const part = await writeTexts(session, input, step, all);
  const { changes } = part;
  if (changes.length === 0) return [];
  if (step.kind === "delete" && step.only) {
    await unlink(session, input, step, changes, aside);
    return [];
  }
  const before =
    step.kind === "create"
      ? new Map<string, string>()
      : await readTexts(session, input.target(step).whole, changes, oldKey);
  for (const [name, text] of before) before.set(name, restored(text, asideOf(aside, step, name), input.parse));
  const batch = await batchOf(session, input, step, part, aside);
  const written = batch.kind === "delete" ? undefined : batch.entries.map(writtenBy);
  const keep = (stored: Stored) =>
    session.savePreImages(input.record.plan, imagesOf(input, step, part, before, written, stored));
  const { transactions } = input.database.capabilities;
  // What cannot be undone with the write is kept before it, with what the entry is about to become.
  if (!transactions) await keep(written ?? []);
  await writePass(session, step, batch);
  if (step.without) return [];

  const stored = await storedNow(session, input, step, changes, batch);
  if (transactions) await keep(stored);
  if (!written) return [];
  const entries = changes.map((change, i) => {
    const fields = written[i]!;
    const old = step.kind === "update" && transactions ? before.get(change.name) : undefined;
    // Without transactions others may have written what was not written here.
    const expected = old === undefined ? fields : new Map<string, Json | undefined>([...input.parse(old), ...fields]);
    return { change, fields, expected, stored: stored[i]! };
  });
  return alteredEntries(session, input, step, entries);
}

/** What the server made of the changes. Only where something may have altered it is it read back. */
async function storedNow(
  session: WriteSession,
  input: ReconcileInput,
  step: Step,
  changes: readonly Change[],
  batch: WriteBatch,
): Promise<Fields[]> {
  if (batch.kind === "delete") return [];
  const { dataset } = step.plan;
  if (batch.kind === "create" && (await session.storesExactly?.(dataset)))
    return session.normalize(
      dataset,
      batch.entries.map(({ fields }) => fields),
    );
  const texts = await readTexts(session, input.target(step).whole, changes, newKey);
  return changes.map(({ name }): Fields => {
    const text = texts.get(name);
    return text === undefined ? new Map() : input.parse(text);
  });
}

const writtenBy = (entry: Update | { fields: Fields }): ReadonlyMap<string, Json | undefined> =>
  "set" in entry ? entry.set : entry.fields;

/** Creates go in two passes where some of their fields refer to rows that come later. */
async function writePass(session: WriteSession, { plan: { dataset }, without, only }: Step, batch: WriteBatch) {
  if (batch.kind !== "create" || !(without ?? only)) return session.write(dataset, batch);
  if (without) {
    const blank = (fields: Fields): Fields =>
      new Map([...fields, ...nulls(without.filter((name) => fields.has(name)))]);
    const entries = batch.entries.map(({ key, fields }) => ({ key, fields: blank(fields) }));
    return session.write(dataset, { kind: "create", entries });
  }
  const entries = batch.entries.flatMap(({ key, fields }): Update[] => {
    const set = new Map([...fields].filter(([name, value]) => only!.includes(name) && value !== null));
    return set.size > 0 ? [{ key, set }] : [];
  });
  if (entries.length > 0) await session.write(dataset, { kind: "update", entries });
}

/** Rows that will be deleted let go of the rows they refer to, which are deleted before them. */
async function unlink(
  session: WriteSession,
  input: ReconcileInput,
  step: Step,
  changes: readonly Change[],
  aside: Aside,
): Promise<void> {
  const texts = await readTexts(session, input.target(step).whole, changes, oldKey);
  const entries = changes.flatMap((change): Update[] => {
    const text = texts.get(change.name);
    if (text === undefined) return [];
    const held = [...input.parse(text)].filter(([name, value]) => step.only!.includes(name) && value !== null);
    setAside(aside, step, change.name, new Map(held));
    return held.length > 0 ? [{ key: oldKey(change), set: nulls(held.map(([name]) => name)) }] : [];
  });
  if (entries.length > 0) await session.write(step.plan.dataset, { kind: "update", entries });
}

const nulls = (names: readonly string[]) => new Map<string, Json>(names.map((name) => [name, null]));
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
