import type { Entry } from "../../model/entry.js";
import { indent } from "../../model/json.js";
import { readValue } from "./value.js";
import { isJson, type ValueType } from "./value-type.js";

/** A row as the server prints it: one text for each column, null for NULL. */
export type Cells = (string | null)[];

/** Makes entries of rows, without parsing and printing what need not be. `key` are positions among the columns; only the first `shown` columns stand in the text. */
export function rowRenderer(
  columns: readonly { name: string; type: ValueType }[],
  key: readonly number[],
  shown = columns.length,
): (cells: Cells) => Entry {
  const before = columns.map(({ name }, i) => opening(name, i));
  const print = columns.map(({ type }) => printer(type));
  const keyPrint = key.map((i) => compactPrinter(columns[i]!.type));
  const end = shown === 0 ? "{}\n" : ending;
  return (cells) => {
    let text = "";
    for (let i = 0; i < shown; i++) {
      const cell = cells[i]!;
      text += before[i]! + (cell === null ? "null" : print[i]!(cell));
    }
    let keyText = "[";
    for (let i = 0; i < key.length; i++) {
      const cell = cells[key[i]!]!;
      if (i > 0) keyText += ",";
      keyText += cell === null ? "null" : keyPrint[i]!(cell);
    }
    return { key: `${keyText}]`, text: text + end };
  };
}

/** What stands before a value in the text. */
export const opening = (name: string, i: number): string => `${i === 0 ? "{" : ","}\n  ${JSON.stringify(name)}: `;

/** What stands after the last one. */
export const ending = "\n}\n";

type Print = (text: string) => string;

/** From the server's text to canonical JSON text, as it stands in a manifest. */
export function printer(type: ValueType): Print {
  switch (type.kind) {
    case "integer":
      return (text) => text;
    case "bigint":
      return (text) => (text.length < 16 || Number.isSafeInteger(Number(text)) ? text : `"${text}"`);
    case "boolean":
      return (text) => (text === "t" ? "true" : "false");
    case "plain":
      return (text) => `"${text}"`;
    case "text":
      return JSON.stringify;
    default:
      return (text) => indent(readValue(type, text));
  }
}

function compactPrinter(type: ValueType): Print {
  if (isJson(type) || type.kind === "array") {
    return (text) => JSON.stringify(readValue(type, text));
  }
  return printer(type);
}
