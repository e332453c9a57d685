import { parsePointer } from "../model/pointer.js";
import { take } from "./pointer.js";
import type { CompiledStep, Effect } from "./step.js";

/** Leaves out what the pointers name, where it is there. */
export function compileRemove(pointers: readonly string[]): CompiledStep {
  const paths = pointers.map(parsePointer);
  return {
    effects: paths.flatMap((path): Effect[] => (path.length === 1 ? [{ kind: "remove", name: path[0] }] : [])),
    names: paths.map(([name]) => name),
    run: ({ fields }) => {
      for (const path of paths) take(fields, path);
    },
  };
}
