import { ahead } from "../model/ahead.js";
import { HeddleError } from "../model/errors.js";
import type { Step } from "../plan/order.js";
import type { Change } from "../plan/plan.js";
import type { Side, Wanted } from "../plan/side.js";
import { refersToItself, slices, writeSize } from "./chunks.js";

/** Changes of a step that are written at once. */
export interface Part {
  changes: readonly Change[];
  /** What git wants of them, by name; empty for deletes. */
  wanted: ReadonlyMap<string, Wanted>;
}

/** A step cut into what is written at once. What git wants of the next part is read while the database is busy with one. */
export function partsOf(git: Side | undefined, step: Step): AsyncIterable<Part> {
  return ahead(read(git, step));
}

/** The same for given changes, not cut. */
export async function partOf(git: Side | undefined, { kind }: Step, changes: readonly Change[]): Promise<Part> {
  const wanted = new Map<string, Wanted>();
  if (kind !== "delete")
    for await (const batch of git!.read(filesOf(changes))) for (const one of batch) wanted.set(one.name, one);
  return { changes, wanted };
}

async function* read(git: Side | undefined, step: Step): AsyncGenerator<Part> {
  if (refersToItself(step)) return yield await partOf(git, step, step.changes);
  for (const changes of slices(step.changes, writeSize(step))) {
    // What is read at once is bounded in bytes too.
    if (step.kind === "create") yield* cut(git!, changes);
    else yield await partOf(git, step, changes);
  }
}

async function* cut(git: Side, changes: readonly Change[]): AsyncGenerator<Part> {
  const rest = new Map(changes.map((change) => [change.name, change]));
  for await (const batch of git.read(filesOf(changes))) {
    const own = batch.map(({ name }) => rest.get(name)!);
    for (const { name } of batch) rest.delete(name);
    yield { changes: own, wanted: new Map(batch.map((one) => [one.name, one])) };
  }
  if (rest.size > 0)
    throw new HeddleError("HDL999", `${git.dataset.name}: entries of the plan are not in the revision`);
}

const filesOf = (changes: readonly Change[]) =>
  changes.flatMap(({ name, git }) => (git === undefined ? [] : [[name, git] as const]));
