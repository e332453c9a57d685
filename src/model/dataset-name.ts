/** Dataset names: `table` or `schema.table`; a part that holds a dot or a double quote stands in double quotes, `""` inside for one. */

/** Splits at the first dot outside double quotes and unquotes both parts. The schema is undefined where none is named. */
export function splitName(name: string): { schema: string | undefined; table: string } {
  let quoted = false;
  for (let i = 0; i < name.length; i++) {
    if (name[i] === '"') quoted = !quoted;
    else if (name[i] === "." && !quoted)
      return { schema: unquote(name.slice(0, i)), table: unquote(name.slice(i + 1)) };
  }
  return { schema: undefined, table: unquote(name) };
}

/** The canonical dataset name of a PostgreSQL table: without a schema for public. */
export function joinName(schema: string, table: string): string {
  return schema === "public" ? quote(table) : `${quote(schema)}.${quote(table)}`;
}

function quote(part: string): string {
  return /[."]/.test(part) ? `"${part.replaceAll('"', '""')}"` : part;
}

function unquote(part: string): string {
  return part.length >= 2 && part.startsWith('"') && part.endsWith('"')
    ? part.slice(1, -1).replaceAll('""', '"')
    : part;
}

/** A matcher for dataset globs: `*` and `?` match any characters, `.` and `/` too. A leading `public.` is dropped first. */
export function datasetGlob(pattern: string): (name: string) => boolean {
  const bare = pattern.startsWith("public.") ? pattern.slice("public.".length) : pattern;
  if (!/[*?]/.test(bare)) return (name) => name === bare;
  const source = bare
    .replace(/[\\^$.|+()[\]{}]/g, "\\$&")
    .replaceAll("*", "[^]*")
    .replaceAll("?", "[^]");
  const expression = new RegExp(`^${source}$`, "u");
  return (name) => expression.test(name);
}
