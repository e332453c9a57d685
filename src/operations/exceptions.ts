import type { Dataset } from "../model/dataset.js";
import { equalJson, renderFields } from "../model/json.js";
import { parseManifest } from "../model/parse.js";
import type { AlteredEntry, Exception, KeptEntry } from "../model/record.js";
import type { DatasetPlan } from "../plan/plan.js";
import { type Side, type Wanted, withFields } from "../plan/side.js";
import type { Target } from "../reconcile/reconcile.js";

/**
 * A side with the fields that the server stored otherwise than they were written: while it wants what was written then,
 * it is taken to want what was stored, so that a trigger's work is no endless drift.
 */
export function withStored(side: Side, exceptions: readonly Exception[]): Side {
  const own = byName(side.dataset, exceptions, (one) => one.kind === "altered") as Map<string, AlteredEntry>;
  return mapped(side, own, (entry, exception) => {
    const { fields } = entry;
    const stored = new Map(fields);
    for (const { field, wanted, stored: value } of exception.fields) {
      if (!equalJson(fields.get(field), wanted)) continue;
      if (value === undefined) stored.delete(field);
      else stored.set(field, value);
    }
    return { ...withFields(entry, stored), manifest: fields };
  });
}

/** A base with the entries that `onConflict: live` left alone as they were before: they stay conflicts. */
export function withKept(base: Side, exceptions: readonly Exception[]): Side {
  const own = byName(base.dataset, exceptions, (one) => one.kind === "kept") as Map<string, KeptEntry>;
  return mapped(base, own, (entry, exception) =>
    exception.base === undefined
      ? { ...withFields(entry, entry.fields), lost: true }
      : withFields(entry, parseManifest(exception.base).fields),
  );
}

/** What a record has to say of entries that this plan leaves as they are though both sides changed them. */
export async function keptEntries(
  plans: readonly DatasetPlan[],
  target: (plan: DatasetPlan) => Target,
): Promise<KeptEntry[]> {
  const kept: KeptEntry[] = [];
  for (const plan of plans) {
    const { base } = target(plan);
    const names = new Map(
      plan.kept.flatMap(({ name, baseName, why }) => (why === "conflict" ? [[baseName ?? name, name]] : [])),
    );
    const known = new Map<string, string>();
    const files = base ? [...base.files].filter(([name]) => names.has(name)) : [];
    if (base && files.length > 0) {
      for await (const batch of base.read(files)) {
        for (const { name, fields, lost } of batch) if (!lost) known.set(name, renderFields(fields));
      }
    }
    for (const [baseName, name] of names) {
      const text = known.get(baseName);
      kept.push({ kind: "kept", dataset: plan.dataset.name, name, ...(text !== undefined && { base: text }) });
    }
  }
  return kept;
}

function byName<T extends Exception>(
  dataset: Dataset,
  exceptions: readonly T[],
  matches: (one: T) => boolean,
): Map<string, T> {
  return new Map(
    exceptions.filter((one) => one.dataset === dataset.name && matches(one)).map((one) => [one.name, one]),
  );
}

function mapped<T>(side: Side, own: ReadonlyMap<string, T>, change: (entry: Wanted, exception: T) => Wanted): Side {
  if (own.size === 0) return side;
  return {
    ...side,
    shapedDigest: (name, digest) => (own.has(name) ? undefined : side.shapedDigest?.(name, digest)),
    async *read(files) {
      for await (const batch of side.read(files)) {
        yield batch.map((entry) => {
          const exception = own.get(entry.name);
          return exception ? change(entry, exception) : entry;
        });
      }
    },
  };
}
