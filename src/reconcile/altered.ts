import type { WriteSession } from "../database/database.js";
import { equalJson, type Fields, type Json } from "../model/json.js";
import { pointerToken } from "../model/pointer.js";
import type { AlteredEntry, AppliedRecord } from "../model/record.js";
import type { Step } from "../plan/order.js";
import type { Change } from "../plan/plan.js";
import type { ReconcileInput } from "./reconcile.js";

/** An entry that was written. */
export interface Written {
  change: Change;
  /** The fields that were written. */
  fields: ReadonlyMap<string, Json | undefined>;
  /** What the entry should be now, as far as it is known. */
  expected: ReadonlyMap<string, Json | undefined>;
  stored: Fields;
}

/**
 * Fields that the server stored otherwise than expected, other spellings of the same value aside: a trigger's work, also on
 * fields that were not written. With them those of before that still are as they were recorded.
 */
export async function alteredEntries(
  session: WriteSession,
  input: ReconcileInput,
  step: Step,
  entries: readonly Written[],
): Promise<AlteredEntry[]> {
  const { dataset } = step.plan;
  const { git, rules } = input.target(step);
  const untouched = new Set([...rules.ignore, ...rules.local]);
  const known = alteredBefore(input.record, dataset.name);
  const suspects = entries.flatMap((entry) => {
    if (entry.stored === entry.expected && !known.has(entry.change.name)) return [];
    const differing = [...entry.expected].filter(
      ([field, value]) => !equalJson(value, entry.stored.get(field)) && !untouched.has(`/${pointerToken(field)}`),
    );
    return differing.length > 0 || known.has(entry.change.name) ? [{ ...entry, differing }] : [];
  });
  if (!git || suspects.length === 0) return [];
  const manifests = new Map<string, Fields>();
  for await (const batch of git.read(suspects.map(({ change }) => [change.name, change.git!] as const))) {
    for (const { name, manifest, fields } of batch) manifests.set(name, manifest ?? fields);
  }
  const altered: AlteredEntry[] = [];
  for (const { change, fields: written, stored, differing } of suspects) {
    const manifest: Fields = manifests.get(change.name) ?? new Map();
    const spelled = new Map(stored);
    for (const [field, value] of differing) value === undefined ? spelled.delete(field) : spelled.set(field, value);
    const [normal] = differing.length > 0 ? await session.normalize(dataset, [spelled]) : [spelled];
    const found = differing
      .map(([field]) => field)
      .filter((field) => manifest.has(field) || written.has(field))
      .filter((field) => !equalJson(normal!.get(field), stored.get(field)));
    const before = (known.get(change.name)?.fields ?? []).filter(
      ({ field, wanted }) => !found.includes(field) && equalJson(manifest.get(field), wanted),
    );
    const fields = found.map((field) => {
      const [wanted, now] = [manifest.get(field), stored.get(field)];
      return { field, ...(wanted !== undefined && { wanted }), ...(now !== undefined && { stored: now }) };
    });
    const all = [...before, ...fields];
    if (all.length > 0) altered.push({ kind: "altered", dataset: dataset.name, name: change.name, fields: all });
  }
  return altered;
}

function alteredBefore({ exceptions }: Pick<AppliedRecord, "exceptions">, dataset: string): Map<string, AlteredEntry> {
  return new Map(
    exceptions.flatMap((one) => (one.kind === "altered" && one.dataset === dataset ? [[one.name, one] as const] : [])),
  );
}

/** What was found of the entries that were written takes the place of what was known of them. */
export function withExceptions(
  record: AppliedRecord,
  steps: readonly Step[],
  found: readonly AlteredEntry[],
): AppliedRecord {
  if (record.exceptions.length === 0) return { ...record, exceptions: [...found] };
  const written = new Set<string>();
  for (const { plan, changes } of steps) {
    for (const { name, baseName } of changes) {
      for (const one of [name, baseName ?? name]) written.add(`${plan.dataset.name}/${one}`);
    }
  }
  const others = record.exceptions.filter(
    ({ kind, dataset, name }) => kind !== "altered" || !written.has(`${dataset}/${name}`),
  );
  return { ...record, exceptions: [...others, ...found] };
}
