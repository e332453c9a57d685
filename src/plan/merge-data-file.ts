import type { Preference } from "./merge-fields.js";
import { mergeShard } from "./merge-shard.js";
import { type MergedText, mergeText, type Texts } from "./merge-text.js";

/**
 * Three-way merge of a data file, whatever it is. Undefined where ours or theirs cannot be read.
 * @param name the file's own name
 */
export function mergeDataFile(
  name: string,
  texts: Texts,
  options: { size?: number; prefer?: Preference },
): MergedText | undefined {
  return name.endsWith(".jsonl") ? mergeShard(texts, options) : mergeText(name, texts, options);
}
