import type { Dataset } from "../../model/dataset.js";
import type { Finding } from "../database.js";
import type { Transaction } from "./connection.js";
import { examineTable } from "./examine-table.js";
import { identifier } from "./quote.js";
import { recordSetup } from "./record.js";

/** The range that Heddle is made for and tested with. */
const oldest = 14;
const newest = 18;

/** See ReadSession.examine. */
export async function examine(
  transaction: Transaction,
  datasets: readonly Dataset[],
  thorough: boolean,
): Promise<Finding[]> {
  const [row] = (await transaction.query(serverSql)).rows;
  const facts = factsOf(row!);
  const findings = [...writable(facts), ...recordPlace(facts), ...(thorough ? about(facts) : [])];
  for (const dataset of datasets) findings.push(...(await examineTable(transaction, dataset, facts.role, thorough)));
  return findings;
}

type Facts = ReturnType<typeof factsOf>;

function factsOf(row: readonly (string | null)[]) {
  const [version, number, role, standby, readOnly, replication, wal, encoding, control, temporary, create, ...rest] =
    row;
  const [schema, useSchema, createInSchema, applied, preimage, fingerprint, database] = rest;
  const is = (text: string | null | undefined) => text === "t";
  return {
    version: version!,
    major: Math.floor(Number(number) / 10_000),
    role: role!,
    database: database!,
    standby: is(standby),
    readOnly: readOnly === "on",
    replication: replication!,
    wal: wal!,
    encoding: encoding!,
    control: is(control),
    temporary: is(temporary),
    create: is(create),
    schema: schema != null,
    useSchema: is(useSchema),
    createInSchema: is(createInSchema),
    /** Undefined where the table is not there, else whether all rights on it are. */
    applied: applied == null ? undefined : is(applied),
    preimage: preimage == null ? undefined : is(preimage),
    fingerprint: fingerprint == null ? undefined : is(fingerprint),
  };
}

function writable({ standby, readOnly, temporary, replication, role, database }: Facts): Finding[] {
  const stops = { level: "problem", stops: "writing" } as const;
  const findings: Finding[] = [];
  if (standby) {
    findings.push({
      what: "writing",
      ...stops,
      message: "this server is a standby, which is read-only",
      hint: "use the primary's address",
    });
  } else if (readOnly) {
    findings.push({
      what: "writing",
      ...stops,
      message: "default_transaction_read_only is on: the role or the database is meant to be read only",
      hint: "use another role, or ALTER ROLE … RESET default_transaction_read_only",
    });
  } else findings.push({ what: "writing", level: "ok", message: "the server takes writes" });
  if (!temporary) {
    findings.push({
      what: "temporary tables",
      ...stops,
      kinds: ["update"],
      message: "the role may not create temporary tables, through which rows are updated",
      sql: [`GRANT TEMPORARY ON DATABASE ${identifier(database)} TO ${identifier(role)}`],
    });
  }
  if (replication !== "origin") {
    const message = `session_replication_role is ${replication}: apply sets it to origin, or is refused where the role may not`;
    findings.push({
      what: "triggers",
      level: "warning",
      message,
      hint: "remove that setting from the role or database",
    });
  }
  return findings;
}

/** The schema `heddle`, made at the first apply where the role may, else by an administrator. */
function recordPlace({
  role,
  create,
  schema,
  useSchema,
  createInSchema,
  applied,
  preimage,
  fingerprint,
}: Facts): Finding[] {
  const to = identifier(role);
  const rights = ["GRANT USAGE ON SCHEMA heddle", "GRANT SELECT, INSERT, DELETE ON ALL TABLES IN SCHEMA heddle"].map(
    (right) => `${right} TO ${to}`,
  );
  const missing = [
    ...(schema ? [] : [recordSetup.schema]),
    ...(applied === undefined ? recordSetup.applied.split(";\n") : []),
    ...(preimage === undefined ? recordSetup.preimage.split(";\n") : []),
    ...(fingerprint === undefined ? recordSetup.fingerprint.split(";\n") : []),
  ];
  const mayCreate = schema ? createInSchema && useSchema : create;
  const mayUse = (schema ? useSchema : true) && applied !== false && preimage !== false;
  const what = "record";
  if (missing.length === 0 && mayUse) return [{ what, level: "ok", message: "the schema heddle is set up" }];
  if (mayCreate && mayUse) {
    return [{ what, level: "ok", message: "the schema heddle will be completed at the next apply", mend: missing }];
  }
  const isThere = applied !== undefined && preimage !== undefined;
  if (mayUse && isThere) {
    const message = "fingerprints cannot be kept: whatever compares every entry reads every entry";
    return [{ what, level: "warning", message, sql: [...missing, ...rights] }];
  }
  const message = isThere
    ? "the role may not use the schema heddle"
    : "the role may not create the schema heddle and its tables";
  return [{ what, level: "problem", stops: "writing", message, sql: [...missing, ...rights] }];
}

function about({ version, major, role, control, wal, encoding }: Facts): Finding[] {
  const known = major >= oldest && major <= newest;
  const utf = encoding === "SQL_ASCII" ? "bytes that are no UTF-8 are refused by table and key" : "";
  return [
    major < oldest
      ? {
          what: "server version",
          level: "problem",
          stops: "reading",
          message: `PostgreSQL ${version}; ${oldest} is the oldest that works`,
        }
      : {
          what: "server version",
          level: known ? "ok" : "warning",
          message: `PostgreSQL ${version}${known ? "" : `: newer than ${newest}, not tried`}`,
        },
    { what: "transactions", level: "ok", message: "an apply is one transaction; all reads see one moment" },
    control
      ? { what: "identity", level: "ok", message: "the role may read what tells this database from others" }
      : {
          what: "identity",
          level: "problem",
          stops: "reading",
          message: "the role may not read what tells this database from others",
          sql: [`GRANT EXECUTE ON FUNCTION pg_catalog.pg_control_system() TO ${identifier(role)}`],
        },
    { what: "encoding", level: utf ? "warning" : "ok", message: utf ? `${encoding}: ${utf}` : encoding },
    wal === "logical"
      ? { what: "change streams", level: "ok", message: "wal_level is logical" }
      : {
          what: "change streams",
          level: "warning",
          message: `wal_level is ${wal}: changes cannot be watched as they happen`,
          sql: ["ALTER SYSTEM SET wal_level = logical"],
          hint: "takes a restart of the server; needed for watching only",
        },
  ];
}

const all = (table: string, rights: readonly string[]) =>
  rights.map((right) => `has_table_privilege(${table}, '${right}')`).join(" AND ");

const serverSql = `
SELECT current_setting('server_version'), current_setting('server_version_num'), current_user, pg_is_in_recovery(),
  current_setting('default_transaction_read_only'), current_setting('session_replication_role'),
  current_setting('wal_level'), current_setting('server_encoding'),
  has_function_privilege('pg_catalog.pg_control_system()', 'EXECUTE'),
  has_database_privilege(current_database(), 'TEMPORARY'), has_database_privilege(current_database(), 'CREATE'),
  n.oid, has_schema_privilege(n.oid, 'USAGE'), has_schema_privilege(n.oid, 'CREATE'),
  ${all("a.oid", ["SELECT", "INSERT"])}, ${all("p.oid", ["SELECT", "INSERT", "DELETE"])},
  ${all("f.oid", ["SELECT", "INSERT", "DELETE"])}, current_database()
FROM (SELECT) AS one
LEFT JOIN pg_namespace n ON n.nspname = 'heddle'
LEFT JOIN pg_class a ON a.relnamespace = n.oid AND a.relname = 'applied'
LEFT JOIN pg_class p ON p.relnamespace = n.oid AND p.relname = 'preimage'
LEFT JOIN pg_class f ON f.relnamespace = n.oid AND f.relname = 'fingerprint'`;
