import type { Fields } from "../model/json.js";
import { mergeEntry } from "./merge-entry.js";
import type { Rules } from "./plan.js";

const everything: Rules = { prune: "owned", onDrift: "overwrite", onConflict: "git", ignore: [], local: [] };

/** JSON Pointers of what differs between two versions of an entry; `""` where that is the order of its fields alone. */
export function changedFields(before: Fields, after: Fields): string[] {
  return mergeEntry({ base: before, git: after, live: before }, everything).changes.map(({ path }) => path);
}
