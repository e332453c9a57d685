import { createRequire } from "node:module";
import type { Document } from "mongodb";
import type { Dataset } from "../../model/dataset.js";
import type { Key } from "../../model/entry.js";
import { HeddleError } from "../../model/errors.js";
import type { Context } from "./read.js";
import { hasCode, serverCode, type WriteError, writeProblem } from "./server-error.js";

/** One element of a write command, as BSON: a document to insert, or an update or delete statement. */
export interface Statement {
  readonly key: Key;
  readonly bytes: Uint8Array;
}

const commands = { insert: "documents", update: "updates", delete: "deletes" } as const;

/** Well within a server's limits, which are 100,000 statements and 48 MB a message. */
const maxStatements = 1000;
const maxBytes = 8_000_000;

/**
 * Runs statements in order, and gives how many documents they matched. The bytes go to the server as they are: the driver's
 * serialiser, which alters some types, does not see them. HDL205 names the entry that the server refuses.
 */
export async function runStatements(
  context: Context,
  dataset: Dataset,
  command: keyof typeof commands,
  statements: readonly Statement[],
): Promise<number> {
  let matched = 0;
  for (const batch of batches(statements)) {
    const reply = await send(context, dataset, command, batch);
    const errors: WriteError[] = reply.writeErrors ?? [];
    if (errors.length > 0 || reply.writeConcernError) {
      const where = `${context.connection.label}: ${dataset.name}`;
      throw new HeddleError("HDL205", `${where}: the server refused to ${command}`, {
        problems: errors.map((error) => {
          const key = batch[error.index ?? -1]?.key;
          return { dataset: dataset.name, ...(key !== undefined && { key }), ...writeProblem(error) };
        }),
      });
    }
    matched += reply.n;
  }
  return matched;
}

/**
 * The driver's own carrier of documents that are BSON already: a section of kind 1 in an OP_MSG (MongoDB manual, "Wire
 * Protocol"). It has no public name; test/unit/database/mongodb proves that it does what is wanted of it.
 */
const { DocumentSequence } = createRequire(import.meta.url)("mongodb/lib/cmap/commands.js") as {
  DocumentSequence: new (field: string) => { push(document: object, bytes: Uint8Array): number };
};

async function send(
  { connection, session }: Context,
  dataset: Dataset,
  command: keyof typeof commands,
  batch: readonly Statement[],
): Promise<Document> {
  const field = commands[command];
  const documents = new DocumentSequence(field);
  for (const { bytes } of batch) documents.push({}, bytes);
  const body: Document = { [command]: dataset.name, [field]: documents, ordered: true };
  if (!session) body.writeConcern = { w: "majority" };
  return connection.guarded("writing", () =>
    connection.db.command(body, session ? { session } : {}).catch((error) => {
      // Some servers fail the whole command where others list the statement.
      if (!hasCode(error, serverCode.duplicateKey, serverCode.documentValidationFailure)) throw error;
      const { code, errmsg, keyPattern } = error;
      return { writeErrors: [{ code, errmsg, keyPattern, ...(batch.length === 1 && { index: 0 }) }] };
    }),
  );
}

function* batches(statements: readonly Statement[]): Generator<readonly Statement[]> {
  let batch: Statement[] = [];
  let bytes = 0;
  for (const statement of statements) {
    if (batch.length === maxStatements || (batch.length > 0 && bytes + statement.bytes.length > maxBytes)) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(statement);
    bytes += statement.bytes.length;
  }
  if (batch.length > 0) yield batch;
}
