import type { Problem } from "./errors.js";
import { type Fields, renderFields } from "./json.js";
import { parseManifest } from "./parse.js";

/** An entry in a shard: one line, `{"NAME":JSON}`. */
export interface ShardLine {
  /** The name that its file would have, without `.json`. */
  name: string;
  /** What its file would hold, without white space. */
  json: string;
}

/** Orders names as bytes, which is how `LC_ALL=C sort` orders the lines. */
export const byName = (a: { name: string }, b: { name: string }): number =>
  a.name < b.name ? -1 : a.name > b.name ? 1 : 0;

export function renderShard(lines: readonly ShardLine[]): string {
  return lines.map(({ name, json }) => `{"${name}":${json}}\n`).join("");
}

/**
 * Reads a shard strictly: what is unsorted, double or no entry is a problem with its line. `lines` has what can be read all
 * the same, each with its line's number from 1; nothing may be concluded from what is absent while there are problems.
 */
export function readShard(text: string): { lines: (ShardLine & { line: number })[]; problems: Problem[] } {
  const problems: Problem[] = [];
  const lines: (ShardLine & { line: number })[] = [];
  const rows = text.split("\n");
  if (rows.pop() !== "") problems.push({ line: rows.length + 1, message: "has no newline at its end" });
  else if (rows.length === 0) problems.push({ message: "is empty", hint: "restore it from git, or delete it" });
  let last = "";
  for (const [i, row] of rows.entries()) {
    const line = i + 1;
    const end = row.indexOf('":{');
    const name = row.slice(2, end);
    if (row.endsWith("\r")) problems.push({ line, message: "ends in CRLF", hint: "lines end in a line feed alone" });
    else if (end < 0 || !row.startsWith('{"') || !row.endsWith("}}") || !/^[^"\\/_.][^"\\/]*$/.test(name)) {
      problems.push({ line, message: 'is not {"NAME":{…}}, one entry on a line' });
    } else {
      if (name === last) problems.push({ line, message: `has ${name} a second time` });
      else if (name < last) {
        problems.push({ line, message: `has ${name} behind ${last}`, hint: "sort the lines as bytes: LC_ALL=C sort" });
      }
      last = name;
      lines.push({ name, json: row.slice(end + 2, -1), line });
    }
  }
  return { lines, problems };
}

/** The manifest that a line's JSON stands for: two-space canonical form; JSON that Heddle did not write so stays as it is. */
export function unpacked(json: string): string {
  try {
    const value: unknown = JSON.parse(json);
    // What `JSON.stringify` gives back has no member that it would move or lose.
    if (JSON.stringify(value) === json) return `${JSON.stringify(value, null, 2)}\n`;
  } catch {
    return `${json}\n`;
  }
  const { fields, problems } = parseManifest(json);
  return problems.length === 0 && compact(fields) === json ? renderFields(fields) : `${json}\n`;
}

/** The JSON of a line that `unpacked` gives this manifest back for; one in another spelling becomes canonical. Undefined for none. */
export function packed(text: string): string | undefined {
  const { fields, problems } = parseManifest(text);
  if (problems.length > 0) return undefined;
  const line = text.slice(0, -1);
  return !line.includes("\n") && unpacked(line) === text ? line : compact(fields);
}

function compact(fields: Fields): string {
  return `{${[...fields].map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join(",")}}`;
}
