import { countChanges, type DatasetPlan, type Plan } from "./plan.js";
import type { Consent } from "./policy.js";
import type { PlanReport } from "./report-schema.js";
import { entryName, type RenderContext, showChanges, shownKey } from "./show.js";

type Head = Omit<PlanReport, "datasets" | "written" | "resumed" | "undone">;
type DatasetReport = PlanReport["datasets"][number];

/** The plan as JSON text in pieces, with values redacted as in the text; report-schema.ts has its shape. A change is one line, and the last piece closes the object. */
export async function* renderJson(
  plan: Plan,
  missing: readonly Consent[],
  context: RenderContext,
  { binding }: { binding?: string } = {},
): AsyncGenerator<string> {
  const { version, id, environment, revision, trees, notes, takesBack, dependents = [], obstacles = [] } = plan;
  const head: Head = {
    ...{ version, id, environment, revision },
    ...(binding !== undefined && { binding }),
    ...{ trees, notes, takesBack, dependents, obstacles: [...obstacles] },
    counts: countChanges(plan),
    missing: [...missing],
  };
  yield open(head);
  yield ',\n  "datasets": [';
  for (const [i, part] of plan.datasets.entries()) {
    yield i === 0 ? "\n" : ",\n";
    yield* renderDataset(part, context);
  }
  yield "\n  ]";
  yield "\n}\n";
}

async function* renderDataset(part: DatasetPlan, context: RenderContext): AsyncGenerator<string> {
  const { weave, dataset, table, compared = "all", owned, wanted, adopted, released } = part;
  const kept = part.kept.map(({ key, name, why }) => ({
    key: shownKey(dataset, key, context),
    name: entryName(name),
    why,
  }));
  const head: Omit<DatasetReport, "changes" | "blocked"> = {
    ...{ weave, dataset: dataset.name, ...(table !== undefined && { table }), compared },
    ...{ owned, wanted, adopted, released, kept },
  };
  yield open(head);
  for (const name of ["changes", "blocked"] as const) {
    yield `,\n"${name}": [`;
    let first = true;
    for await (const change of showChanges(part, part[name], context)) {
      const shown: DatasetReport["changes"][number] = change;
      yield `${first ? "" : ","}\n${JSON.stringify(shown)}`;
      first = false;
    }
    yield "]";
  }
  yield "}";
}

/** An object without its closing brace. */
function open(value: object): string {
  return JSON.stringify(value, null, 2).replace(/\n\}$/, "");
}
