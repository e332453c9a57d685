import { byName, packed, readShard, renderShard, type ShardLine, unpacked } from "../model/shard.js";
import { markedSides } from "./conflict-text.js";
import type { Preference } from "./merge-fields.js";
import { type MergedText, mergeText, type Texts } from "./merge-text.js";

/**
 * Three-way merge of a shard: line by line, and of one that both sides changed by field, as files of its entries would be.
 * Where something conflicts the line stands twice between markers. A base that is none counts as lost. Undefined where ours or
 * theirs is no shard. `conflicts` has names, with JSON Pointers where fields conflict.
 */
export function mergeShard(
  texts: Texts,
  { size = 7, prefer }: { size?: number; prefer?: Preference } = {},
): MergedText | undefined {
  const [base, ours, theirs] = [texts.base, texts.ours, texts.theirs].map(linesOf);
  if (!ours || !theirs) return undefined;
  const conflicts: string[] = [];
  const names = new Set([...ours.keys(), ...theirs.keys()]);
  const parts: { name: string; text: string }[] = [];
  for (const name of names) {
    const [was, our, their] = [base?.get(name), ours.get(name), theirs.get(name)];
    const put = (json: string | undefined) => {
      if (json !== undefined) parts.push({ name, text: renderShard([{ name, json }]) });
    };
    if (our === their || (base && their === was)) put(our);
    else if (base && our === was) put(their);
    else {
      const both = our !== undefined && their !== undefined;
      const merged = both ? mergeEntry(base && (was ?? ""), our, their, prefer) : undefined;
      const fields = merged?.conflicts ?? [""];
      conflicts.push(...fields.map((field) => `${name} ${field}`.trimEnd()));
      if (merged && (prefer || fields.length === 0)) put(packed(merged.text));
      else if (prefer) put(prefer === "ours" ? our : their);
      else {
        const side = (json: string | undefined) => (json === undefined ? "" : renderShard([{ name, json }]));
        parts.push({ name, text: markedSides(side(our), undefined, side(their), size) });
      }
    }
  }
  return {
    text: parts
      .sort(byName)
      .map(({ text }) => text)
      .join(""),
    conflicts,
  };
}

/** @param base JSON of a line, empty where it had none; undefined where it is not known */
function mergeEntry(base: string | undefined, ours: string, theirs: string, prefer: Preference | undefined) {
  const was = base === undefined ? "lost" : base && unpacked(base);
  const texts = { base: was, ours: unpacked(ours), theirs: unpacked(theirs) };
  return mergeText("entry.json", texts, prefer && { prefer });
}

function linesOf(text: string): Map<string, string> | undefined {
  if (text === "") return new Map();
  const { lines, problems } = readShard(text);
  return problems.length > 0 ? undefined : new Map(lines.map(({ name, json }: ShardLine) => [name, json]));
}
