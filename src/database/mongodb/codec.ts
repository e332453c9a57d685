import type { Codec } from "../../model/codec.js";
import type { Dataset } from "../../model/dataset.js";
import type { Problem } from "../../model/errors.js";
import { type Fields, isWrapper, type Json } from "../../model/json.js";
import { pointerToken } from "../../model/pointer.js";
import { keysMeant } from "./key-text.js";
import { isInt32 } from "./number.js";
import { fromPlain, toPlain } from "./plain.js";
import { canonicalValue, checkedName } from "./wrapper.js";

/** MongoDB's values: int32 and fractions plain, all else in canonical Extended JSON v2; see docs/formats.md. */
export const mongodbCodec: Codec = {
  engine: "mongodb",
  rows: false,
  canonical,
  keyName,
  keysMeant,
  typeName,
  toPlain,
  fromPlain,
};

function canonical(dataset: Dataset, fields: Fields): { fields: Fields; problems: Problem[] } {
  const problems: Problem[] = [];
  const report = (path: string, message: string) => void problems.push({ path, message });
  const read: Fields = new Map();
  // The server puts _id first whatever the order it is sent in.
  const names = [...fields.keys()];
  if (fields.has("_id")) names.unshift(...names.splice(names.indexOf("_id"), 1));
  for (const name of names) {
    checkedName(name, report);
    if (dataset.omit?.includes(name) || (dataset.pick && !dataset.pick.includes(name)))
      report(`/${pointerToken(name)}`, "the weave does not select this field");
    read.set(
      name,
      canonicalValue(fields.get(name)!, (path, message) => report(`/${pointerToken(name)}${path}`, message)),
    );
  }
  for (const name of dataset.key)
    if (!fields.has(name)) report(`/${pointerToken(name)}`, "the key field is missing");
    else if (name !== "_id" && fields.get(name) === null)
      report(`/${pointerToken(name)}`, "a key field cannot be null");
  return { fields: read, problems };
}

function keyName(part: Json): { text: string; plain: boolean } {
  if (typeof part === "string") return { text: part, plain: !/^-?\d+$/.test(part) && !/^[0-9a-f]{24}$/i.test(part) };
  if (typeof part === "number") return { text: String(part), plain: isInt32(part) };
  if (typeName(part) === "objectId") return { text: String(toPlain(part)), plain: true };
  const text = toPlain(part);
  return { text: text !== null && typeof text === "object" ? JSON.stringify(text) : String(text), plain: false };
}

/** The names of `$type` in MongoDB's manual, in words that say the width where it matters. */
function typeName(value: Json): string {
  if (value === null) return "null";
  if (typeof value === "number") return isInt32(value) ? "int32" : "double";
  if (typeof value !== "object") return typeof value === "boolean" ? "boolean" : "string";
  if (Array.isArray(value)) return "array";
  if (!isWrapper(value)) return "document";
  const [name] = Object.keys(value);
  if (name === "$code") return "$scope" in value ? "javascriptWithScope" : "javascript";
  return wrapperTypes[name!] ?? "document";
}

const wrapperTypes: Record<string, string> = {
  $numberDouble: "double",
  $numberLong: "int64",
  $numberDecimal: "decimal128",
  $oid: "objectId",
  $date: "date",
  $binary: "binary",
  $regularExpression: "regex",
  $timestamp: "timestamp",
  $undefined: "undefined",
  $symbol: "symbol",
  $dbPointer: "dbPointer",
  $minKey: "minKey",
  $maxKey: "maxKey",
  $document: "document",
};
