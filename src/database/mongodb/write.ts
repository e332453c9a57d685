import type { Dataset } from "../../model/dataset.js";
import type { Key } from "../../model/entry.js";
import { HeddleError } from "../../model/errors.js";
import type { Json } from "../../model/json.js";
import { keyParts } from "../../model/key.js";
import type { Update, WriteBatch } from "../database.js";
import { bsonType, RawValue, rawFields } from "./bson.js";
import { uniqueIndexes } from "./catalogue.js";
import { encodeDocument, type Member, rawArray, subDocument } from "./encode.js";
import { type Context, findKeys, isPlainName } from "./read.js";
import { rewrite } from "./rewrite.js";
import { runStatements, type Statement } from "./statement.js";

/** Makes the changes of one batch; see `WriteSession.write`. */
export async function writeBatch(context: Context, dataset: Dataset, changes: WriteBatch): Promise<void> {
  switch (changes.kind) {
    case "create":
      return insert(
        context,
        dataset,
        changes.entries.map(({ key, fields }) => ({ key, bytes: encodeDocument(fields) })),
      );
    case "update":
      return update(context, dataset, changes.entries);
    case "delete":
      return remove(context, dataset, changes.keys);
  }
}

/** A document as it shall be stored. */
interface Wanted {
  key: Key;
  bytes: Buffer;
}

async function insert(context: Context, dataset: Dataset, documents: readonly Wanted[]): Promise<void> {
  await runStatements(context, dataset, "insert", documents);
  // A server puts its clock into an empty timestamp at the top level of what is inserted; a pipeline's result it takes as it is.
  const altered = documents.filter(({ bytes }) => hasEmptyTimestamp(bytes));
  if (altered.length > 0)
    await replace(
      context,
      dataset,
      altered.map(({ key, bytes }) => ({ key, bytes, live: bytes })),
    );
}

async function remove(context: Context, dataset: Dataset, keys: readonly Key[]): Promise<void> {
  if ((await context.collection(dataset.name))?.capped)
    throw new HeddleError("HDL203", `${dataset.name}: documents of a capped collection are not deleted`);
  if (isPlainKey(dataset)) {
    await runStatements(
      context,
      dataset,
      "delete",
      keys.map((key) => deletion(key, keyQuery(dataset, key))),
    );
  } else {
    const live = await readLive(context, dataset, keys);
    await runStatements(
      context,
      dataset,
      "delete",
      [...live].map(([key, document]) => deletion(key, idQuery(document))),
    );
  }
}

interface Rewritten extends Wanted {
  live: Buffer;
}

/**
 * Fields are set in place where that gives the document that is wanted. Other documents are read and replaced as a whole,
 * by a pipeline; or deleted and inserted again, where their `_id` changes or where they take a unique value over from
 * another document of the batch: the server checks unique indexes statement by statement.
 */
async function update(context: Context, dataset: Dataset, entries: readonly Update[]): Promise<void> {
  // A statement without operators would put an empty document in the place of the live one.
  const updates = entries.filter(({ set, order }) => set.size > 0 || order);
  const uniques = updates.length > 1 ? await uniqueIndexes(context.connection, dataset.name) : [];
  const inPlace = updates.filter((change) => isPlainKey(dataset) && isSettable(change) && !touches(uniques, change));
  const others = updates.filter((change) => !inPlace.includes(change));
  const live = await readLive(
    context,
    dataset,
    others.map(({ key }) => key),
  );
  const rewritten = others.map((change): Rewritten => {
    const document = live.get(change.key) ?? gone(dataset, [change.key]);
    return { key: change.key, live: document, bytes: rewrite(document, change) };
  });
  const moved = rewritten.filter((document) => changesId(document) || takesOver(uniques, document, rewritten));
  if (moved.length > 0 && !context.session) {
    throw new HeddleError("HDL205", `${dataset.name}: a changed _id or an exchanged unique value needs a transaction`, {
      problems: moved.map(({ key }) => ({
        dataset: dataset.name,
        key,
        message: "cannot be written without a transaction",
      })),
      hint: "run the server as a replica set: one member is enough",
    });
  }
  await runStatements(
    context,
    dataset,
    "delete",
    moved.map(({ key, live }) => deletion(key, idQuery(live))),
  );
  await assign(context, dataset, inPlace);
  await replace(
    context,
    dataset,
    rewritten.filter((document) => !moved.includes(document)),
  );
  await insert(context, dataset, moved);
}

async function assign(context: Context, dataset: Dataset, updates: readonly Update[]): Promise<void> {
  const statements = updates.map(({ key, set }): Statement => {
    const values = [...set].filter((member): member is [string, Json] => member[1] !== undefined);
    const removed = [...set.keys()].filter((name) => set.get(name) === undefined);
    const operators: Member[] = [];
    if (values.length > 0) operators.push(["$set", subDocument(values)]);
    if (removed.length > 0) operators.push(["$unset", subDocument(removed.map((name) => [name, true]))]);
    return statement(key, keyQuery(dataset, key), subDocument(operators));
  });
  if ((await runStatements(context, dataset, "update", statements)) === updates.length) return;
  const keys = updates.map(({ key }) => key);
  const live = await readLive(context, dataset, keys);
  gone(
    dataset,
    keys.filter((key) => !live.has(key)),
  );
}

/** The wanted documents in the place of the live ones with the same `_id`. */
async function replace(context: Context, dataset: Dataset, documents: readonly Rewritten[]): Promise<void> {
  const statements = documents.map(({ key, live, bytes }) => {
    const literal = subDocument([["$literal", new RawValue(bsonType.document, bytes)]]);
    return statement(key, idQuery(live), rawArray([subDocument([["$replaceWith", literal]])]));
  });
  if ((await runStatements(context, dataset, "update", statements)) < documents.length)
    gone(
      dataset,
      documents.map(({ key }) => key),
    );
  await verifyTimestamps(context, dataset, documents);
}

/** That servers leave the result of a pipeline alone is no promise of the manual: what holds an empty timestamp is read back. */
async function verifyTimestamps(context: Context, dataset: Dataset, documents: readonly Wanted[]): Promise<void> {
  const risky = documents.filter(({ bytes }) => hasEmptyTimestamp(bytes));
  const stored = await readLive(
    context,
    dataset,
    risky.map(({ key }) => key),
  );
  const altered = risky.filter(({ key, bytes }) => !stored.get(key)?.equals(bytes));
  if (altered.length === 0) return;
  throw new HeddleError("HDL204", `${dataset.name}: the server replaces empty timestamps`, {
    problems: altered.map(({ key }) => ({ dataset: dataset.name, key, message: "Timestamp(0, 0) cannot be stored" })),
  });
}

/** The documents with these keys by requested key, whole and with their own bytes. */
async function readLive(context: Context, dataset: Dataset, keys: readonly Key[]): Promise<Map<Key, Buffer>> {
  const live = new Map<Key, Buffer>();
  // What is not selected is not decoded: it need not be of a kind that a file can carry.
  const shape: Dataset = { ...dataset, pick: [...dataset.key] };
  delete shape.omit;
  for await (const batch of findKeys(context, shape, keys)) {
    for (const { requested, document } of batch) live.set(requested, document);
  }
  return live;
}

function gone(dataset: Dataset, keys: readonly Key[]): never {
  throw new HeddleError("HDL602", `${dataset.name}: documents are gone since this plan was made`, {
    problems: keys.map((key) => ({ dataset: dataset.name, key, message: "was deleted" })),
    hint: "plan again",
  });
}

function isPlainKey(dataset: Dataset): boolean {
  return dataset.key.every(isPlainName);
}

/**
 * Whether `$set` and `$unset` give the wanted document: plain names, no new order, and new fields that the server would
 * append in the order given (it sorts them: manual, "$set").
 */
function isSettable({ set, order }: Update): boolean {
  if (order || set.has("_id")) return false;
  const written = [...set.keys()].filter((name) => set.get(name) !== undefined);
  return (
    [...set].every(([name, value]) => isPlainName(name) && !isEmptyTimestamp(value)) &&
    written.every((name, i) => i === 0 || (written[i - 1]! < name && !/^\d/.test(name)))
  );
}

function isEmptyTimestamp(value: Json | undefined): boolean {
  return JSON.stringify(value) === '{"$timestamp":{"t":0,"i":0}}';
}

/** A timestamp of zero at the top level, after `_id`. */
function hasEmptyTimestamp(document: Buffer): boolean {
  // The NUL behind a name, and eight more.
  if (!document.includes(Buffer.alloc(9))) return false;
  return [...rawFields(document)].some(
    ([name, { type, bytes }]) => name !== "_id" && type === bsonType.timestamp && bytes.every((byte) => byte === 0),
  );
}

const top = (path: string): string => path.split(".")[0]!;

function touches(uniques: readonly string[][], { set }: Update): boolean {
  return uniques.some((paths) => paths.some((path) => set.has(top(path))));
}

function changesId({ live, bytes }: Rewritten): boolean {
  return !sameValue(rawFields(live).get("_id"), rawFields(bytes).get("_id"));
}

function sameValue(a: RawValue | undefined, b: RawValue | undefined): boolean {
  return a?.type === b?.type && Buffer.compare(a?.bytes ?? Buffer.alloc(0), b?.bytes ?? Buffer.alloc(0)) === 0;
}

/** Whether a document gets the value of a unique index that another of them still has. */
function takesOver(uniques: readonly string[][], document: Rewritten, all: readonly Rewritten[]): boolean {
  return uniques.some((paths) => {
    const wanted = uniqueValue(document.bytes, paths);
    return all.some((other) => other !== document && uniqueValue(other.live, paths) === wanted);
  });
}

/** What a unique index holds of a document, as text. Of a path into a sub-document the whole field is taken. */
function uniqueValue(document: Buffer, paths: readonly string[]): string {
  const fields = rawFields(document);
  return paths
    .map((path) => fields.get(top(path)))
    .map((value) => (value ? `${value.type}:${Buffer.from(value.bytes).toString("base64")}` : ""))
    .join(" ");
}

function keyQuery(dataset: Dataset, key: Key): RawValue {
  const parts = keyParts(key);
  return subDocument(dataset.key.map((name, i) => [name, equals(parts[i]!)]));
}

function idQuery(document: Buffer): RawValue {
  const id = rawFields(document).get("_id");
  return subDocument(id ? [["_id", equals(id)]] : []);
}

/** An operator, since a document or a regular expression as it stands would be read as one. */
function equals(value: Json | RawValue): RawValue {
  return subDocument([["$eq", value]]);
}

function statement(key: Key, query: RawValue, change: RawValue): Statement {
  return {
    key,
    bytes: encodeDocument([
      ["q", query],
      ["u", change],
    ]),
  };
}

function deletion(key: Key, query: RawValue): Statement {
  return {
    key,
    bytes: encodeDocument([
      ["q", query],
      ["limit", 1],
    ]),
  };
}
