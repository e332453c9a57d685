import { compileCompute } from "./compute.js";
import { compileMask } from "./mask.js";
import { compileMerge } from "./merge.js";
import { compilePatch } from "./patch.js";
import type { Secret } from "./pseudonym.js";
import { compileRemove } from "./remove.js";
import { compileRename } from "./rename.js";
import type { Step, StepKind } from "./rules.js";
import type { CompiledStep } from "./step.js";

/** `secret` is needed by masks alone. The step must have passed `checkRules`. */
export async function compileStep(step: Step, secret: Secret): Promise<CompiledStep> {
  if ("patch" in step) return compilePatch(step.patch);
  if ("merge" in step) return compileMerge(step.merge);
  if ("compute" in step) return compileCompute(step.compute);
  if ("rename" in step) return compileRename(step.rename);
  if ("remove" in step) return compileRemove(step.remove);
  if ("mask" in step) return compileMask(step.mask, secret);
  return drop;
}

const drop: CompiledStep = {
  effects: [],
  names: [],
  run: (draft) => {
    draft.dropped = true;
  },
};

export function kindOf(step: Step): StepKind {
  return Object.keys(step)[0] as StepKind;
}
