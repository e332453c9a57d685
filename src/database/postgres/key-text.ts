import type { Json } from "../../model/json.js";
import { fromPlain } from "./plain.js";
import type { ValueType } from "./value-type.js";

/** What a person may mean who writes a key as text: a value of the column's type. See `Codec.keysMeant`. */
export function keysMeant(type: ValueType | undefined, text: string): Json[] {
  const scalar = /^(?:true|false|-?\d+(?:\.\d+)?)$/.test(text) ? [JSON.parse(text) as Json] : [];
  const keys = [text, ...scalar].flatMap((value) => {
    try {
      return [fromPlain(type, value)];
    } catch {
      // No value of that type.
      return [];
    }
  });
  const distinct = new Map(keys.map((key) => [JSON.stringify(key), key]));
  return [...distinct.values()];
}
