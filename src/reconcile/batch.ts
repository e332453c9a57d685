import type { Update, WriteBatch, WriteSession } from "../database/database.js";
import { equalJson, type Fields } from "../model/json.js";
import { mergeEntry } from "../plan/merge-entry.js";
import type { Step } from "../plan/order.js";
import type { Change } from "../plan/plan.js";
import { type Side, without } from "../plan/side.js";
import { type Aside, asideOf } from "./aside.js";
import { readLive } from "./fences.js";
import type { Part } from "./parts.js";
import type { ReconcileInput } from "./reconcile.js";

/** The values that changes write: git's for creates, the merge of the three sides for updates. */
export async function batchOf(
  session: WriteSession,
  input: ReconcileInput,
  step: Step,
  { changes, wanted }: Part,
  aside: Aside,
): Promise<WriteBatch> {
  if (step.kind === "delete") return { kind: "delete", keys: changes.map(({ liveKey, key }) => liveKey ?? key) };
  const { git, base, rules } = input.target(step);
  if (step.kind === "create") {
    const entries = changes.map(({ key, name }) => ({ key, fields: without(wanted.get(name)!.fields, rules.local) }));
    return { kind: "create", entries };
  }
  const lost = new Set<string>();
  const owned = base ? await readBase(base, changes, lost) : new Map<string, Fields>();
  const normal = await normalize(session, git!, new Map([...wanted].map(([name, { fields }]) => [name, fields])));
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
async function readBase(base: Side, changes: readonly Change[], lost: Set<string>): Promise<Map<string, Fields>> {
  const names = new Map(changes.map(({ name, baseName }) => [baseName ?? name, name]));
  const files = changes.flatMap(({ name, baseName, base: digest }) =>
    digest === undefined ? [] : [[baseName ?? name, digest] as const],
  );
  const fields = new Map<string, Fields>();
  for await (const batch of base.read(files)) {
    for (const owned of batch) {
      if (owned.lost) lost.add(names.get(owned.name)!);
      else fields.set(names.get(owned.name)!, owned.fields);
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
