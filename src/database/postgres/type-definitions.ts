import type { Transaction } from "./connection.js";
import { identifier, qualified } from "./quote.js";

/**
 * Reads the definitions of enums, domains, composites and ranges. The result gives, by a type's oid, the SQL statements
 * that make it and all that it is made of, in order, one a line; undefined for types that need none.
 */
export async function readDefinitions(transaction: Transaction): Promise<(oid: string) => string | undefined> {
  const definitions = new Map<string, { sql?: string; needs: string[] }>();
  for (const [oid, schema, name, kind, element, base, text] of (await transaction.query(typesSql)).rows) {
    const type = qualified(schema!, name!);
    const needs = [element!, base!].filter((need) => need !== "0");
    if (kind === "d") definitions.set(oid!, { sql: `CREATE DOMAIN ${type} AS ${text}`, needs });
    else if (kind === "e") definitions.set(oid!, { sql: `CREATE TYPE ${type} AS ENUM (${text ?? ""})`, needs });
    else if (kind === "r") definitions.set(oid!, { sql: `CREATE TYPE ${type} AS RANGE (${text})`, needs });
    else if (kind === "c") definitions.set(oid!, { sql: `CREATE TYPE ${type} AS (`, needs });
    else definitions.set(oid!, { needs });
  }
  const attributes = new Map<string, string[]>();
  for (const [oid, name, type, typeOid] of (await transaction.query(attributesSql)).rows) {
    attributes.set(oid!, [...(attributes.get(oid!) ?? []), `${identifier(name!)} ${type}`]);
    definitions.get(oid!)?.needs.push(typeOid!);
  }
  for (const [oid, definition] of definitions) {
    if (definition.sql?.endsWith("(")) definition.sql += `${(attributes.get(oid) ?? []).join(", ")})`;
  }
  return (oid) => {
    const statements: string[] = [];
    const seen = new Set<string>();
    const visit = (id: string) => {
      const definition = definitions.get(id);
      if (!definition || seen.has(id)) return;
      seen.add(id);
      for (const need of definition.needs) visit(need);
      if (definition.sql !== undefined) statements.push(`${definition.sql};`);
    };
    visit(oid);
    return statements.length > 0 ? statements.join("\n") : undefined;
  };
}

/** Built-in types and extensions' are there already; arrays lead to their elements, multiranges to their ranges. */
const typesSql = `
SELECT t.oid, n.nspname, t.typname, t.typtype, t.typelem,
  CASE t.typtype WHEN 'd' THEN t.typbasetype WHEN 'r' THEN r.rngsubtype WHEN 'm' THEN m.rngtypid ELSE 0 END,
  CASE t.typtype
    WHEN 'e' THEN (SELECT string_agg(quote_literal(e.enumlabel), ', ' ORDER BY e.enumsortorder)
                   FROM pg_enum e WHERE e.enumtypid = t.oid)
    WHEN 'r' THEN 'subtype = ' || format_type(r.rngsubtype, -1)
    WHEN 'd' THEN format_type(t.typbasetype, t.typtypmod)
      || CASE WHEN t.typcollation <> b.typcollation
           THEN (SELECT ' COLLATE ' || quote_ident(cn.nspname) || '.' || quote_ident(c.collname)
                 FROM pg_collation c JOIN pg_namespace cn ON cn.oid = c.collnamespace WHERE c.oid = t.typcollation)
           ELSE '' END
      || coalesce(' DEFAULT ' || t.typdefault, '')
      || CASE WHEN t.typnotnull THEN ' NOT NULL' ELSE '' END
      || coalesce((SELECT string_agg(' CONSTRAINT ' || quote_ident(k.conname) || ' ' || pg_get_constraintdef(k.oid), ''
                     ORDER BY k.conname) FROM pg_constraint k WHERE k.contypid = t.oid AND k.contype = 'c'), '')
  END
FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
LEFT JOIN pg_type b ON b.oid = t.typbasetype
LEFT JOIN pg_range r ON r.rngtypid = t.oid
LEFT JOIN pg_range m ON m.rngmultitypid = t.oid
LEFT JOIN pg_class c ON c.oid = t.typrelid
WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  AND (t.typtype IN ('d', 'e', 'r', 'm') OR t.typtype = 'c' AND c.relkind = 'c' OR t.typtype = 'b' AND t.typelem <> 0)
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_type'::regclass AND d.objid = t.oid AND d.deptype = 'e')`;

const attributesSql = `
SELECT t.oid, a.attname, format_type(a.atttypid, a.atttypmod), a.atttypid
FROM pg_type t JOIN pg_class c ON c.oid = t.typrelid AND c.relkind = 'c'
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY t.oid, a.attnum`;
