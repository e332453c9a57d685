import { randomInt, randomUUID } from "node:crypto";
import type { Exclusive, Update, WriteSession } from "../database/database.js";
import { HeddleError, type Problem } from "../model/errors.js";
import type { Fields, Json } from "../model/json.js";
import { pointerField } from "../model/pointer.js";
import { arrange, type Claim } from "../plan/exchange.js";
import type { Step } from "../plan/order.js";
import type { Change } from "../plan/plan.js";
import { type Aside, setAside } from "./aside.js";
import { batchOf } from "./batch.js";
import { batchSize, slices } from "./chunks.js";
import { readLive } from "./fences.js";
import { partOf } from "./parts.js";
import type { ReconcileInput } from "./reconcile.js";

/**
 * Sees to it that values of unique keys can change hands: steps are cut into turns where an order exists, else values
 * are set aside, which is written here. HDL206, nothing written, names the entries and the key where neither can be.
 */
export async function makeRoom(
  session: WriteSession,
  input: ReconcileInput,
  steps: readonly Step[],
  aside: Aside,
): Promise<Step[]> {
  const claims: OwnClaim[] = [];
  for (const [i, step] of steps.entries()) {
    const { exclusive: exclusives } = input.target(step);
    const giving = steps.some(
      (other) => other.plan === step.plan && other.kind !== "create" && givesAny(other, exclusives),
    );
    if (!step.only && giving) claims.push(...(await claimsOf(session, input, step, i, exclusives)));
  }
  const { turns, aside: giving } = arrange(claims);
  await moveAside(
    session,
    claims.filter((claim) => giving.has(claim)),
    aside,
  );
  return steps.flatMap((step, i) => inTurns(step, turns.get(i)));
}

interface OwnClaim extends Claim {
  exclusive: Exclusive;
  of: Step;
  entry: Change;
  live?: Fields;
}

function givesAny({ kind, changes }: Step, exclusives: readonly Exclusive[]): boolean {
  if (exclusives.length === 0) return false;
  return kind === "delete" || changes.some((change) => exclusives.some((exclusive) => touches(change, exclusive)));
}

function touches({ fields }: Change, exclusive: Exclusive): boolean {
  return fields.some(({ path }) => exclusive.fields.includes(pointerField(path)));
}

async function claimsOf(
  session: WriteSession,
  input: ReconcileInput,
  step: Step,
  position: number,
  exclusives: readonly Exclusive[],
): Promise<OwnClaim[]> {
  const claims: OwnClaim[] = [];
  const numbers = new Map(step.changes.map((change, i) => [change, i]));
  const touching =
    step.kind === "update"
      ? step.changes.filter((change) => exclusives.some((exclusive) => touches(change, exclusive)))
      : step.changes;
  for (const changes of slices(touching, batchSize)) {
    const live =
      step.kind === "create" ? undefined : await readLive(session, input, step, changes, input.target(step).whole);
    const batch = await batchOf(session, input, step, await partOf(input.target(step).git, step, changes), new Map());
    let after: (Fields | undefined)[] = [];
    if (batch.kind === "create") {
      after = await session.normalize(
        step.plan.dataset,
        batch.entries.map(({ fields }) => fields),
      );
    } else if (batch.kind === "update") {
      after = batch.entries.map(({ set }, i) => merged(live!.get(changes[i]!.name)!, set));
    }
    for (const [i, entry] of changes.entries()) {
      const before = live?.get(entry.name);
      for (const exclusive of exclusives) {
        const [gives, takes] = [heldBy(before, exclusive), heldBy(after[i], exclusive)];
        const unique = `${step.plan.dataset.name}\n${exclusive.name}`;
        const claim: OwnClaim = { unique, step: position, change: numbers.get(entry)!, exclusive, of: step, entry };
        if (gives === takes) continue;
        claims.push({ ...claim, ...(before && { live: before }), ...(gives && { gives }), ...(takes && { takes }) });
      }
    }
  }
  return claims;
}

function merged(live: Fields, set: Update["set"]): Fields {
  const fields = new Map(live);
  for (const [name, value] of set) value === undefined ? fields.delete(name) : fields.set(name, value);
  return fields;
}

/** Undefined where a part is null or not known: then nothing is held. */
function heldBy(fields: Fields | undefined, { fields: names }: Exclusive): string | undefined {
  const parts = names.map((name) => fields?.get(name));
  return parts.some((part) => part === undefined || part === null) ? undefined : JSON.stringify(parts);
}

async function moveAside(session: WriteSession, claims: readonly OwnClaim[], aside: Aside): Promise<void> {
  const problems = claims.flatMap(({ exclusive, of, entry }): Problem[] => {
    if (exclusive.passing) return [];
    const message = `gives up a value of ${exclusive.name} (${exclusive.fields.join(", ")}) that another entry takes before`;
    return [{ dataset: of.plan.dataset.name, key: entry.name.replace(/\.json$/, ""), message }];
  });
  if (problems.length > 0) {
    throw new HeddleError("HDL206", "unique values cannot change places; nothing was written", {
      problems,
      hint: "make the constraint DEFERRABLE, or take two steps: first to a value that is free",
    });
  }
  for (const step of new Set(claims.map(({ of }) => of))) {
    const sets = new Map<Change, Map<string, Json>>();
    for (const { exclusive, entry, live, of } of claims) {
      if (of !== step) continue;
      const { field, value } = exclusive.passing!;
      sets.set(entry, (sets.get(entry) ?? new Map<string, Json>()).set(field, passingValue(value)));
      setAside(aside, step, entry.name, new Map([[field, live!.get(field)!]]));
    }
    const entries = [...sets].map(([{ key, liveKey }, set]): Update => ({ key: liveKey ?? key, set }));
    await session.write(step.plan.dataset, { kind: "update", entries });
  }
}

function passingValue(kind: NonNullable<Exclusive["passing"]>["value"]): Json {
  switch (kind) {
    case "null":
      return null;
    case "integer":
      return -randomInt(2 ** 30, 2 ** 31);
    case "text":
      return `heddle ${randomUUID()}`;
    case "uuid":
      return randomUUID();
  }
}

function inTurns(step: Step, turns: ReadonlyMap<number, number> | undefined): Step[] {
  if (!turns) return [step];
  const parts = new Map<number, Change[]>();
  for (const [i, change] of step.changes.entries()) {
    const turn = turns.get(i) ?? 0;
    parts.set(turn, [...(parts.get(turn) ?? []), change]);
  }
  return [...parts].sort(([a], [b]) => a - b).map(([, changes]) => ({ ...step, changes }));
}
