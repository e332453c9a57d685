import type { ValidateFunction } from "ajv";
import { Ajv2020 } from "ajv/dist/2020.js";
import type { Checks } from "./check.js";
import { kinds } from "./schema.js";

/** What compiles the checks of all kinds of documents, each under the name of its kind. Loads much. */
export function kindCompiler(code: { source?: boolean } = {}): Ajv2020 {
  // Our own schemas are known to be schemas: checking that takes longer than all else.
  const known = { meta: false, validateSchema: false } as const;
  const ajv = new Ajv2020({ allErrors: true, verbose: true, strict: false, ...known, code });
  for (const [kind, schema] of Object.entries(kinds)) ajv.addSchema(schema, kind);
  return ajv;
}

export function compileKinds(): Checks {
  const ajv = kindCompiler();
  const compiled = Object.keys(kinds).map((kind) => [kind, ajv.getSchema(kind) as ValidateFunction]);
  return Object.fromEntries(compiled) as Checks;
}
