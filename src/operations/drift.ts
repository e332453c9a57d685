import { HeddleError } from "../model/errors.js";
import type { Plan } from "../plan/plan.js";
import { announce } from "./announce.js";
import { appliedSource, isBaseAvailable } from "./base.js";
import { planData } from "./notice.js";
import { makePlan, type PlanOptions } from "./plan.js";
import { recordedShape } from "./shape-digest.js";
import { readState } from "./state.js";
import { locate, type TargetOptions, withDatabase } from "./target.js";

export type DriftOptions = TargetOptions & Pick<PlanOptions, "present">;

/**
 * Compares a database with the revision applied to it: the plan that would undo every difference, ignored and local
 * fields left out. Writes nothing. HDL301 where nothing was applied yet, or this clone does not have it.
 */
export async function drift(options: DriftOptions): Promise<{ plan: Plan; drifted: boolean }> {
  const place = await locate(options);
  const found = await withDatabase(place, async (destination) => {
    const { database, environment, project } = destination;
    const { record } = await database.read((session) => readState(session, environment, []));
    if (!record) {
      throw new HeddleError("HDL301", `nothing was applied to ${environment.name} yet`, {
        hint: `heddle apply ${environment.name}`,
      });
    }
    if (!(await isBaseAvailable(project.repository, record))) {
      throw new HeddleError("HDL301", `the applied revision ${record.revision.slice(0, 10)} is not in this clone`, {
        hint: `git fetch origin ${record.revision}`,
      });
    }
    const { plan } = await makePlan(
      {
        ...destination,
        environment: {
          ...environment,
          weaves: Object.keys(record.trees),
          apply: { ...environment.apply, onDrift: "overwrite", order: "any" },
        },
        revision: record.revision,
        source: appliedSource(project.repository, record),
        ...recordedShape(record),
        validate: new Map(),
        notes: [],
        full: true,
        ...(options.exact && { exact: true }),
        ...(options.concurrency !== undefined && { concurrency: options.concurrency }),
        ...(options.progress && { progress: options.progress }),
      },
      options,
    );
    return { plan, drifted: plan.datasets.some(({ changes, blocked }) => changes.length + blocked.length > 0) };
  });
  const { environment } = place;
  if (found.drifted) await announce(environment, "drifted", { verb: "drift", ...planData(found.plan) }, options);
  return found;
}
