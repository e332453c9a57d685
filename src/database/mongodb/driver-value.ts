import { BSON } from "mongodb";
import { isWrapper, type Json } from "../../model/json.js";
import { encodeDocument } from "./encode.js";

/**
 * A value in canonical form as the driver's serialiser takes it, for filters: documents become Maps, which keep the order of
 * any names. `exact` is false for the few values that it would alter (dates beyond JavaScript's range, undefined, …).
 */
export function driverValue(json: Json): { value: unknown; exact: boolean } {
  const value = convert(json);
  if (json === null || typeof json !== "object") return { value, exact: true };
  const sent = BSON.serialize(new Map([["", value]]));
  return { value, exact: encodeDocument([["", json]]).equals(sent) };
}

function convert(json: Json): unknown {
  if (json === null || typeof json !== "object") return json;
  if (Array.isArray(json)) return json.map(convert);
  if (!isWrapper(json)) return new Map(Object.entries(json).map(([name, value]) => [name, convert(value)]));
  if (Array.isArray(json.$document)) {
    return new Map((json.$document as [string, Json][]).map(([name, value]) => [name, convert(value)]));
  }
  const options = { promoteValues: false, promoteBuffers: false, bsonRegExp: true };
  return BSON.deserialize(encodeDocument([["value", json]]), options).value;
}
