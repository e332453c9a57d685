import type { Dataset } from "../model/dataset.js";
import type { Rules } from "./plan.js";
import { waysOf } from "./side.js";

/** The dataset without the fields that are left alone as a whole: what others write there says nothing of drift. */
export function fingerprinted(dataset: Dataset, { ignore, local }: Pick<Rules, "ignore" | "local">): Dataset {
  const ways = [...ignore, ...local].map((pointer) => waysOf(pointer));
  const alone = new Set(ways.filter((way) => way.length === 1).map(([name]) => name!));
  return { ...dataset, ...(dataset.fields && { fields: dataset.fields.filter(({ name }) => !alone.has(name)) }) };
}
