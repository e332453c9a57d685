import type { Key } from "../../model/entry.js";
import { survivesAsObject } from "../../model/json.js";
import { isNormal } from "./normal.js";
import type { ValueType } from "./value-type.js";

/** A row as COPY takes it: `line` ends with a newline. */
export interface FlatRow {
  key: Key;
  line: string;
}

/**
 * Reads canonical manifests of a table without making values of them. It understands rows of plain ASCII values whose
 * types surely take them as they are and print them the same way, and gives undefined for any other text, which says
 * nothing against it. Undefined itself where the table has columns of types, or names, that it never understands.
 * @param columns all that a manifest has, in its order
 */
export function flatReader(
  columns: readonly { name: string; type: ValueType }[],
  key: readonly string[],
): ((text: string) => FlatRow | undefined) | undefined {
  const readers = columns.map(({ type }) => tokenReader(type));
  // What it understands is what `JSON.parse` gives, too.
  const names = columns.map(({ name }) => name);
  if (names.length === 0 || !survivesAsObject(names) || readers.some((read) => !read)) return undefined;
  const heads = columns.map(({ name }, i) => `${i === 0 ? "{" : ","}\n  ${JSON.stringify(name)}: `);
  const parts = key.map((name) => columns.findIndex((column) => column.name === name));
  const tokens: string[] = columns.map(() => "");
  return (text) => {
    let line = "";
    let at = 0;
    for (let i = 0; i < heads.length; i++) {
      const head = heads[i]!;
      if (!text.startsWith(head, at)) return undefined;
      at += head.length;
      const end = tokenEnd(text, at);
      const token = text.slice(at, end);
      const cell = readers[i]!(token);
      if (cell === undefined) return undefined;
      line += i === 0 ? cell : `\t${cell}`;
      tokens[i] = token;
      at = end;
    }
    if (at + tail.length !== text.length || !text.endsWith(tail)) return undefined;
    let own = "";
    for (const part of parts) {
      const token = tokens[part]!;
      if (token === "null") return undefined;
      own += own === "" ? token : `,${token}`;
    }
    return { key: `[${own}]`, line: `${line}\n` };
  };
}

const tail = "\n}\n";
const quote = 0x22;

/** Where a scalar ends: behind the closing quote, if nothing is escaped before it, or before what follows a number or word. */
function tokenEnd(text: string, start: number): number {
  if (text.charCodeAt(start) === quote) return text.indexOf('"', start + 1) + 1;
  let end = start;
  for (let code = text.charCodeAt(end); code !== 0x2c && code > 0x20; code = text.charCodeAt(end)) end++;
  return end;
}

/** The cell of COPY's text format that a JSON token is; undefined where that takes a closer look. */
type TokenReader = (token: string) => string | undefined;

/** Neither escapes nor what COPY or JSON would escape, and the same bytes in every encoding of a server. */
const plain = /^"[ !#-[\]-~]*"$/;
const whole = /^(?:0|-?[1-9]\d*)$/;

function tokenReader(type: ValueType): TokenReader | undefined {
  // Types of the user's own: not even their nulls are without doubt.
  if (type.name.includes(".")) return undefined;
  const orNull =
    (read: TokenReader): TokenReader =>
    (token) =>
      token === "null" ? "\\N" : read(token);
  switch (type.kind) {
    case "boolean":
      return orNull((token) => (token === "true" || token === "false" ? token : undefined));
    case "integer":
    case "bigint":
      return orNull((token) => (whole.test(token) && isNormal(type, Number(token), true) ? token : undefined));
    case "float":
      return orNull((token) => {
        const value = Number(token);
        return String(value) === token && isNormal(type, value, true) ? token : undefined;
      });
    case "plain":
    case "text":
      return orNull((token) => {
        if (!plain.test(token)) return undefined;
        const cell = token.slice(1, -1);
        return isNormal(type, cell, true) ? cell : undefined;
      });
    default:
      return undefined;
  }
}
