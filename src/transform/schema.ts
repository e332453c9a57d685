import { datasetGlob } from "../model/dataset-name.js";
import { HeddleError, type Problem } from "../model/errors.js";
import type { ValidateRule } from "./rules.js";

/** Items of `validate` made ready to judge; what is no schema is added to `problems`. */
export async function compileSchemas(items: readonly { rule: ValidateRule; schema: unknown }[], problems: Problem[]) {
  const compiled: { matches: (name: string) => boolean; judge: Judge; label: string }[] = [];
  for (const [index, { rule, schema }] of items.entries()) {
    const label = `validate[${index}]`;
    try {
      compiled.push({ matches: datasetGlob(rule.for), judge: await compileSchema(schema), label });
    } catch (error) {
      if (!(error instanceof HeddleError)) throw error;
      problems.push({ file: rule.schema, step: label, message: error.message });
    }
  }
  return compiled;
}

/** Whether a plain view fits; `path` is a JSON Pointer into the entry. */
type Judge = (view: unknown) => Pick<Problem, "path" | "message">[];

/**
 * A JSON Schema (2020-12) as a function; HDL102 where it is none. Keywords that the standard does not know are refused, since
 * they are mostly misspelt. `format` is an annotation, as the standard has it by default: it is not checked, `pattern` is.
 * References stay inside the schema: nothing is fetched.
 */
async function compileSchema(schema: unknown): Promise<Judge> {
  const { Ajv2020 } = await import("ajv/dist/2020.js");
  const ajv = new Ajv2020({
    allErrors: true,
    ownProperties: true,
    strict: false,
    strictSchema: true,
    validateFormats: false,
  });
  try {
    const validate = ajv.compile(schema as object);
    return (view) => {
      validate(view);
      return (validate.errors ?? []).map(({ instancePath, message, params, keyword }) => ({
        path: instancePath,
        message: `${message ?? keyword}${detail(params)}`,
      }));
    };
  } catch (error) {
    throw new HeddleError("HDL102", `not a JSON Schema (2020-12): ${(error as Error).message}`, { cause: error });
  }
}

/** What the schema's author needs to see beside the message: parts of the schema and names of members, never values. */
function detail(params: Record<string, unknown>): string {
  if (Array.isArray(params.allowedValues)) return `: ${params.allowedValues.map((v) => JSON.stringify(v)).join(", ")}`;
  const name = params.additionalProperty ?? params.unevaluatedProperty ?? params.propertyName;
  return name === undefined ? "" : `: ${JSON.stringify(name)}`;
}
