import type { Problem } from "../model/errors.js";
import { parsePointer } from "../model/pointer.js";
import { isMapping } from "./misfit.js";
import type { EnvironmentDocument } from "./schema.js";
import { quote, suggest } from "./suggest.js";
import type { YamlDocument } from "./yaml.js";

/** An environment as it is written, and where. */
export interface Written {
  document: EnvironmentDocument;
  at: YamlDocument["at"];
}

interface Extended extends Written {
  /** It has no database of its own, and others extend it. */
  isBase: boolean;
  /** What it would need to be a destination. */
  missing: ("database" | "weaves")[];
}

/**
 * Environments with the settings of those that they extend: mappings are merged, anything else is replaced, and places
 * stay those of the file that says it. The database is never shared. Unless `complete`, names that are not found are not
 * reported.
 */
export function extendEnvironments(written: readonly Written[], complete: boolean): [Extended[], Problem[]] {
  const byName = new Map(written.map((one) => [one.document.metadata.name, one]));
  const problems: Problem[] = [];
  const extended = (one: Written, below: readonly Written[]): Written => {
    const name = one.document.spec.extends;
    if (name === undefined) return one;
    const base = byName.get(name);
    const place = one.at("/spec/extends");
    if (!base) {
      const others = [...byName.keys()].filter((other) => other !== one.document.metadata.name);
      const message = `there is no environment named ${quote(name)}`;
      if (complete) problems.push({ ...place, message, hint: suggest(name, others, "there are") });
      return one;
    }
    if (base === one || below.includes(base)) {
      problems.push({ ...place, message: `${quote(name)} extends this environment itself` });
      return one;
    }
    return merged(one, extended(base, [...below, one]));
  };
  // A cycle is met from each of its members, and what many extend is looked at once for each of them.
  const named = new Set(written.map(({ document }) => document.spec.extends));
  const result = written.map((one): Extended => {
    const whole = extended(one, []);
    const { metadata, spec } = whole.document;
    const isBase = spec.database === undefined && named.has(metadata.name);
    const missing = (["database", "weaves"] as const).filter((part) => !isBase && spec[part] === undefined);
    return { ...whole, isBase, missing };
  });
  return [result, distinct(problems)];
}

function merged({ document, at }: Written, base: Written): Written {
  const { database: _, ...shared } = base.document.spec;
  const spec = merge(document.spec, shared) as EnvironmentDocument["spec"];
  return {
    document: { ...document, spec },
    at: (pointer, what) => (holds(document, parsePointer(pointer)) ? at(pointer, what) : base.at(pointer, what)),
  };
}

/** Own members come first: of globs the first that matches counts. */
function merge(own: unknown, base: unknown): unknown {
  if (!isMapping(own) || !isMapping(base)) return own;
  const names = [...new Set([...Object.keys(own), ...Object.keys(base)])];
  return Object.fromEntries(
    names.map((name) => [name, Object.hasOwn(own, name) ? merge(own[name], base[name]) : base[name]]),
  );
}

function holds(value: unknown, [name, ...rest]: readonly string[]): boolean {
  if (name === undefined) return true;
  const inside = typeof value === "object" && value !== null && Object.hasOwn(value, name);
  return inside && holds((value as Record<string, unknown>)[name], rest);
}

export function distinct(problems: readonly Problem[]): Problem[] {
  return [...new Map(problems.map((problem) => [JSON.stringify(problem), problem])).values()];
}
