import { EJSON } from "bson";
import type { Document } from "mongodb";
import type { Dataset } from "../../model/dataset.js";
import { isSameKey } from "../../model/key.js";
import type { Finding } from "../database.js";
import { type Collection, collections, uniqueIndexes } from "./catalogue.js";
import type { Connection } from "./connection.js";

/** The range that Heddle is made for. */
const oldest = 6;
const newest = 8;

/** See ReadSession.examine. */
export async function examine(
  connection: Connection,
  datasets: readonly Dataset[],
  thorough: boolean,
): Promise<Finding[]> {
  const hello = await connection.ready();
  const status = await connection.ask({ connectionStatus: 1, showPrivileges: true });
  const mayDo = privileges(status?.authInfo, connection.db.databaseName);
  const findings = [...writable(hello), ...(thorough ? await about(connection, hello) : [])];
  findings.push(...missingRights("heddle_applied", "record", mayDo, ["find", "insert", "remove"]));
  for (const { name } of datasets) {
    findings.push(...missingRights(name, "rights", mayDo, ["find", "insert", "update", "remove"]));
  }
  if (thorough) findings.push(...(await missingKeys(connection, datasets)));
  return findings;
}

function writable({ isWritablePrimary, readOnly }: Document): Finding[] {
  if (isWritablePrimary !== false && readOnly !== true) {
    return [{ what: "writing", level: "ok", message: "the server takes writes" }];
  }
  const message = readOnly ? "this server is read-only" : "this server is a secondary, which is read-only";
  const hint = "use the replica set's address: mongodb://HOST,HOST/DATABASE?replicaSet=NAME";
  return [{ what: "writing", level: "problem", stops: "writing", message, hint }];
}

async function about(connection: Connection, hello: Document): Promise<Finding[]> {
  const { capabilities } = connection;
  const build = await connection.ask({ buildInfo: 1 });
  const version: string = build?.version ?? "of unknown version";
  const major = Number.parseInt(version, 10);
  const known = major >= oldest && major <= newest;
  const clustered = hello.setName !== undefined || hello.msg === "isdbgrid";
  const ok = (what: string, message: string): Finding => ({ what, level: "ok", message });
  const warning = (what: string, message: string, hint: string): Finding => ({ what, level: "warning", message, hint });
  const replicaSet = "make it a replica set of one: mongod --replSet NAME, then rs.initiate()";
  return [
    known
      ? ok("server version", `MongoDB ${version}`)
      : major < oldest
        ? {
            what: "server version",
            level: "problem",
            stops: "reading",
            message: `MongoDB ${version}; ${oldest} is the oldest that works`,
          }
        : warning(
            "server version",
            `MongoDB ${version}: not tried, the newest that was is ${newest}`,
            "report what fails",
          ),
    capabilities.transactions
      ? ok("transactions", `up to about ${capabilities.transactionLimit} entries an apply is one transaction`)
      : warning(
          "transactions",
          "a standalone server has none: an apply that breaks off is resumed, not undone",
          replicaSet,
        ),
    capabilities.snapshots
      ? ok("snapshots", "all reads see one moment")
      : warning("snapshots", "this server keeps none: a weave is not one moment", "weave while nobody writes"),
    clustered
      ? ok("change streams", "the server has them")
      : warning("change streams", "a standalone server has none: changes cannot be watched as they happen", replicaSet),
    hello.setName === undefined || (await connection.replicaSetId()) !== undefined
      ? ok("identity", "the user may read what tells this database from others")
      : warning(
          "identity",
          `the user may not read the replica set's id: its name, ${hello.setName}, tells it from others`,
          "grant the role clusterMonitor on admin, and to all users of Heddle alike",
        ),
  ];
}

/** Whether the user may do this to a collection; undefined where the server does not tell, or asks for no login. */
type MayDo = ((collection: string, action: string) => boolean) | undefined;

/** By the reply to `connectionStatus` (manual, "connectionStatus", "Resource Document"). */
export function privileges(authInfo: Document | undefined, database: string): MayDo {
  const { authenticatedUsers = [], authenticatedUserPrivileges = [] } = authInfo ?? {};
  if (authenticatedUsers.length === 0 || authenticatedUserPrivileges.length === 0) return undefined;
  return (collection, action) =>
    authenticatedUserPrivileges.some(({ resource, actions }: Document) => {
      const within = (named: unknown, name: string) => named === "" || named === name;
      const covers =
        resource.anyResource === true || (within(resource.db, database) && within(resource.collection, collection));
      return covers && actions.includes(action);
    });
}

function missingRights(collection: string, what: string, mayDo: MayDo, actions: readonly string[]): Finding[] {
  const missing = actions.filter((action) => mayDo && !mayDo(collection, action));
  const kinds = { insert: "create", update: "update", remove: "delete" } as const;
  return missing.map((action): Finding => {
    const kind = what === "record" ? undefined : kinds[action as keyof typeof kinds];
    return {
      ...(what !== "record" && { dataset: collection }),
      what,
      level: "problem",
      stops: what !== "record" && action === "find" ? "reading" : "writing",
      ...(kind && { kinds: [kind] }),
      message: `the user may not ${action} in ${collection}`,
      hint: "grant the role readWrite on this database",
    };
  });
}

/** Declared keys that no unique index holds. */
async function missingKeys(connection: Connection, datasets: readonly Dataset[]): Promise<Finding[]> {
  const there = new Map((await collections(connection)).map((collection) => [collection.name, collection]));
  const findings: Finding[] = [];
  for (const { name, key } of datasets) {
    const collection = there.get(name);
    if (!collection || !isKeyed(collection) || isSameKey(key, ["_id"])) continue;
    const indexes = await uniqueIndexes(connection, name);
    if (indexes.some((fields) => isSameKey(fields, key))) continue;
    const index = {
      key: Object.fromEntries(key.map((field) => [field, 1])),
      name: key.map((f) => `${f}_1`).join("_"),
      unique: true,
    };
    findings.push({
      dataset: name,
      what: "key",
      level: "warning",
      message: `no unique index holds the key (${key.join(", ")})`,
      mend: [EJSON.stringify({ createIndexes: name, indexes: [index] })],
    });
  }
  return findings;
}

function isKeyed({ type, capped }: Collection): boolean {
  return type === "collection" && !capped;
}
