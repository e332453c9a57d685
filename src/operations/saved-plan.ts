import { createHmac, timingSafeEqual } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import type { EnvironmentConfig } from "../config/config.js";
import { configDigest } from "../config/digest.js";
import { HeddleError, type Problem } from "../model/errors.js";
import type { AppliedRecord } from "../model/record.js";
import type { Change, Plan } from "../plan/plan.js";
import type { Grants } from "../plan/policy.js";

/** A plan as `plan --out` writes it: what would be done, to which world, and what was consented to. */
export interface SavedPlan {
  heddlePlan: 1;
  plan: Plan;
  grants: Grants;
  /** Digest of the environment's trusted configuration. */
  config: string;
  /** Digest of the overlay that shapes entries. */
  overlay: string;
  /** Id of the apply that the database had last seen; null before the first. */
  seen: string | null;
  /** Proves that nobody edited the file: keyed by what only those know who can read the database. */
  seal: string;
}

/** What a plan is bound to beside itself. */
export interface Binding {
  environment: EnvironmentConfig;
  overlay: string;
  found: AppliedRecord | undefined;
}

/** Writes a plan for `apply --plan`. What was seen live goes in as keyed digests: a plain one would tell a guessed value. */
export async function savePlan(file: string, plan: Plan, grants: Grants, binding: Binding): Promise<void> {
  const saved = { ...describe(plan, binding), grants };
  const text = `${JSON.stringify({ ...saved, seal: sealOf(saved, sealKey(plan, binding)) }, null, 2)}\n`;
  await writeFile(file, text, { mode: 0o600 }).catch((cause) => {
    throw new HeddleError("HDL100", `${file} cannot be written`, { cause });
  });
}

/** Reads a saved plan; `requireSame` tells whether it is to be trusted. HDL607 for a file that is none, or of another version. */
export async function loadPlan(file: string): Promise<SavedPlan> {
  const text = await readFile(file, "utf8").catch((cause) => {
    throw new HeddleError("HDL100", `${file} cannot be read`, { cause });
  });
  let saved: Partial<SavedPlan> | null;
  try {
    saved = JSON.parse(text) as Partial<SavedPlan> | null;
  } catch {
    saved = null;
  }
  if (saved?.heddlePlan === undefined || !saved.plan || !saved.grants) throw unusable(`${file} is no saved plan`);
  if (saved.heddlePlan !== 1) throw unusable(`${file} was made by another version of Heddle`);
  return saved as SavedPlan;
}

function unusable(reason: string): HeddleError {
  return new HeddleError("HDL607", `${reason}; nothing was written`, {
    hint: "plan again: heddle plan ENV --out FILE",
  });
}

/**
 * Compares a saved plan with the one that would be made now. HDL607 where it is for another environment, configuration
 * or revision, or was applied already; HDL602 with the entries that are stale.
 */
export function requireSame(saved: SavedPlan, plan: Plan, binding: Binding): void {
  const now = describe(plan, binding);
  const { seal, ...sealed } = saved;
  const refuse = (reason: string): never => {
    throw unusable(`the saved plan ${reason}`);
  };
  if (saved.plan.environment !== plan.environment) refuse(`is for ${saved.plan.environment}`);
  if (binding.found?.plan === saved.plan.id) refuse("was applied already");
  if (saved.plan.identity !== plan.identity) refuse("is for another database");
  if (saved.config !== now.config) refuse("was made under another configuration of the environment");
  if (saved.overlay !== now.overlay) refuse("was made with another overlay");
  if (!same(saved.plan.trees, plan.trees)) refuse("is for other data: the revision has other trees");
  if (saved.seen !== now.seen) refuse("is older than what was applied last");
  if (!isSealed(seal, sealed, sealKey(plan, binding))) refuse("was edited");
  const problems = [...staleTables(saved.plan, now.plan), ...staleEntries(saved.plan, now.plan)];
  if (problems.length > 0) {
    throw new HeddleError("HDL602", "the saved plan is stale; nothing was written", { problems, hint: "plan again" });
  }
}

function staleTables(saved: Plan, now: Plan): Problem[] {
  const shapes = new Map(now.datasets.map(({ dataset, shape }) => [dataset.name, shape]));
  const altered = saved.datasets.filter(
    ({ dataset, shape }) => shape !== undefined && shapes.get(dataset.name) !== shape,
  );
  const reach = same(saved.dependents, now.dependents)
    ? []
    : [{ message: "deletes would reach other rows by foreign keys" }];
  return [...altered.map(({ dataset }) => ({ dataset: dataset.name, message: "the table was altered" })), ...reach];
}

function staleEntries(saved: Plan, now: Plan): Problem[] {
  const index = (plan: Plan) =>
    new Map(
      plan.datasets.flatMap(({ dataset, changes, blocked }) =>
        [...changes, ...blocked].map(
          (change) => [`${dataset.name}/${change.name}`, { dataset: dataset.name, change }] as const,
        ),
      ),
    );
  const [before, after] = [index(saved), index(now)];
  const problems: Problem[] = [];
  for (const id of new Set([...before.keys(), ...after.keys()])) {
    const [then, today] = [before.get(id), after.get(id)];
    if (then && today && same(then.change, today.change)) continue;
    const { dataset, change } = (then ?? today)!;
    const message = !then ? "was no change then" : !today ? "needs no change any more" : "is another change now";
    problems.push({ dataset, key: change.name.replace(/\.json$/, ""), message });
  }
  return problems;
}

function describe(plan: Plan, { environment, overlay, found }: Binding): Omit<SavedPlan, "grants" | "seal"> {
  const key = sealKey(plan, { found });
  const hide = (change: Change): Change =>
    change.live === undefined ? change : { ...change, live: hmac(key, change.live).slice(0, 40) };
  const datasets = plan.datasets.map((part) => ({
    ...part,
    changes: part.changes.map(hide),
    blocked: part.blocked.map(hide),
  }));
  return {
    heddlePlan: 1,
    plan: { ...plan, datasets },
    config: configDigest(environment),
    overlay,
    seen: found?.plan ?? null,
  };
}

/** Nothing that git or the plan's file tells: the random id of the database's record, once there is one. */
function sealKey({ identity }: Plan, { found }: Pick<Binding, "found">): string {
  return `heddle plan ${identity} ${found?.database ?? ""}`;
}

function sealOf(saved: Omit<SavedPlan, "seal">, key: string): string {
  return hmac(key, JSON.stringify(saved));
}

function isSealed(seal: string, saved: Omit<SavedPlan, "seal">, key: string): boolean {
  const [given, expected] = [String(seal), sealOf(saved, key)].map((one) => Buffer.from(one)) as [Buffer, Buffer];
  return given.length === expected.length && timingSafeEqual(given, expected);
}

function hmac(key: string, text: string): string {
  return createHmac("sha256", key).update(text).digest("hex");
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
