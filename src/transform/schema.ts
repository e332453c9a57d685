import { HeddleError, type Problem } from "../model/errors.js";

/** Whether a plain view fits; `path` is a JSON Pointer into the entry. */
export type Judge = (view: unknown) => Pick<Problem, "path" | "message">[];

/**
 * A JSON Schema (2020-12) as a function; HDL102 where it is none. Keywords that the standard does not know are refused, since
 * they are mostly misspelt. `format` is an annotation, as the standard has it by default: it is not checked, `pattern` is.
 * References stay inside the schema: nothing is fetched.
 */
export async function compileSchema(schema: unknown): Promise<Judge> {
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
