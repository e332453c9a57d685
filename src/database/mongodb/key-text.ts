import type { Json } from "../../model/json.js";
import { decimalText, doubleJson, isInt32, isInt64, parseDouble } from "./number.js";
import { parseDate } from "./wrapper.js";

/** What a person may mean who writes a key as text: first what its file's plain name would mean. See `Codec.keysMeant`. */
export function keysMeant(text: string): Json[] {
  const number = parseDouble(text);
  const [decimal, date, uuid] = [decimalText(text), parseDate(text), uuidBase64(text)];
  return [
    ...(number !== undefined && isInt32(number) && String(number) === text ? [number] : []),
    ...(/^[0-9a-f]{24}$/i.test(text) ? [{ $oid: text.toLowerCase() }] : []),
    text,
    ...(isInt64(text) ? [{ $numberLong: String(BigInt(text)) }] : []),
    ...(number === undefined ? [] : [doubleJson(number)]),
    ...(number === undefined || decimal === undefined ? [] : [{ $numberDecimal: decimal }]),
    ...(date === undefined ? [] : [{ $date: { $numberLong: String(date) } }]),
    ...(uuid === undefined ? [] : [{ $binary: { base64: uuid, subType: "04" } }]),
    ...(text === "true" || text === "false" ? [text === "true"] : []),
    ...(text === "null" ? [null] : []),
  ];
}

function uuidBase64(text: string): string | undefined {
  if (!/^[\da-f]{8}-(?:[\da-f]{4}-){3}[\da-f]{12}$/i.test(text)) return undefined;
  return Buffer.from(text.replaceAll("-", ""), "hex").toString("base64");
}
