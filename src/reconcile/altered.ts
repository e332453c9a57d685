import type { WriteSession } from "../database/database.js";
import type { Dataset } from "../model/dataset.js";
import { equalJson, type Fields, type Json } from "../model/json.js";
import type { AlteredEntry, AppliedRecord, Exception } from "../model/record.js";
import type { Step } from "../plan/order.js";
import type { Change } from "../plan/plan.js";
import { unescapePointer } from "../plan/side.js";

/** Fields that the server stored otherwise than written, other spellings of the same value aside: a trigger's work. */
export async function alteredEntries(
  session: WriteSession,
  dataset: Dataset,
  changes: readonly Change[],
  wanted: readonly ReadonlyMap<string, Json | undefined>[],
  stored: readonly Fields[],
): Promise<AlteredEntry[]> {
  const exceptions: AlteredEntry[] = [];
  for (const [i, change] of changes.entries()) {
    const now = stored[i]!;
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
export function withExceptions(
  record: AppliedRecord,
  steps: readonly Step[],
  found: readonly AlteredEntry[],
): AppliedRecord {
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
