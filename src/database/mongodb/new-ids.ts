import { randomUUID } from "node:crypto";
import { ObjectId } from "bson";
import { HeddleError } from "../../model/errors.js";
import type { Fields, Json } from "../../model/json.js";

/** Random values of the same kinds: an ObjectId where nothing tells the kind, a UUID for UUIDs. HDL206 for others. */
export function newIds(dataset: string, fields: readonly string[], count: number, like: Fields | undefined): Fields[] {
  const make = fields.map((field) => {
    const made = maker(like?.get(field));
    if (made) return [field, made] as const;
    throw new HeddleError("HDL206", `${dataset}: there is no way to make a new ${field}`, {
      hint: "new ids are made of ObjectIds and UUIDs; identify datasets with others by these",
    });
  });
  return Array.from({ length: count }, () => new Map(make.map(([field, made]) => [field, made()])));
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

function maker(like: Json | undefined): (() => Json) | undefined {
  if (like === undefined || (isObject(like) && "$oid" in like)) return () => ({ $oid: new ObjectId().toHexString() });
  if (typeof like === "string" && uuid.test(like)) return () => randomUUID();
  const binary = isObject(like) ? like.$binary : undefined;
  if (!isObject(binary) || binary.subType !== "04") return undefined;
  const bytes = () => Buffer.from(randomUUID().replaceAll("-", ""), "hex").toString("base64");
  return () => ({ $binary: { base64: bytes(), subType: "04" } });
}

function isObject(value: Json | undefined): value is { [name: string]: Json } {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}
