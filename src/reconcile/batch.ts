import type { Update, WriteBatch, WriteSession } from "../database/database.js";
import type { Digest } from "../model/entry.js";
import { equalJson, type Fields } from "../model/json.js";
import { mergeEntry } from "../plan/merge-entry.js";
import type { Step } from "../plan/order.js";
import type { Change } from "../plan/plan.js";
import { type Side, without } from "../plan/side.js";
import { type Aside, asideOf } from "./aside.js";
import { readLive } from "./fences.js";
import type { ReconcileInput } from "./reconcile.js";

const ahead = new WeakMap<readonly Change[], Promise<Map<string, Fields>>>();

/** Begins to read what these changes want from git, while the database is busy with those before them. */
export function readAhead(input: ReconcileInput, step: Step, changes: readonly Change[] | undefined): void {
  if (step.kind === "delete" || !changes) return;
  const reading = readSide(input.target(step).git!, changes, ({ name, git }) => [name, git]);
  // Whoever asks for it meets the error.
  reading.catch(() => {});
  ahead.set(changes, reading);
}

/** The values that changes write: git's for creates, the merge of the three sides for updates. */
export async function batchOf(
  session: WriteSession,
  input: ReconcileInput,
  step: Step,
  changes: readonly Change[],
  aside: Aside,
): Promise<WriteBatch> {
  if (step.kind === "delete") return { kind: "delete", keys: changes.map(({ liveKey, key }) => liveKey ?? key) };
  const { git, base, rules } = input.target(step);
  const wanted = await (ahead.get(changes) ?? readSide(git!, changes, ({ name, git }) => [name, git]));
  if (step.kind === "create") {
    const entries = changes.map(({ key, name }) => ({ key, fields: without(wanted.get(name)!, rules.local) }));
    return { kind: "create", entries };
  }
  const lost = new Set<string>();
  const owned = base
    ? await readSide(base, changes, ({ name, baseName, base }) => [baseName ?? name, base], lost)
    : new Map<string, Fields>();
  const normal = await normalize(session, git!, wanted);
  const before = base ? await normalize(session, base, owned) : owned;
  const live = await readLive(session, input, step, changes);
  const entries = changes.map(({ key, liveKey, name }): Update => {
    const held = asideOf(aside, step, name);
    const seen = live.get(name)!;
    const sides = { base: before.get(name), git: normal.get(name)!, live: withHeld(seen, held) };
    const update = updateOf(
      liveKey ?? key,
      sides.live,
      mergeEntry(sides, lost.has(name) ? { ...rules, baseLost: true } : rules).fields,
    );
    // What made room comes back, also where it did not change.
    return { ...update, set: new Map([...held, ...update.set]) };
  });
  return { kind: "update", entries };
}

function withHeld(live: Fields, held: Fields): Fields {
  return new Map([...live].map(([name, value]) => [name, held.get(name) ?? value]));
}

/** By the change's name; `lost` gets the names of those that are not known. */
async function readSide(
  side: Side,
  changes: readonly Change[],
  file: (change: Change) => readonly [name: string, digest: Digest | undefined],
  lost?: Set<string>,
): Promise<Map<string, Fields>> {
  const names = new Map<string, string>();
  const files = changes.flatMap((change) => {
    const [name, digest] = file(change);
    names.set(name, change.name);
    return digest === undefined ? [] : [[name, digest] as const];
  });
  const fields = new Map<string, Fields>();
  for await (const batch of side.read(files)) {
    for (const wanted of batch) {
      if (wanted.lost) lost?.add(names.get(wanted.name)!);
      else fields.set(names.get(wanted.name)!, wanted.fields);
    }
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
