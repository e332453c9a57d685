import type { Codec } from "../model/codec.js";
import type { Dataset } from "../model/dataset.js";
import { HeddleError } from "../model/errors.js";
import type { Fields } from "../model/json.js";
import { compileCondition } from "../transform/condition.js";

/** Judges entries by an expression, and counts those that it cannot be applied to. */
export interface Judge {
  /** False also where the expression fails; `name` is for messages. */
  matches(about: { dataset: Dataset; codec: Codec }, name: string, fields: Fields): Promise<boolean>;
  /** What to say of entries that could not be judged. HDL500, with the first reason, where none could be. */
  notes(): string[];
}

/** HDL102 for what is no JSONata. */
export async function openJudge(expression: string): Promise<Judge> {
  const condition = await compileCondition(expression);
  let judged = 0;
  let failed = 0;
  let first: { entry: string; error: HeddleError } | undefined;
  return {
    async matches({ dataset, codec }, name, fields) {
      try {
        const verdict = await condition(codec, dataset, fields);
        judged++;
        return verdict;
      } catch (error) {
        if (!(error instanceof HeddleError)) throw error;
        failed++;
        first ??= { entry: `${dataset.name}/${name}`, error };
        return false;
      }
    },
    notes() {
      if (!first) return [];
      if (judged === 0) throw first.error;
      const { entry, error } = first;
      return [
        `${failed} ${failed === 1 ? "version" : "versions"} could not be judged, such as ${entry}: ${error.message}`,
      ];
    },
  };
}
