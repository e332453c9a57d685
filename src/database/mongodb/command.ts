import { EJSON } from "bson";
import type { Document } from "mongodb";
import { HeddleError } from "../../model/errors.js";
import type { Context } from "./read.js";

/** Runs a database command in Extended JSON in the context's transaction; gives the number of documents that it gave. */
export async function runCommand({ connection, session }: Context, statement: string): Promise<number> {
  const command = commandOf(statement, connection.label);
  const reply = await connection.guarded("writing", () => connection.db.command(command, session ? { session } : {}));
  const found: unknown = reply.cursor?.firstBatch ?? reply.values;
  return Array.isArray(found) ? found.length : 0;
}

function commandOf(statement: string, label: string): Document {
  const refuse = (reason: string): never => {
    throw new HeddleError("HDL205", `${label}: ${reason}`, {
      hint: 'a command in Extended JSON, as in {"find": "plans", "filter": {"price": {"$lt": 0}}}',
    });
  };
  let command: unknown;
  try {
    command = EJSON.parse(statement, { relaxed: false });
  } catch {
    return refuse("a command is no Extended JSON");
  }
  if (typeof command !== "object" || command === null || Array.isArray(command))
    return refuse("a command is no object");
  const [name] = Object.keys(command);
  if (name === undefined) return refuse("a command is empty");
  if (/^(?:commit|abort|coordinateCommit|prepare)Transaction$|^endSessions$|^killSessions$/.test(name)) {
    return refuse(`${name} may not end the transaction that it runs in`);
  }
  return command as Document;
}
