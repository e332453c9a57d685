import { formatPointer, parsePointer } from "../model/pointer.js";
import { put, renameAt, take, valueAt } from "./pointer.js";
import { type CompiledStep, type Effect, fail } from "./step.js";

/**
 * Gives fields and members new names, one pair after the other. Within one parent the place is kept, else the value goes to
 * the end of its new parent. What is not there is passed over; a name that is taken is HDL500.
 */
export function compileRename(pairs: { readonly [from: string]: string }): CompiledStep {
  const renames = Object.entries(pairs).map(([from, to]) => ({ from: parsePointer(from), to: parsePointer(to) }));
  return {
    effects: renames.flatMap(({ from, to }): Effect[] => {
      if (from.length === 1 && to.length === 1) return [{ kind: "rename", from: from[0], to: to[0] }];
      const effects: Effect[] = [{ kind: "copy", from: from[0], to: to[0] }];
      if (from.length === 1) effects.push({ kind: "remove", name: from[0] });
      if (to.length === 1) effects.push({ kind: "add", name: to[0] });
      return effects;
    }),
    names: renames.flatMap(({ from, to }) => [from[0], to[0]]),
    run: ({ fields }) => {
      for (const { from, to } of renames) {
        const value = valueAt(fields, from);
        if (value === undefined) continue;
        if (valueAt(fields, to) !== undefined) fail(`rename: there is a ${formatPointer(to)} already`);
        if (formatPointer(from.slice(0, -1)) === formatPointer(to.slice(0, -1))) renameAt(fields, from, to.at(-1)!);
        else {
          take(fields, from);
          put(fields, to, value);
        }
      }
    },
  };
}
