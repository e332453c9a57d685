import { posix } from "node:path";
import { datasetGlob } from "../model/dataset-name.js";
import type { Place, Problem } from "../model/errors.js";
import { nearest } from "../model/nearest.js";
import type { TransformRule } from "../transform/rules.js";
import type { Config, EnvironmentConfig, Select, WeaveConfig } from "./config.js";
import { checkUrl } from "./database-url.js";
import { globsMeet } from "./select.js";
import { checkMaskKey } from "./template.js";

/**
 * What no schema can say: names that refer to each other, secrets, rules for datasets that nothing selects.
 * Unless `complete`, some documents could not be read: then names that are not found are not reported.
 */
export function crossCheck(config: Config, complete: boolean): Problem[] {
  return [
    ...duplicates("weave", config.weaves),
    ...duplicates("environment", config.environments),
    ...config.weaves.flatMap(checkWeave),
    ...config.environments.flatMap((environment) => checkEnvironment(environment, config, complete)),
  ];
}

function duplicates(what: string, named: readonly { name: string; place: Place }[]): Problem[] {
  return named.flatMap(({ name, place }, index) => {
    const first = named.findIndex((other) => other.name === name);
    if (first === index) return [];
    const { file, line } = named[first]!.place;
    return [
      { ...place, message: `a second ${what} named ${JSON.stringify(name)}`, hint: `the first is at ${file}:${line}` },
    ];
  });
}

function checkWeave(weave: WeaveConfig): Problem[] {
  const { at, select, source, maskKey } = weave;
  return [
    ...placed(source.url.place, checkUrl(source.url.text)),
    ...(maskKey ? placed(maskKey.place, checkMaskKey(maskKey.text)) : []),
    ...select.flatMap((entry, index) => checkSelect(entry, index, weave)),
    ...checkRules(weave.transform, "/spec/transform", weave, select),
    ...(maskKey
      ? []
      : masks(weave.transform).map((path) => ({
          ...at(`/spec/transform/${path}`),
          message: "mask needs a key",
          hint: 'add maskKey: "${MASK_KEY}" to spec',
        }))),
    ...weave.validate.flatMap(({ for: pattern, schema }, index) => [
      ...unselected(pattern, select, at(`/spec/validate/${index}/for`)),
      ...placed(at(`/spec/validate/${index}/schema`), checkPath(schema)),
    ]),
  ];
}

function checkSelect({ dataset, pick, omit, key }: Select, index: number, { at, select }: WeaveConfig): Problem[] {
  const path = `/spec/select/${index}`;
  const problems: Problem[] = [];
  const report = (inside: string, message: string, hint: string) =>
    problems.push({ ...at(path + inside), message, hint });
  if (pick && omit) report("/omit", "pick and omit together", "keep one of the two");
  for (const name of key ?? []) {
    if (omit?.includes(name))
      report("/omit", `omit leaves out ${JSON.stringify(name)}, which belongs to the key`, "keep key fields");
  }
  const first = select.findIndex((other) => other.dataset === dataset);
  if (first < index) {
    report("/dataset", `${JSON.stringify(dataset)} is selected a second time`, "make one entry of the two");
  }
  return problems;
}

function checkEnvironment(environment: EnvironmentConfig, config: Config, complete: boolean): Problem[] {
  const { at, name, formerly, database, weaves, apply } = environment;
  const names = config.weaves.map((weave) => weave.name);
  const known = config.weaves.filter((weave) => weaves.includes(weave.name));
  const problems: Problem[] = placed(database.url.place, checkUrl(database.url.text));
  for (const [index, weave] of weaves.entries()) {
    if (names.includes(weave) || !complete) continue;
    const close = nearest(weave, names);
    const there = names.length > 0 ? `there are: ${names.join(", ")}` : "the configuration has no weave";
    const hint = close === undefined ? there : `did you mean "${close}"? ${there}`;
    problems.push({
      ...at(`/spec/weaves/${index}`),
      message: `there is no weave named ${JSON.stringify(weave)}`,
      hint,
    });
  }
  for (const [index, old] of formerly.entries()) {
    if (!config.environments.some((other) => other.name === old)) continue;
    const message = old === name ? "the environment's own name" : `${JSON.stringify(old)} is still an environment`;
    problems.push({
      ...at(`/metadata/formerly/${index}`),
      message,
      hint: "formerly lists names that are no longer used",
    });
  }
  // Where a weave is unknown or unreadable, so is what it selects.
  if (known.length < weaves.length) return problems;
  const select = known.flatMap((weave) => weave.select);
  problems.push(...checkRules(environment.overlay, "/spec/overlay", environment, select));
  if (known.some(({ maskKey }) => !maskKey)) {
    for (const path of masks(environment.overlay)) {
      const without = known.filter(({ maskKey }) => !maskKey).map((weave) => weave.name);
      problems.push({
        ...at(`/spec/overlay/${path}`),
        message: "mask needs a key",
        hint: `add maskKey to ${without.join(", ")}`,
      });
    }
  }
  for (const part of ["ignore", "local", "redact"] as const) {
    for (const pattern of Object.keys(environment[part])) {
      problems.push(...unselected(pattern, select, at(member(`/spec/${part}`, pattern), "key")));
    }
  }
  for (const pattern of Object.keys(apply.prune)) {
    if (pattern !== "*") problems.push(...unselected(pattern, select, at(member("/spec/apply/prune", pattern), "key")));
  }
  return problems;
}

function checkRules(
  rules: readonly TransformRule[],
  path: string,
  { at }: Pick<WeaveConfig, "at">,
  select: readonly Select[],
): Problem[] {
  return rules.flatMap((rule, index) => unselected(rule.for, select, at(`${path}/${index}/for`)));
}

/** A rule that can never apply is a mistake: most often a name written otherwise. */
function unselected(pattern: string, select: readonly Select[], place: Place): Problem[] {
  const exact = !/[*?]/.test(pattern);
  const meets = select.some(
    ({ dataset, except }) =>
      globsMeet(pattern, dataset) && !(exact && except.some((excepted) => datasetGlob(excepted)(pattern))),
  );
  if (meets) return [];
  const names = select.map(({ dataset }) => dataset);
  const close = nearest(pattern, names);
  const hint = close === undefined ? `selected: ${names.join(", ")}` : `did you mean ${JSON.stringify(close)}?`;
  return [{ ...place, message: `no dataset that is selected matches ${JSON.stringify(pattern)}`, hint }];
}

/** Pointers to mask steps, inside the list of rules. */
function masks(rules: readonly TransformRule[]): string[] {
  return rules.flatMap(({ steps }, rule) =>
    steps.flatMap((step, index) => ("mask" in step ? [`${rule}/steps/${index}/mask`] : [])),
  );
}

function checkPath(path: string): Problem | undefined {
  if (posix.isAbsolute(path) || /^[A-Za-z]:|\\|:\/\//.test(path)) {
    return { message: "not a relative path", hint: "write it from the project root, with /: schemas/product.json" };
  }
  if (posix.normalize(path).startsWith(".."))
    return { message: "a path that leads out of the project", hint: "keep schemas in the project" };
  return undefined;
}

function member(path: string, name: string): string {
  return `${path}/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`;
}

function placed(place: Place, problem: Problem | undefined): Problem[] {
  return problem ? [{ ...place, ...problem }] : [];
}
