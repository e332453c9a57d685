import type { ErrorObject } from "ajv";
import type { Problem } from "../model/errors.js";
import { formatPointer } from "../model/pointer.js";
import { quote, suggest } from "./suggest.js";
import type { YamlDocument } from "./yaml.js";

/** One error of the schema check, at its place and in words a user can act on. */
export function explain(error: ErrorObject, at: YamlDocument["at"]): Problem[] {
  const { keyword, instancePath: path, params, data, propertyName } = error;
  const schema = error.parentSchema as { description?: string; type?: string | string[]; properties?: object };
  const hint = schema.description === undefined ? {} : { hint: schema.description };
  const member = (name: string) => ({
    ...at(path + formatPointer([name]), "key"),
    path,
  });
  switch (keyword) {
    case "additionalProperties": {
      const name = params.additionalProperty as string;
      const hint = suggest(name, Object.keys(schema.properties ?? {}));
      return [{ ...member(name), message: `unknown key ${quote(name)}`, hint }];
    }
    case "required":
      return [{ ...at(path, "key"), message: `"${params.missingProperty}" is missing` }];
    case "type":
    case "anyOf": {
      const types = keyword === "type" ? [schema.type ?? []].flat() : ["string", "object"];
      const expected = types.map((type) => typeNames[type] ?? type).join(" or ");
      return [{ ...at(path), message: `expected ${expected}, found ${describe(data)}`, ...hint }];
    }
    case "enum":
    case "const": {
      const allowed: unknown[] = keyword === "enum" ? params.allowedValues : [params.allowedValue];
      return [{ ...at(path), message: `${found(data, path)} is not possible here`, hint: suggest(data, allowed) }];
    }
    case "uniqueItems":
      return [{ ...at(`${path}/${params.i}`), message: "listed twice" }];
    case "minItems":
    case "minLength":
    case "minProperties":
      return [{ ...at(path), message: "must not be empty", ...hint }];
    case "maxProperties":
      return [{ ...at(path), message: "has more keys than one", ...hint }];
    case "minimum":
      return [{ ...at(path), message: `must be at least ${params.limit}` }];
    case "propertyNames":
      return [];
    default: {
      const [place, what] = propertyName === undefined ? [at(path), data] : [member(propertyName), propertyName];
      return [{ ...place, message: `${found(what, path)} does not have the form it needs`, ...hint }];
    }
  }
}

const typeNames: Record<string, string> = {
  object: "a mapping",
  array: "a list",
  string: "text",
  integer: "a whole number",
  number: "a number",
  boolean: "true or false",
};

export function describe(value: unknown): string {
  if (value === null) return "nothing";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "boolean") return String(value);
  return typeNames[typeof value] ?? typeof value;
}

function found(value: unknown, path: string): string {
  if (typeof value === "object") return describe(value);
  return /\/(?:url|maskKey)$/.test(path) ? "this text" : quote(value);
}

export function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
