/** An array as its elements' texts, nested by dimension; null is NULL. */
export type ArrayTree = (string | null | ArrayTree)[];

/**
 * Reads the server's text of an array (PostgreSQL manual, 8.15.6). Undefined where the bounds are not the usual ones:
 * such an array is carried as its text. Throws SyntaxError where the text is no array.
 */
export function parseArray(text: string, delimiter: string): ArrayTree | undefined {
  if (text.startsWith("[")) return undefined;
  // One dimension without quotes: most arrays.
  if (/^\{[^"\\{}\s]+\}$/.test(text)) {
    return text
      .slice(1, -1)
      .split(delimiter)
      .map((bare) => bareElement(bare));
  }
  let offset = 0;
  const element = (): string | null | ArrayTree => {
    if (text[offset] === "{") return level();
    if (text[offset] === '"') return quoted();
    const start = offset;
    while (offset < text.length && text[offset] !== delimiter && text[offset] !== "}") {
      if (text[offset] === '"' || text[offset] === "{" || text[offset] === "\\") fail();
      offset++;
    }
    return bareElement(text.slice(start, offset));
  };
  const quoted = (): string => {
    let value = "";
    let start = ++offset;
    for (; ; offset++) {
      const character = text[offset];
      if (character === undefined) return fail();
      if (character === '"') break;
      if (character === "\\") {
        value += text.slice(start, offset);
        start = ++offset;
      }
    }
    value += text.slice(start, offset);
    offset++;
    return value;
  };
  const level = (): ArrayTree => {
    const items: ArrayTree = [];
    offset++;
    if (text[offset] === "}") {
      offset++;
      return items;
    }
    for (;;) {
      items.push(element());
      const next = text[offset++];
      if (next === "}") return items;
      if (next !== delimiter) fail();
    }
  };
  if (text[0] !== "{") fail();
  const tree = level();
  if (offset !== text.length) fail();
  return tree;
}

function fail(): never {
  throw new SyntaxError("not the text of an array");
}

/** The server quotes elements with white space in them, by its own idea of that: no-break spaces and the like are none. */
function bareElement(text: string): string | null {
  if (text === "" || /^[ \t\n\r\v\f]|[ \t\n\r\v\f]$/.test(text)) fail();
  return text === "NULL" || text.toUpperCase() === "NULL" ? null : text;
}

/** The text that the server's array input reads. */
export function formatArray(tree: ArrayTree, delimiter: string): string {
  const items = tree.map((item) => {
    if (item === null) return "NULL";
    if (typeof item === "string") return `"${item.replace(/["\\]/g, "\\$&")}"`;
    return formatArray(item, delimiter);
  });
  return `{${items.join(delimiter)}}`;
}
