import { type Fields, isDocument, type Json, renderFields } from "../model/json.js";
import { pointerToken } from "../model/pointer.js";
import type { FieldConflict } from "./merge-fields.js";

/** Two texts between git's conflict markers, of this length; the base between them where it is given. */
export function markedSides(ours: string, base: string | undefined, theirs: string, size = 7): string {
  const marker = (sign: string, label = "") => `${sign.repeat(size)}${label}\n`;
  const middle = base === undefined ? "" : marker("|", " base") + base;
  return `${marker("<", " ours")}${ours}${middle}${marker("=")}${theirs}${marker(">", " theirs")}`;
}

/** A manifest with markers around the fields that conflict, and around nothing else; path "" is the whole. */
export function renderConflicts(
  fields: Fields,
  list: readonly FieldConflict[],
  sides: { ours: Fields; theirs: Fields },
  size = 7,
): string {
  const conflicts = new Map(list.map((conflict) => [conflict.path, conflict]));
  if (conflicts.has("")) return markedSides(renderFields(sides.ours), undefined, renderFields(sides.theirs), size);

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
        if (conflict) {
          const before = conflict.base === undefined ? undefined : line(conflict.base);
          return markedSides(line(conflict.ours), before, line(conflict.theirs), size);
        }
        if (!isDocument(value) || !inside(at)) return line(value);
        return `${head}{\n${members(at, Object.entries(value), `${pad}  `)}${pad}}${end}`;
      })
      .join("");
  return `{\n${members("", [...fields], "  ")}}\n`;
}
