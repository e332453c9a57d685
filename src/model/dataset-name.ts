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

/** What a pattern stands for: as it is (a collection may be called `public.x`), and without a leading `public.` (as tables are). */
export function readings(pattern: string): string[] {
  return pattern.startsWith("public.") ? [pattern, pattern.slice("public.".length)] : [pattern];
}

/** A matcher for dataset globs: `*` and `?` match any characters, `.` and `/` too. A leading `public.` may be left out of a name. */
export function datasetGlob(pattern: string): (name: string) => boolean {
  const matchers = readings(pattern).map(glob);
  return (name) => matchers.some((matches) => matches(name));
}

/** The same for datasets of weaves: `[WEAVE:]DATASET`, each part a glob. */
export function weaveGlob(pattern: string): (weave: string, name: string) => boolean {
  const anywhere = datasetGlob(pattern);
  const colon = pattern.indexOf(":");
  if (colon < 0) return (_weave, name) => anywhere(name);
  const [inWeave, inside] = [glob(pattern.slice(0, colon)), datasetGlob(pattern.slice(colon + 1))];
  return (weave, name) => anywhere(name) || (inWeave(weave) && inside(name));
}

function glob(pattern: string): (name: string) => boolean {
  if (!/[*?]/.test(pattern)) return (name) => name === pattern;
  const source = pattern
    .replace(/[\\^$.|+()[\]{}]/g, "\\$&")
    .replaceAll("*", "[^]*")
    .replaceAll("?", "[^]");
  const expression = new RegExp(`^${source}$`, "u");
  return (name) => expression.test(name);
}
