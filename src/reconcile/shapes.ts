import type { WriteSession } from "../database/database.js";
import { shapeOf } from "../database/shape.js";
import { HeddleError } from "../model/errors.js";
import type { Step } from "../plan/order.js";

/** HDL602 where a table is not what it was when the plan was made. A collection that was not there may have come. */
export async function checkShapes(session: WriteSession, steps: readonly Step[]): Promise<void> {
  const plans = new Set(steps.map(({ plan }) => plan));
  if (plans.size === 0) return;
  const tables = new Map((await session.tables()).map((table) => [table.name, table]));
  const problems = [...plans].flatMap(({ dataset, shape }) => {
    const table = tables.get(dataset.name);
    if (shape === undefined || (table && shapeOf(table) === shape)) return [];
    return [{ dataset: dataset.name, message: table ? "the table was altered" : "the table is gone" }];
  });
  if (problems.length === 0) return;
  throw new HeddleError("HDL602", "the schema changed since this plan was made; nothing was written", {
    problems,
    hint: "plan again",
  });
}
