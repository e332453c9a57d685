import { HeddleError } from "../model/errors.js";
import { parsePointer } from "../model/pointer.js";
import { compileExpression } from "./expression.js";
import { put, valueAt } from "./pointer.js";
import { type CompiledStep, type Effect, fail, viewOf } from "./step.js";

/**
 * Sets fields to what JSONata expressions give, one after the other: each sees what those before it set. A value takes the
 * type of the one it replaces or of its column, else the narrowest. An expression that gives nothing is HDL500: whether
 * the old value should stay or go is for the configuration to say.
 */
export async function compileCompute(expressions: { readonly [pointer: string]: string }): Promise<CompiledStep> {
  const targets = await Promise.all(
    Object.entries(expressions).map(async ([pointer, source]) => ({
      pointer,
      path: parsePointer(pointer),
      evaluate: await compileExpression(source),
    })),
  );
  return {
    effects: targets.flatMap(({ path }): Effect[] => (path.length === 1 ? [{ kind: "add", name: path[0] }] : [])),
    names: targets.map(({ path }) => path[0]),
    run: async (draft) => {
      for (const { pointer, path, evaluate } of targets) {
        const value = await evaluate(viewOf(draft));
        if (value === undefined) {
          fail(`${pointer}: the expression gives nothing`, "use when to choose entries, or ?: to give a value or null");
        }
        const field = path.length === 1 ? draft.types.get(path[0]) : undefined;
        try {
          put(draft.fields, path, draft.codec.fromPlain(value, valueAt(draft.fields, path), field));
        } catch (error) {
          if (error instanceof HeddleError) fail(`${pointer}: ${error.message}`, error.hint);
          throw error;
        }
        draft.view = undefined;
      }
    },
  };
}
