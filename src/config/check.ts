import type { ErrorObject, ValidateFunction } from "ajv";
import { Ajv2020 } from "ajv/dist/2020.js";
import type { Problem } from "../model/errors.js";
import { nearest } from "../model/nearest.js";
import { kinds } from "./schema.js";
import type { YamlDocument } from "./yaml.js";

type Kind = keyof typeof kinds;
const compiled = new Map<Kind, ValidateFunction>();

/** Every way in which a document does not fit its kind, each at its place, in words a user can act on. */
export function checkDocument({ value, at }: YamlDocument): Problem[] {
  if (!isMapping(value)) return [{ ...at(""), message: `expected a mapping, found ${describe(value)}` }];
  const names = Object.keys(kinds);
  if (value.kind === undefined) {
    return [{ ...at("", "key"), message: '"kind" is missing', hint: `one of ${names.join(", ")}` }];
  }
  if (!names.includes(value.kind as string)) {
    return [{ ...at("/kind"), message: `unknown kind ${quote(value.kind)}`, hint: choices(value.kind, names) }];
  }
  const validate = validator(value.kind as Kind);
  if (validate(value)) return [];
  return relevant(validate.errors ?? []).flatMap((error) => explain(error, at));
}

function validator(kind: Kind): ValidateFunction {
  let validate = compiled.get(kind);
  if (!validate) {
    validate = new Ajv2020({ allErrors: true, verbose: true, strict: false }).compile(kinds[kind]);
    compiled.set(kind, validate);
  }
  return validate;
}

/** Of an `anyOf`, the errors of the branch whose type fits; where none fits, one error that names them. */
function relevant(errors: ErrorObject[]): ErrorObject[] {
  return errors.filter((error) => {
    const union = errors.find(
      (other) => other.keyword === "anyOf" && error.schemaPath.startsWith(`${other.schemaPath}/`),
    );
    const misfits = (branch: string) =>
      errors.some(
        (e) => e.keyword === "type" && e.schemaPath === `${branch}/type` && e.instancePath === union?.instancePath,
      );
    if (union) return !misfits(/^(.*?\/anyOf\/\d+)/.exec(error.schemaPath.slice(0))![1]!);
    if (error.keyword !== "anyOf") return true;
    return (error.schema as unknown[]).every((_, index) => misfits(`${error.schemaPath}/${index}`));
  });
}

function explain(error: ErrorObject, at: YamlDocument["at"]): Problem[] {
  const { keyword, instancePath: path, params, data } = error;
  const schema = error.parentSchema as { description?: string; type?: string | string[]; properties?: object };
  const hint = schema.description && { hint: schema.description };
  const member = (name: string) => `${path}/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`;
  switch (keyword) {
    case "additionalProperties": {
      const unknown = params.additionalProperty as string;
      const names = Object.keys(schema.properties ?? {});
      return [
        { ...at(member(unknown), "key"), message: `unknown key ${quote(unknown)}`, hint: choices(unknown, names) },
      ];
    }
    case "required":
      return [{ ...at(path, "key"), message: `${quote(params.missingProperty)} is missing` }];
    case "type":
    case "anyOf": {
      const types = keyword === "type" ? [schema.type ?? []].flat() : ["string", "object"];
      return [
        {
          ...at(path),
          message: `expected ${types.map((type) => typeNames[type] ?? type).join(" or ")}, found ${describe(data)}`,
          ...hint,
        },
      ];
    }
    case "enum":
      return [
        {
          ...at(path),
          message: `${found(data, path)} is not possible here`,
          hint: choices(data, params.allowedValues),
        },
      ];
    case "const":
      return [
        {
          ...at(path),
          message: `${found(data, path)} is not possible here`,
          hint: `write ${JSON.stringify(params.allowedValue)}`,
        },
      ];
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
      const name = error.propertyName;
      const place = name === undefined ? at(path) : at(member(name), "key");
      return [
        {
          ...place,
          message: `${name === undefined ? found(data, path) : quote(name)} has not the form it needs`,
          ...hint,
        },
      ];
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

function describe(value: unknown): string {
  if (value === null) return "nothing";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "boolean") return String(value);
  return typeNames[typeof value] ?? typeof value;
}

/** What was found, unless it could be a secret in a wrong place. */
function found(value: unknown, path: string): string {
  if (/\/(?:url|maskKey)$/.test(path) || (typeof value === "string" && (value.length > 60 || /[:@]/.test(value))))
    return "this value";
  return typeof value === "object" ? describe(value) : quote(value);
}

function choices(given: unknown, allowed: readonly unknown[]): string {
  const names = allowed.map(String);
  const close = typeof given === "string" ? nearest(given, names) : undefined;
  return `${close === undefined ? "" : `did you mean ${quote(close)}? `}possible: ${names.join(", ")}`;
}

function quote(value: unknown): string {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}

export function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
