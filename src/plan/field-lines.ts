import { isDocument, type Json } from "../model/json.js";
import { parseManifest } from "../model/parse.js";

/** A data file as `git diff` shows it: a line for each field, members of documents under the way to them. What is no manifest stays as it is. */
export function fieldLines(text: string): string {
  const { fields, problems } = parseManifest(text);
  if (problems.length > 0) return text;
  return [...fields].flatMap(([name, value]) => linesOf(plainName(name), value)).join("");
}

function linesOf(name: string, value: Json): string[] {
  if (isDocument(value) && Object.keys(value).length > 0)
    return Object.entries(value).flatMap(([member, inner]) => linesOf(`${name}.${plainName(member)}`, inner));
  if (Array.isArray(value) && value.length > 1)
    return [`${name}:\n`, ...value.map((item) => `  - ${JSON.stringify(item)}\n`)];
  return [`${name}: ${JSON.stringify(value)}\n`];
}

function plainName(name: string): string {
  return /^[\p{L}\p{N}_ -]+$/u.test(name) ? name : JSON.stringify(name);
}
