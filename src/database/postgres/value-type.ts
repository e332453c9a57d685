/** How values of a column look in a manifest. `text`: as the server prints them; `plain` among these never need escapes. */
type Kind = "integer" | "bigint" | "float" | "boolean" | "json" | "jsonb" | "text" | "plain" | "array";

export interface ValueType {
  /** The engine's own name, modifier included: `numeric(10,2)`. */
  name: string;
  /** The same without modifier, and without `[]` for arrays' elements. */
  base: string;
  kind: Kind;
  /** Of arrays. */
  element?: ValueType;
  /** What separates elements in an array's text. */
  delimiter: string;
}

const kinds: Record<string, Kind> = {
  smallint: "integer",
  integer: "integer",
  bigint: "bigint",
  real: "float",
  "double precision": "float",
  boolean: "boolean",
  json: "json",
  jsonb: "jsonb",
  numeric: "plain",
  uuid: "plain",
  date: "plain",
  "timestamp without time zone": "plain",
  "timestamp with time zone": "plain",
  "time without time zone": "plain",
  "time with time zone": "plain",
  interval: "plain",
  inet: "plain",
  cidr: "plain",
  macaddr: "plain",
  macaddr8: "plain",
  oid: "plain",
  bit: "plain",
  "bit varying": "plain",
  pg_lsn: "plain",
  money: "plain",
};

/**
 * Reads a type name as `format_type` prints it under an empty search path, where only built-in types stand without a
 * schema. Domains are text: what they are made of is their definition's business.
 * @param delimiter of arrays, where the catalogue says so; only `box` differs among built-in types
 */
export function valueType(name: string, delimiter?: string): ValueType {
  if (name.endsWith("[]")) {
    const element = valueType(name.slice(0, -2));
    return { name, base: element.base, kind: "array", element, delimiter: delimiter ?? element.delimiter };
  }
  const base = name.replace(/\(\s*-?\d+(?:\s*,\s*-?\d+)*\)/, "");
  const kind = Object.hasOwn(kinds, base) ? kinds[base]! : /^interval\b/.test(base) ? "plain" : "text";
  return { name, base, kind, delimiter: delimiter ?? (base === "box" ? ";" : ",") };
}

export const isJson = (type: ValueType): boolean => type.kind === "json" || type.kind === "jsonb";
