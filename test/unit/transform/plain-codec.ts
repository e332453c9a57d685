import type { Codec } from "../../../src/model/codec.js";
import type { Dataset } from "../../../src/model/dataset.js";
import { HeddleError } from "../../../src/model/errors.js";
import { isWrapper, type Json } from "../../../src/model/json.js";

/** A small codec with one wrapper, `{ "$long": "5" }`; any other is unfit. The field type `integer` refuses what is no whole number. */
export function plainCodec(rows: boolean): Codec {
  return {
    engine: "plain",
    rows,
    canonical(dataset, fields) {
      const ordered = rows ? (dataset.fields ?? []).map(({ name }) => [name, fields.get(name)!] as const) : [...fields];
      const problems = ordered.flatMap(([name, value]) => {
        if (isWrapper(value) && !longText(value)) return [{ path: `/${name}`, message: "unknown wrapper" }];
        const type = dataset.fields?.find((field) => field.name === name)?.type;
        return type === "integer" && value !== null && !Number.isInteger(value)
          ? [{ path: `/${name}`, message: "no integer" }]
          : [];
      });
      return { fields: new Map(ordered), problems };
    },
    keyName: (part) => ({ text: JSON.stringify(part), plain: true }),
    keysMeant: (text) => [text],
    typeName: (value) => (longText(value) ? "long" : value === null ? "null" : typeof value),
    toPlain: (value) => (longText(value) ? Number(longText(value)) : value),
    fromPlain(value, previous, field) {
      if (field?.type === "integer" && !Number.isInteger(value)) throw new HeddleError("HDL500", "no integer");
      return previous !== undefined && longText(previous) ? { $long: String(value) } : (value as Json);
    },
  };
}

function longText(value: Json): string | undefined {
  return value !== null && typeof value === "object" && !Array.isArray(value) ? (value.$long as string) : undefined;
}

/** Documents without listed fields, or rows with these columns. */
export function datasetOf(name: string, columns?: Record<string, string>, more: Partial<Dataset> = {}): Dataset {
  return {
    engine: "plain",
    name,
    key: ["id"],
    ...(columns && { fields: Object.entries(columns).map(([name, type]) => ({ name, type })) }),
    selection: "",
    oneWay: false,
    layout: { kind: "files", fanout: 0 },
    ...more,
  };
}
