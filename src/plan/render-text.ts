import { printable } from "../model/printable.js";
import { describeDependent } from "./dependents.js";
import type { DatasetPlan, Plan } from "./plan.js";
import type { Consent } from "./policy.js";
import { entryName, type RenderContext, type ShownChange, showChanges } from "./show.js";
import {
  comparedNote,
  counted,
  datasetName,
  fieldName,
  keptBecause,
  labels,
  marks,
  shorten,
  summary,
  warnings,
} from "./words.js";

/** One printed line; the mark lets a terminal colour it. */
export interface Line {
  mark: "+" | "~" | "-" | "!" | " ";
  text: string;
}

/** Changes of a dataset that the text shows: more than anybody reads. */
const mostShown = 1000;

/** The plan as people read it: notes, changes by dataset with `+ ~ -`, what is refused, missing consents, a summary line. */
export async function* renderText(
  plan: Plan,
  missing: readonly Consent[],
  context: RenderContext,
): AsyncGenerator<Line> {
  for (const text of warnings(plan)) yield { mark: "!", text: `! ${text}` };
  for (const dependent of plan.dependents ?? [])
    yield { mark: "!", text: `! ${printable(describeDependent(dependent))}` };
  for (const dataset of plan.datasets) yield* renderDataset(dataset, context);
  for (const { reason, flag, list = [] } of missing) {
    yield { mark: "!", text: `! needs ${flag}: ${printable(reason)}` };
    for (const item of list) yield { mark: "!", text: `    ${printable(item)}` };
  }
  for (const text of comparedNote(plan)) yield { mark: " ", text };
  yield { mark: " ", text: summary(plan) };
}

export async function* renderDataset(plan: DatasetPlan, context: RenderContext): AsyncGenerator<Line> {
  const { changes, blocked, kept, released } = plan;
  if (changes.length + blocked.length + kept.length + released === 0) return;
  yield { mark: " ", text: datasetName(plan) };
  for await (const change of showChanges(plan, changes.slice(0, mostShown), context)) yield* renderChange(change, "");
  if (changes.length > mostShown) {
    yield { mark: "!", text: `  … and ${changes.length - mostShown} more changes (--json lists them all)` };
  }
  for await (const change of showChanges(plan, blocked, context)) yield* renderChange(change, "REFUSED ");
  for (const { name, why } of kept) yield { mark: "!", text: `  = ${entryName(name)} (${keptBecause[why]})` };
  if (released > 0)
    yield { mark: "!", text: `  = ${counted(released, "entry", "entries")} released: no longer owned, not deleted` };
  yield { mark: " ", text: "" };
}

function* renderChange({ kind, label, name, fields }: ShownChange, prefix: string): Generator<Line> {
  const mark = prefix ? "!" : marks[kind];
  const why = label === "git" ? "" : ` (${labels[label]})`;
  yield { mark, text: `  ${marks[kind]} ${prefix}${name}${why}` };
  for (const field of fields) {
    const [from, to] = [field.from ?? "absent", field.to ?? "absent"].map((text) => shorten(text, 120));
    const arrow = kind === "create" ? to : `${from} → ${to}`;
    const types = field.types ? ` (${field.types})` : "";
    const note = field.label !== label ? ` (${labels[field.label]})` : "";
    yield { mark, text: `      ${fieldName(field)}: ${arrow}${types}${note}` };
  }
}
