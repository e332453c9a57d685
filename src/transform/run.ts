import type { Codec } from "../model/codec.js";
import type { Dataset, Field } from "../model/dataset.js";
import { HeddleError, type Problem } from "../model/errors.js";
import type { Fields } from "../model/json.js";
import { parsePointer } from "../model/pointer.js";
import type { Rule } from "./compile.js";
import { type CompiledStep, type Draft, fail, viewOf } from "./step.js";

export interface Prepared {
  codec: Codec;
  /** The rules for the dataset; each step with the listed fields as it finds them. */
  rules: readonly (Omit<Rule, "steps"> & { steps: readonly Step[] })[];
  /** The dataset after them. */
  after: Dataset;
}

type Step = CompiledStep & { label: string; types: ReadonlyMap<string, Field> };

/**
 * One entry through the rules: its new fields in canonical form, or none where it is dropped, or problems. The fields given
 * are not changed. A rule's `when` is judged once, on what the rules before it left.
 */
export async function runRules(
  { codec, rules, after }: Prepared,
  fields: Fields,
): Promise<{ fields?: Fields; problems: Problem[] }> {
  const draft: Draft = { codec, fields: new Map(fields), types: new Map() };
  let label = "";
  let touched = false;
  try {
    for (const rule of rules) {
      label = `${rule.label}.when`;
      draft.types = rule.steps[0]!.types;
      if (rule.when && !(await holds(rule.when(viewOf(draft))))) continue;
      for (const step of rule.steps) {
        label = step.label;
        touched = true;
        draft.types = step.types;
        const pending = step.run(draft);
        if (pending) await pending;
        draft.view = undefined;
        if (draft.dropped) return { problems: [] };
      }
    }
  } catch (error) {
    if (!(error instanceof HeddleError)) throw error;
    return { problems: [problemOf(error, label)] };
  }
  const misfits = codec.rows ? incomplete(rules, after, draft.fields) : [];
  if (misfits.length > 0) return { problems: misfits };
  // What no step ran for is as canonical as it was.
  if (!touched) return { fields: draft.fields, problems: [] };
  const { fields: canonical, problems } = codec.canonical(after, draft.fields);
  if (problems.length > 0)
    return { problems: problems.map((problem) => ({ ...lastStep(rules, problem), ...problem })) };
  return { fields: canonical, problems: [] };
}

async function holds(result: Promise<unknown>): Promise<boolean> {
  const value = await result;
  // A comparison with a field that is not there gives nothing.
  if (value === undefined) return false;
  return typeof value === "boolean" ? value : fail("gives neither true nor false", "write $boolean(…) around it");
}

function problemOf({ message, hint }: HeddleError, step: string): Problem {
  return { step, message, ...(hint !== undefined && { hint }) };
}

/** Rows have all listed fields and no others: every row of a dataset has the same columns. */
function incomplete(rules: Prepared["rules"], after: Dataset, fields: Fields): Problem[] {
  const listed = new Set(after.fields?.map((field) => field.name));
  const missing = [...listed].filter((name) => !fields.has(name));
  const unknown = [...fields.keys()].filter((name) => !listed.has(name));
  const hint = "every row has the same columns: let a rule without when do it";
  return [
    ...missing.map((name) => ({
      ...lastStep(rules, { path: `/${name}` }),
      message: `this row has no ${JSON.stringify(name)}, though others have`,
      hint,
    })),
    ...unknown.map((name) => ({
      ...lastStep(rules, { path: `/${name}` }),
      message: `this row has ${JSON.stringify(name)}, though others have not`,
      hint,
    })),
  ];
}

/** The last step that names the field of a problem: most likely the one to look at. */
function lastStep(rules: Prepared["rules"], { path }: Pick<Problem, "path">): { step?: string } {
  if (!path) return {};
  const [name] = parsePointer(path);
  const label = rules.flatMap((rule) => rule.steps).findLast((step) => step.names.includes(name))?.label;
  return label === undefined ? {} : { step: label };
}
