import type { TSchema } from "typebox";
import { Document, isCollection, isNode } from "yaml";
import type { Config } from "./config.js";
import { isMapping } from "./misfit.js";
import { kinds } from "./schema.js";

/**
 * The effective configuration as YAML: every document with its defaults filled in and marked by a comment. Variables
 * stand as `${NAME}`; their values are not read.
 */
export function effectiveConfig({ weaves, environments, bases }: Config): string {
  return [...weaves, ...bases, ...environments]
    .map(({ document, place }) => {
      const marks: (string | number)[][] = [];
      const yaml = new Document(withDefaults(kinds[document.kind], document, [], marks), { version: "1.2" });
      for (const path of marks) {
        const node = yaml.getIn(path, true);
        if (!isNode(node)) continue;
        node.comment = ` ${path.at(-1) === "onDrift" ? onDrift : "default"}`;
        if (isCollection(node)) node.flow = true;
      }
      return `# ${place.file}:${place.line}\n${yaml.toString({ lineWidth: 0 })}`;
    })
    .join("---\n");
}

const onDrift = "default; keep where this database is a source of one of the weaves";

/** A copy with the schema's defaults; their paths go into `marks`. Members come in the schema's order. */
function withDefaults(
  schema: TSchema,
  value: unknown,
  path: (string | number)[],
  marks: (string | number)[][],
): unknown {
  const { properties } = schema as { properties?: Record<string, TSchema & { default?: unknown }> };
  if (!properties || !isMapping(value)) return value;
  const filled: Record<string, unknown> = {};
  for (const [name, part] of Object.entries(properties)) {
    const inside = [...path, name];
    if (value[name] !== undefined) filled[name] = withDefaults(part, value[name], inside, marks);
    else if (part.default !== undefined) {
      marks.push(inside);
      filled[name] = part.default;
    } else if ("properties" in part) {
      const defaults = withDefaults(part, {}, inside, marks);
      if (Object.keys(defaults as object).length > 0) filled[name] = defaults;
    }
  }
  return filled;
}
