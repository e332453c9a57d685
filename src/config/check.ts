import type { ErrorObject, ValidateFunction } from "ajv";
import { Ajv2020 } from "ajv/dist/2020.js";
import type { Problem } from "../model/errors.js";
import { describe, explain, isMapping } from "./misfit.js";
import { kinds } from "./schema.js";
import { quote, suggest } from "./suggest.js";
import type { YamlDocument } from "./yaml.js";

type Kind = keyof typeof kinds;
const compiled = new Map<Kind, ValidateFunction>();

/** How a document misses its kind. `broken` are JSON Pointers to what cannot be used; "" is the whole document. */
export interface Misfits {
  problems: Problem[];
  broken: string[];
}

/** Every way in which a document does not fit its kind, each at its place, in words a user can act on. */
export function checkDocument({ value, at }: YamlDocument): Misfits {
  const useless = (problem: Problem): Misfits => ({ problems: [problem], broken: [""] });
  if (!isMapping(value)) return useless({ ...at(""), message: `expected a mapping, found ${describe(value)}` });
  const names = Object.keys(kinds);
  if (value.kind === undefined) {
    return useless({ ...at(""), message: '"kind" is missing', hint: `possible: ${names.join(", ")}` });
  }
  if (!names.includes(value.kind as string)) {
    return useless({
      ...at("/kind"),
      message: `${quote(value.kind)} is not a kind`,
      hint: suggest(value.kind, names),
    });
  }
  const validate = validator(value.kind as Kind);
  const errors = validate(value) ? [] : relevant(validate.errors ?? []);
  return {
    problems: errors.flatMap((error) => explain(error, at)),
    broken: errors.filter(spoils).map(({ instancePath }) => instancePath),
  };
}

/** Unknown keys can be left out, and so can a document's missing parts. */
function spoils({ keyword, instancePath }: ErrorObject): boolean {
  return keyword !== "additionalProperties" && !(keyword === "required" && instancePath === "");
}

function validator(kind: Kind): ValidateFunction {
  let validate = compiled.get(kind);
  if (!validate) {
    // Our own schemas are known to be schemas: checking that takes longer than all else.
    const options = { allErrors: true, verbose: true, strict: false, meta: false, validateSchema: false };
    validate = new Ajv2020(options).compile(kinds[kind]);
    compiled.set(kind, validate);
  }
  return validate;
}

/** Of an `anyOf`, the errors of the branch whose type fits; where none fits, one error for all of it. */
function relevant(errors: ErrorObject[]): ErrorObject[] {
  const unions = errors.filter(({ keyword }) => keyword === "anyOf");
  const misfits = (union: ErrorObject, branch: string) =>
    errors.some(
      ({ schemaPath, instancePath }) =>
        schemaPath === `${union.schemaPath}/${branch}/type` && instancePath === union.instancePath,
    );
  return errors.filter((error) => {
    if (error.keyword === "anyOf") {
      return (error.schema as unknown[]).every((_, branch) => misfits(error, String(branch)));
    }
    const union = unions.find(({ schemaPath }) => error.schemaPath.startsWith(`${schemaPath}/`));
    return !union || !misfits(union, error.schemaPath.slice(union.schemaPath.length + 1).split("/")[0]!);
  });
}
