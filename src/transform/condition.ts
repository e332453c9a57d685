import type { Codec } from "../model/codec.js";
import type { Dataset } from "../model/dataset.js";
import { HeddleError } from "../model/errors.js";
import type { Fields } from "../model/json.js";
import { compileExpression } from "./expression.js";
import { plainView } from "./step.js";

/** Whether an entry is meant. HDL500 where the expression fails, or gives neither true nor false. */
export type Condition = (codec: Codec, dataset: Dataset, fields: Fields) => Promise<boolean>;

/** A JSONata expression over the plain view of entries. HDL102 where it is none. */
export async function compileCondition(source: string): Promise<Condition> {
  const evaluate = await compileExpression(source);
  return async (codec, dataset, fields) => {
    const types = new Map((dataset.fields ?? []).map((field) => [field.name, field]));
    const value = await evaluate(plainView(codec, types, fields));
    // A comparison with a field that is not there gives nothing.
    if (value === undefined || typeof value === "boolean") return value ?? false;
    throw new HeddleError("HDL500", "the expression gives neither true nor false", {
      hint: "write $boolean(…) around it",
    });
  };
}
