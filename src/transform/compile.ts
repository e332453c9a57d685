import type { Codec } from "../model/codec.js";
import { datasetGlob } from "../model/dataset-name.js";
import type { Problem } from "../model/errors.js";
import { checkRules } from "./check.js";
import { compileExpression, type Evaluate } from "./expression.js";
import type { TransformRule } from "./rules.js";
import type { CompiledStep } from "./step.js";
import { compileStep, kindOf } from "./steps.js";

/** A rule made ready to run. */
export interface Rule {
  source: TransformRule;
  matches(dataset: string): boolean;
  /** Without `when`. */
  always: boolean;
  /** `for` is a name, no glob. */
  named: boolean;
  drops: boolean;
  masks: boolean;
  /** Some mask needs the mask key. */
  keyed: boolean;
  /** As problems name it: `transform[0]`. */
  label: string;
  when?: Evaluate;
  steps: (CompiledStep & { label: string })[];
}

interface Context {
  codec: Codec;
  maskKey: string;
  origin: string;
}

/** A shorter mask key is guessed from what it masked. */
const shortestKey = 16;

/** Adds what is wrong to `problems`, and compiles only where nothing is. */
export async function compileRules(
  rules: readonly TransformRule[],
  { maskKey, origin }: Context,
  problems: Problem[],
): Promise<Rule[]> {
  const found = await checkRules(rules);
  if (rules.some(isKeyed) && maskKey.length < shortestKey) {
    const message = maskKey === "" ? "mask needs a mask key" : `the mask key has fewer than ${shortestKey} characters`;
    found.push({ message, hint: "set spec.maskKey to a variable that holds a random text (openssl rand -hex 32)" });
  }
  problems.push(
    ...found.map((problem) => ({ ...problem, ...(problem.path && { path: `/${origin}${problem.path}` }) })),
  );
  if (found.length > 0) return [];
  return Promise.all(
    rules.map(async (source, index) => {
      const label = `${origin}[${index}]`;
      const steps = source.steps.map(async (step, i) => ({
        ...(await compileStep(step, maskKey)),
        label: `${label}.steps[${i}] ${kindOf(step)}`,
      }));
      return {
        source,
        matches: datasetGlob(source.for),
        always: source.when === undefined,
        named: !/[*?]/.test(source.for),
        drops: source.steps.some((step) => "drop" in step),
        masks: source.steps.some((step) => "mask" in step),
        keyed: isKeyed(source),
        label,
        ...(source.when !== undefined && { when: await compileExpression(source.when) }),
        steps: await Promise.all(steps),
      };
    }),
  );
}

const isKeyed = ({ steps }: TransformRule): boolean =>
  steps.some((step) => "mask" in step && Object.values(step.mask).some((kind) => kind !== "remove"));
