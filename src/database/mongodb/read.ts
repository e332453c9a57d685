import type { ClientSession, FindOptions } from "mongodb";
import type { Dataset } from "../../model/dataset.js";
import type { Entry, Key } from "../../model/entry.js";
import { HeddleError, type Problem } from "../../model/errors.js";
import { keyParts } from "../../model/key.js";
import { pointerToken } from "../../model/pointer.js";
import type { Found } from "../../model/snapshot.js";
import { NotCarried } from "./bson.js";
import { type Collection, collections } from "./catalogue.js";
import type { Connection } from "./connection.js";
import { entryReader } from "./decode.js";
import { driverValue } from "./driver-value.js";
import { comparable } from "./key-equality.js";

/** Where calls are made: in a snapshot's session, in a transaction's, or in none. */
export interface Context {
  readonly connection: Connection;
  readonly session: ClientSession | undefined;
  /** The collection of that name, as it was when this context first asked. */
  collection(name: string): Promise<Collection | undefined>;
}

export function contextOf(connection: Connection, session: ClientSession | undefined): Context {
  let listed: Promise<Collection[]> | undefined;
  return {
    connection,
    session,
    async collection(name) {
      listed ??= collections(connection);
      return (await listed).find((collection) => collection.name === name);
    },
  };
}

/** A document as an entry, and as the server's bytes. */
export interface Live {
  entry: Entry;
  document: Buffer;
}

/** A filter as the driver sends it: Maps keep the order of any names. */
export type Filter = Map<string, unknown>;

/** Documents of one reply, and keys of one request. */
const batchSize = 1000;

/** The documents that a filter holds for, batch by batch. HDL204 names all of a batch that cannot be carried. */
export async function* find(context: Context, dataset: Dataset, filter: Filter): AsyncGenerator<Live[]> {
  const { connection, session } = context;
  const read = entryReader(dataset);
  // A capped collection can be read in no snapshot (manual, "Read Concern snapshot").
  const inSession = session && !(await context.collection(dataset.name))?.capped;
  const options: FindOptions = { raw: true, batchSize, ...(inSession && { session }) };
  const cursor = connection.db.collection(dataset.name).find(filter as never, options);
  try {
    for (;;) {
      const more = await connection.guarded("reading", () => cursor.hasNext());
      if (!more) return;
      const problems: Problem[] = [];
      const batch = cursor.readBufferedDocuments().flatMap((raw) => {
        const document = raw as unknown as Buffer;
        try {
          return [{ entry: read(document), document }];
        } catch (error) {
          problems.push(problemOf(dataset, document, error));
          return [];
        }
      });
      if (problems.length > 0)
        throw new HeddleError("HDL204", `${dataset.name}: values that cannot be carried without altering them`, {
          problems,
        });
      yield batch;
    }
  } finally {
    await cursor.close().catch(() => {});
  }
}

/**
 * The documents with these keys, by the equality of the collection's unique index. A document is given once for every
 * requested key that it equals.
 */
export async function* findKeys(
  context: Context,
  dataset: Dataset,
  keys: readonly Key[],
): AsyncGenerator<(Live & Found)[]> {
  for (let start = 0; start < keys.length; start += batchSize) {
    const wanted = keys.slice(start, start + batchSize);
    const filter = keyFilter(dataset, wanted);
    const requested = grouped(wanted);
    // Keys that the driver cannot spell in a filter are looked for among all documents.
    for await (const batch of find(context, dataset, filter ?? new Map())) {
      const found: (Live & Found)[] = [];
      for (const live of batch) {
        const equal = requested.get(comparable(live.entry.key));
        const same = equal ?? (filter ? await collatedKeys(context, dataset, wanted, live.entry.key) : []);
        for (const key of same) found.push({ ...live, requested: key });
      }
      if (found.length > 0) yield found;
    }
  }
}

function grouped(keys: readonly Key[]): Map<string, Key[]> {
  const groups = new Map<string, Key[]>();
  for (const key of keys) {
    const group = comparable(key);
    const others = groups.get(group);
    if (others) others.push(key);
    else groups.set(group, [key]);
  }
  return groups;
}

/** Those of the keys that a collection with a collation takes for `found`: it is asked key by key. */
async function collatedKeys(context: Context, dataset: Dataset, keys: readonly Key[], found: Key): Promise<Key[]> {
  if (!(await context.collection(dataset.name))?.collated) return [];
  const same: Key[] = [];
  for (const key of keys) {
    for await (const batch of find(context, dataset, keyFilter(dataset, [key])!)) {
      if (batch.some(({ entry }) => entry.key === found)) same.push(key);
    }
  }
  return same;
}

/** A filter for all these keys; undefined where the driver could not send one of them unaltered. */
function keyFilter(dataset: Dataset, keys: readonly Key[]): Filter | undefined {
  if (!dataset.key.every(isPlainName)) return undefined;
  const values: unknown[][] = [];
  for (const key of keys) {
    const parts = keyParts(key).map(driverValue);
    if (parts.some(({ value, exact }) => !exact || isRegularExpression(value))) return undefined;
    values.push(parts.map(({ value }) => value));
  }
  const [name] = dataset.key;
  if (dataset.key.length === 1) return new Map([[name!, { $in: values.map(([value]) => value) }]]);
  const all = (parts: unknown[]) => new Map(dataset.key.map((field, i) => [field, { $eq: parts[i] }]));
  return new Map([["$or", values.map(all)]]);
}

/** `$in` takes it for a pattern. */
function isRegularExpression(value: unknown): boolean {
  return (value as { _bsontype?: string } | null)?._bsontype === "BSONRegExp";
}

/** A name that filters and updates take for a field's, not for a path or an operator. */
export function isPlainName(name: string): boolean {
  return name !== "" && !name.startsWith("$") && !name.includes(".");
}

function problemOf(dataset: Dataset, document: Buffer, error: unknown): Problem {
  if (!(error instanceof NotCarried)) throw error;
  const problem: Problem = { dataset: dataset.name, message: error.message };
  try {
    problem.key = entryReader({ key: dataset.key, pick: dataset.key })(document).key;
  } catch {
    // Not even its key can be read.
  }
  if (error.field !== undefined) problem.path = `/${pointerToken(error.field)}`;
  return problem;
}
