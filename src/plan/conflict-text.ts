import { type Fields, isDocument, type Json, renderFields } from "../model/json.js";
import { pointerToken } from "../model/pointer.js";
import type { FieldConflict } from "./merge-fields.js";

/** A manifest with git's conflict markers around the fields that conflict, and around nothing else; "" is the whole. */
export function renderConflicts(
  fields: Fields,
  conflicts: ReadonlyMap<string, FieldConflict>,
  sides: { ours: Fields; theirs: Fields },
  size: number,
): string {
  const marker = (sign: string, label = "") => `${sign.repeat(size)}${label}\n`;
  const either = (ours: string, base: string | undefined, theirs: string) =>
    [
      marker("<", " ours"),
      ours,
      ...(base === undefined ? [] : [marker("|", " base"), base]),
      marker("="),
      theirs,
      marker(">", " theirs"),
    ].join("");
  if (conflicts.has("")) return either(renderFields(sides.ours), undefined, renderFields(sides.theirs));

  const inside = (path: string) => [...conflicts.keys()].some((conflict) => conflict.startsWith(`${path}/`));
  const members = (path: string, entries: readonly [string, Json][], pad: string): string =>
    entries
      .map(([name, value], i) => {
        const end = i === entries.length - 1 ? "\n" : ",\n";
        const head = `${pad}${JSON.stringify(name)}: `;
        const line = (of: Json | undefined) =>
          of === undefined ? "" : `${head}${JSON.stringify(of, null, 2).replaceAll("\n", `\n${pad}`)}${end}`;
        const at = `${path}/${pointerToken(name)}`;
        const conflict = conflicts.get(at);
        if (conflict) return either(line(conflict.ours), line(conflict.base), line(conflict.theirs));
        if (!isDocument(value) || !inside(at)) return line(value);
        return `${head}{\n${members(at, Object.entries(value), `${pad}  `)}${pad}}${end}`;
      })
      .join("");
  return `{\n${members("", [...fields], "  ")}}\n`;
}
