import type { Codec } from "../../src/model/codec.js";
import type { Json } from "../../src/model/json.js";

/** The plainest codec there can be: values are what they are; a field named `bad` is refused; `z` comes last. */
export const memoryCodec: Codec = {
  engine: "memory",
  rows: false,
  canonical(_dataset, fields) {
    const ordered = new Map([...fields].filter(([name]) => name !== "z"));
    if (fields.has("z")) ordered.set("z", fields.get("z")!);
    const problems = fields.has("bad") ? [{ path: "/bad", message: "is not allowed" }] : [];
    return { fields: ordered, problems };
  },
  keyName: (part) => ({ text: typeof part === "string" ? part : JSON.stringify(part), plain: true }),
  keysMeant: (text) => [text],
  typeName: (value) => typeof value,
  toPlain: (value) => value,
  fromPlain: (value) => value as Json,
};
