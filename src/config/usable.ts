import { formatPointer } from "../model/pointer.js";
import type { TransformRule } from "../transform/rules.js";
import { isMapping } from "./misfit.js";
import type { AnyDocument } from "./schema.js";

/**
 * A document with what is broken (JSON Pointers) left out, so that the rest can be checked for more problems at once;
 * undefined where nothing is left. What a document must have is empty then, or stands for anything.
 */
export function usable(value: unknown, broken: readonly string[]): AnyDocument | undefined {
  if (!isMapping(value) || broken.includes("")) return undefined;

  const isBroken = (path: string) => broken.some((pointer) => `${pointer}/`.startsWith(`${path}/`));
  const sound = (part: unknown, path: string): Record<string, unknown> => {
    if (!isMapping(part)) return {};
    return Object.fromEntries(Object.entries(part).filter(([name]) => !isBroken(`${path}${formatPointer([name])}`)));
  };
  const each = <T>(part: unknown, path: string, item: (item: unknown, path: string) => T): T[] =>
    Array.isArray(part) ? part.map((value, index) => item(value, `${path}/${index}`)) : [];
  const rule = (part: unknown, path: string): TransformRule => {
    const steps = each(isMapping(part) && part.steps, `${path}/steps`, (step, at) =>
      isBroken(at) ? { drop: true } : step,
    );
    return { for: "*", ...sound(part, path), steps } as TransformRule;
  };
  const rules = (part: unknown, path: string) => each(part, path, rule);

  const spec = isMapping(value.spec) ? value.spec : {};
  const select = each(spec.select, "/spec/select", sound);
  const parts = {
    source: { url: "${ANY}", ...sound(spec.source, "/spec/source") },
    ...(!(isMapping(value.spec) && spec.database === undefined && !isBroken("/spec")) && {
      database: { url: "${ANY}", ...sound(spec.database, "/spec/database") },
    }),
    ...(isBroken("/spec/maskKey") && { maskKey: "${ANY}" }),
    select: select.every(({ dataset }) => dataset !== undefined) ? select : [],
    ...(!(isMapping(value.spec) && spec.weaves === undefined) && {
      weaves: isBroken("/spec/weaves") ? [] : (spec.weaves ?? []),
    }),
    transform: rules(spec.transform, "/spec/transform"),
    overlay: rules(spec.overlay, "/spec/overlay"),
    validate: each(spec.validate, "/spec/validate", (part, path) => ({
      for: "*",
      schema: "any",
      ...sound(part, path),
    })),
    map: sound(spec.map, "/spec/map"),
    identify: sound(spec.identify, "/spec/identify"),
    references: sound(spec.references, "/spec/references"),
    ignore: sound(spec.ignore, "/spec/ignore"),
    local: sound(spec.local, "/spec/local"),
    redact: sound(spec.redact, "/spec/redact"),
    apply: sound(spec.apply, "/spec/apply"),
    notify: each(spec.notify, "/spec/notify", (part, path) => ({
      url: "${ANY}",
      secret: "${ANY}",
      ...sound(part, path),
    })),
  };
  const metadata = { name: "", ...sound(value.metadata, "/metadata") };
  return { ...value, metadata, spec: { ...sound(spec, "/spec"), ...parts } } as unknown as AnyDocument;
}
