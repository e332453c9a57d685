import type { Dataset } from "../../model/dataset.js";
import type { Finding } from "../database.js";
import type { Transaction } from "./connection.js";
import { identifier, qualified, tableOf } from "./quote.js";
import { fieldNames } from "./relation.js";
import { readSequences } from "./sequences.js";

interface Column {
  name: string;
  number: string;
  notNull: boolean;
  generated: boolean;
  may: Record<"SELECT" | "INSERT" | "UPDATE", boolean>;
  extension: string | null;
}

interface Facts {
  oid: string;
  mayEnter: boolean;
  mayDelete: boolean;
  rowSecurity: boolean;
  unlogged: boolean;
  heirs: number;
  triggers: string[];
  rules: number;
  hasKey: boolean;
  columns: Column[];
}

/** What stands in the way of reading and writing a dataset's table; nothing where there is no such table: that is for the schema check. */
export async function examineTable(
  transaction: Transaction,
  dataset: Dataset,
  role: string,
  thorough: boolean,
): Promise<Finding[]> {
  const { schema, table } = tableOf(dataset.name);
  const facts = await readFacts(transaction, dataset, schema, table);
  if (!facts) return [];
  const place = {
    dataset: dataset.name,
    to: identifier(role),
    sql: qualified(schema, table),
    schema: identifier(schema),
  };
  const findings = [...rights(facts, dataset, place), ...(await sequences(transaction, facts, place, thorough))];
  if (thorough) findings.push(...key(facts, dataset, place), ...remarks(facts, dataset));
  if (thorough && findings.length === 0)
    findings.push({ dataset: dataset.name, what: "rights", level: "ok", message: "the role may read and write it" });
  return findings;
}

interface Place {
  dataset: string;
  to: string;
  sql: string;
  schema: string;
}

/** Rows are locked before they are written, also those that must not be there yet: that takes the right to update. */
function rights(facts: Facts, dataset: Dataset, { dataset: name, to, sql, schema }: Place): Finding[] {
  const findings: Finding[] = [];
  const problem = (stops: "reading" | "writing", message: string, grant: string, kinds?: Finding["kinds"]) =>
    findings.push({
      dataset: name,
      what: "rights",
      level: "problem",
      stops,
      message,
      sql: [grant],
      ...(kinds && { kinds }),
    });
  const grant = (right: string) => `GRANT ${right} ON ${sql} TO ${to}`;
  const { names } = fieldNames(dataset);
  const selected = facts.columns.filter((column) => names.includes(column.name) && !column.generated);
  const without = (columns: readonly Column[], right: keyof Column["may"]) =>
    columns.filter(({ may }) => !may[right]).map((column) => column.name);
  if (!facts.mayEnter)
    problem("reading", "the role may not use the schema", `GRANT USAGE ON SCHEMA ${schema} TO ${to}`);
  const unread = without(selected, "SELECT");
  if (unread.length > 0) problem("reading", `the role may not read ${unread.join(", ")}`, grant("SELECT"));
  else if (without(facts.columns, "SELECT").length > 0) {
    problem("writing", "the role may not read all columns, which undo needs to restore rows", grant("SELECT"));
  }
  if (facts.rowSecurity) {
    findings.push({
      dataset: name,
      what: "row security",
      level: "problem",
      stops: "reading",
      message: "row-level security would hide rows from this role",
      hint: "use a role that sees every row: the table's owner, or one with BYPASSRLS",
    });
  }
  const fixed = without(
    selected.filter((column) => !dataset.key.includes(column.name)),
    "UPDATE",
  );
  const mayLock = facts.columns.some(({ may }) => may.UPDATE);
  if (!mayLock) problem("writing", "the role may not update rows, which locking them takes too", grant("UPDATE"));
  else if (fixed.length > 0)
    problem("writing", `the role may not update ${fixed.join(", ")}`, grant("UPDATE"), ["update"]);
  const uninserted = without(selected, "INSERT");
  if (uninserted.length > 0)
    problem("writing", `the role may not insert ${uninserted.join(", ")}`, grant("INSERT"), ["create"]);
  if (!facts.mayDelete) problem("writing", "the role may not delete rows", grant("DELETE"), ["delete"]);
  return findings;
}

async function sequences(
  transaction: Transaction,
  { oid, columns }: Facts,
  { dataset, to, sql }: Place,
  thorough: boolean,
): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const { number, sequence, forward, mayMove } of await readSequences(transaction, oid)) {
    const column = columns.find((one) => one.number === number);
    if (!column) continue;
    const what = "sequence";
    if (!mayMove) {
      findings.push({
        dataset,
        what,
        level: "problem",
        stops: "writing",
        kinds: ["create"],
        message: `the role may not move the sequence of ${column.name} past the keys that are written`,
        sql: [`GRANT SELECT, UPDATE ON SEQUENCE ${sequence} TO ${to}`],
      });
    } else if (thorough && column.may.SELECT) {
      const edge = `SELECT ${forward ? "max" : "min"}(${identifier(column.name)})::bigint FROM ${sql}`;
      const { rows } = await transaction.query(
        `SELECT e.edge FROM (${edge}) AS e (edge), ${sequence} AS s
         WHERE e.edge ${forward ? ">" : "<"} s.last_value OR (e.edge = s.last_value AND NOT s.is_called)`,
      );
      if (rows.length === 0) continue;
      findings.push({
        dataset,
        what,
        level: "warning",
        message: `the sequence of ${column.name} is behind the ${forward ? "highest" : "lowest"} value: the application's next insert may meet a taken key`,
        mend: [`SELECT pg_catalog.setval('${sequence.replaceAll("'", "''")}'::pg_catalog.regclass, (${edge}))`],
      });
    }
  }
  return findings;
}

function key({ hasKey, columns }: Facts, { key }: Dataset, { dataset, sql }: Place): Finding[] {
  if (hasKey) return [];
  const found = key.map((name) => columns.find((column) => column.name === name));
  const message = `no unique index holds the key (${key.join(", ")})`;
  const problem: Finding = { dataset, what: "key", level: "problem", stops: "reading", message };
  if (found.some((column) => !column || column.generated)) return [{ ...problem, hint: "declare another key" }];
  const nullable = found.filter((column) => !column!.notNull).map((column) => column!.name);
  const list = key.map(identifier).join(", ");
  const index = `CREATE UNIQUE INDEX ON ${sql} (${list})`;
  if (nullable.length === 0) return [{ ...problem, mend: [index] }];
  const notNull = nullable.map((name) => `ALTER TABLE ${sql} ALTER COLUMN ${identifier(name)} SET NOT NULL`);
  return [{ ...problem, message: `${message}, and ${nullable.join(", ")} may be null`, sql: [...notNull, index] }];
}

function remarks({ unlogged, heirs, triggers, rules, columns }: Facts, dataset: Dataset): Finding[] {
  const findings: Finding[] = [];
  const say = (what: string, level: "ok" | "warning", message: string) =>
    findings.push({ dataset: dataset.name, what, level, message });
  if (unlogged) say("storage", "warning", "is unlogged: a crash of the server empties it");
  if (heirs > 0) say("inheritance", "warning", `rows of ${heirs} tables that inherit from it are not part of it`);
  if (rules > 0) say("rules", "warning", "has rules, which may rewrite what apply does");
  if (triggers.length > 0) {
    say("triggers", "ok", `${triggers.join(", ")}: what they do to other rows is neither planned nor undone`);
  }
  const types = columns.filter(
    ({ extension, name }) => extension && dataset.fields?.some((field) => field.name === name),
  );
  for (const extension of new Set(types.map((column) => column.extension!))) {
    const names = types.filter((column) => column.extension === extension).map(({ name }) => name);
    say("types", "ok", `${names.join(", ")}: types of the extension ${extension}, carried as text`);
  }
  return findings;
}

async function readFacts(
  transaction: Transaction,
  { key }: Dataset,
  schema: string,
  table: string,
): Promise<Facts | undefined> {
  const { rows } = await transaction.query(tableSql, [schema, table]);
  if (!rows[0]) return undefined;
  const [oid, mayEnter, mayDelete, rowSecurity, unlogged, heirs, triggers, rules] = rows[0];
  const is = (text: string | null | undefined) => text === "t";
  const columns = (await transaction.query(columnsSql, [oid!])).rows.map(
    ([name, number, notNull, generated, select, insert, update, extension]): Column => ({
      name: name!,
      number: number!,
      notNull: is(notNull),
      generated: is(generated),
      may: { SELECT: is(select), INSERT: is(insert), UPDATE: is(update) },
      extension: extension ?? null,
    }),
  );
  const numbers = key.map((name) => columns.find((column) => column.name === name)?.number ?? "0");
  const unique = await transaction.query(uniqueSql, [oid!, `{${numbers.join(",")}}`]);
  return {
    oid: oid!,
    mayEnter: is(mayEnter),
    mayDelete: is(mayDelete),
    rowSecurity: is(rowSecurity),
    unlogged: is(unlogged),
    heirs: Number(heirs),
    triggers: JSON.parse(triggers!) as string[],
    rules: Number(rules),
    hasKey: unique.rows.length > 0,
    columns,
  };
}

const tableSql = `
SELECT c.oid, has_schema_privilege(n.oid, 'USAGE'), has_table_privilege(c.oid, 'DELETE'), row_security_active(c.oid),
  c.relpersistence = 'u',
  (SELECT count(*) FROM pg_inherits i WHERE i.inhparent = c.oid AND c.relkind = 'r'),
  (SELECT coalesce(json_agg(t.tgname ORDER BY t.tgname), '[]') FROM pg_trigger t WHERE t.tgrelid = c.oid AND NOT t.tgisinternal AND t.tgenabled <> 'D'),
  (SELECT count(*) FROM pg_rewrite r WHERE r.ev_class = c.oid AND r.ev_type <> '1')
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = $1::name AND c.relname = $2::name AND c.relkind IN ('r', 'p')`;

const columnsSql = `
SELECT a.attname, a.attnum, a.attnotnull, a.attgenerated <> '',
  has_column_privilege(a.attrelid, a.attnum, 'SELECT'), has_column_privilege(a.attrelid, a.attnum, 'INSERT'),
  has_column_privilege(a.attrelid, a.attnum, 'UPDATE'), x.extname
FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
LEFT JOIN pg_depend d ON d.classid = 'pg_type'::regclass AND d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'
  AND d.objid = CASE WHEN t.typelem <> 0 AND t.typlen = -1 THEN t.typelem ELSE t.oid END
LEFT JOIN pg_extension x ON x.oid = d.refobjid
WHERE a.attrelid = $1::oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum`;

const uniqueSql = `
SELECT FROM pg_index i
WHERE i.indrelid = $1::oid AND i.indisunique AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL
  AND (SELECT array_agg(n ORDER BY n) FROM unnest(i.indkey[0:i.indnkeyatts - 1]) AS n)
    = (SELECT array_agg(n ORDER BY n) FROM unnest($2::int2[]) AS n)`;
