import { type Fields, isDocument, type Json } from "../model/json.js";
import { formatPointer, pointerToken } from "../model/pointer.js";
import { mergeEntry } from "./merge-entry.js";

/** JSON Pointers of what differs: sub-documents member by member, arrays and typed wrappers whole; all fields where one side is absent. */
export function differingPaths(before: Fields | undefined, after: Fields | undefined): string[] {
  if (!before || !after) return [...(before ?? after ?? [])].map(([name]) => formatPointer([name]));
  const rules = { prune: "none", onDrift: "overwrite", onConflict: "git", ignore: [], local: [] } as const;
  return mergeEntry({ base: undefined, git: after, live: before }, rules).changes.map(({ path }) => path);
}

/** JSON Pointers of all values of an entry that are compared as one. */
export function leafPaths(fields: Fields): string[] {
  const inside = (path: string, value: Json): string[] => {
    const members = isDocument(value) ? Object.entries(value) : [];
    return members.length === 0
      ? [path]
      : members.flatMap(([name, one]) => inside(`${path}/${pointerToken(name)}`, one));
  };
  return [...fields].flatMap(([name, value]) => inside(formatPointer([name]), value));
}
