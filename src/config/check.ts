import type { ErrorObject, ValidateFunction } from "ajv";
import type { Problem } from "../model/errors.js";
import { describe, explain, isMapping } from "./misfit.js";
import type { kinds } from "./schema.js";
import { quote, suggest } from "./suggest.js";
import type { YamlDocument } from "./yaml.js";

/** Whether a document fits its kind, by kind. */
export type Checks = Readonly<Record<keyof typeof kinds, ValidateFunction>>;

/** As the build compiled them; where the code runs unbuilt, compiled now. */
export async function loadChecks(): Promise<Checks> {
  checks ??= (async () => {
    try {
      return ((await import(new URL("./validators.cjs", import.meta.url).href)) as { default: Checks }).default;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ERR_MODULE_NOT_FOUND") throw error;
      return (await import("./validators.js")).compileKinds();
    }
  })();
  return checks;
}

let checks: Promise<Checks> | undefined;

/** How a document misses its kind. `broken` are JSON Pointers to what cannot be used; "" is the whole document. */
export interface Misfits {
  problems: Problem[];
  broken: string[];
}

/** Every way in which a document does not fit its kind, each at its place, in words a user can act on. */
export function checkDocument({ value, at }: YamlDocument, checks: Checks): Misfits {
  const useless = (problem: Problem): Misfits => ({ problems: [problem], broken: [""] });
  if (!isMapping(value)) return useless({ ...at(""), message: `expected a mapping, found ${describe(value)}` });
  const names = Object.keys(checks);
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
  const validate = checks[value.kind as keyof Checks];
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
