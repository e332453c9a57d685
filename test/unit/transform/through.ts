import type { Problem } from "../../../src/model/errors.js";
import { type Fields, type Json, renderFields } from "../../../src/model/json.js";
import { keyOf } from "../../../src/model/key.js";
import { compilePipeline } from "../../../src/transform/pipeline.js";
import type { Step, TransformRule } from "../../../src/transform/rules.js";
import { datasetOf, plainCodec } from "./plain-codec.js";

export const maskKey = "a mask key for tests only";

/** One document `t` through steps: its fields, or its problems. */
export async function through(
  steps: Step[],
  fields: Fields | Record<string, Json>,
  rule: Partial<TransformRule> = {},
): Promise<{ fields?: Fields; text?: string; problems: Problem[] }> {
  const dataset = datasetOf("t");
  const pipeline = await compilePipeline({ rules: [{ for: "t", steps, ...rule }], codec: plainCodec(false), maskKey });
  const before: Fields = new Map<string, Json>([
    ["id", 1],
    ...(fields instanceof Map ? fields : Object.entries(fields)),
  ]);
  const copy = structuredClone(before);
  const text = renderFields(before);
  const { entries, problems } = await pipeline.run(dataset, [{ key: keyOf(dataset, before)!, text }]);
  const shaped = problems.length === 0 ? await pipeline.shape(dataset, before) : undefined;
  if (renderFields(before) !== text || renderFields(copy) !== text) throw new Error("the entry given was changed");
  const result = entries[0]?.text;
  if (shaped && renderFields(shaped) !== result) throw new Error("run and shape differ");
  shaped?.delete("id");
  return { ...(shaped && { fields: shaped }), ...(result !== undefined && { text: result }), problems };
}
