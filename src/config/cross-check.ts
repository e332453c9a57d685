import { posix } from "node:path";
import { datasetGlob } from "../model/dataset-name.js";
import type { Place, Problem } from "../model/errors.js";
import { formatPointer } from "../model/pointer.js";
import { checkRules } from "../transform/check.js";
import type { TransformRule } from "../transform/rules.js";
import type { Config, EnvironmentConfig, Select, WeaveConfig } from "./config.js";
import { checkUrl, checkWebhookUrl } from "./database-url.js";
import { checkNaming } from "./naming-check.js";
import { globsMeet } from "./select.js";
import { quote, suggest } from "./suggest.js";
import { checkKey } from "./template.js";

/**
 * What no schema can say: names that refer to each other, secrets, rules for datasets that nothing selects, pointers
 * and expressions. Parts that could not be read are empty here. Unless `complete`, whole documents or their names are
 * missing: then a name that is not found is not reported.
 */
export async function crossCheck(config: Config, complete: boolean): Promise<Problem[]> {
  const found = await Promise.all([
    duplicates("weave", config.weaves),
    duplicates("environment", config.environments),
    ...config.weaves.map(checkWeave),
    ...config.environments.map((environment) => checkEnvironment(environment, config, complete)),
  ]);
  return found.flat();
}

function duplicates(what: string, named: readonly { name: string; place: Place }[]): Problem[] {
  return repeated(named, ({ name }) => name).flatMap(([{ name, place }, first]) => {
    if (name === "") return [];
    const hint = `the first is at ${first.place.file}:${first.place.line}`;
    return [{ ...place, message: `a second ${what} named ${quote(name)}`, hint }];
  });
}

/** The items whose name an earlier one has, each with the first of that name. */
function repeated<T>(items: readonly T[], name: (item: T) => string): [item: T, first: T][] {
  const firsts = new Map<string, T>();
  return items.flatMap((item) => {
    const first = firsts.get(name(item));
    if (first) return [[item, first] as [T, T]];
    firsts.set(name(item), item);
    return [];
  });
}

async function checkWeave(weave: WeaveConfig): Promise<Problem[]> {
  const { at, select, source, maskKey } = weave;
  return [
    ...placed(source.url.place, checkUrl(source.url.text)),
    ...(maskKey ? placed(maskKey.place, checkKey("maskKey", maskKey.text)) : []),
    ...select.flatMap((entry, index) => checkSelect(entry, (member) => at(`/spec/select/${index}/${member}`))),
    ...repeated([...select.entries()], ([, { dataset }]) => dataset.replace(/^public\./, "")).map(
      ([[index, { dataset }]]) => ({
        ...at(`/spec/select/${index}/dataset`),
        message: `${quote(dataset)} is selected a second time`,
        hint: "make one entry of the two",
      }),
    ),
    ...(await checkTransforms(weave.transform, "/spec/transform", weave, select)),
    ...(maskKey ? [] : maskSteps(weave.transform)).map((path) => ({
      ...at(`/spec/transform${path}`),
      message: "mask needs a key",
      hint: 'add maskKey: "${MASK_KEY}" to spec',
    })),
    ...weave.validate.flatMap(({ for: pattern, schema }, index) => [
      ...unselected(pattern, select, at(`/spec/validate/${index}/for`)),
      ...placed(at(`/spec/validate/${index}/schema`), checkPath(schema)),
    ]),
  ];
}

function checkSelect({ pick, omit, key = [] }: Select, place: (member: string) => Place): Problem[] {
  const both = { ...place("omit"), message: "pick and omit together", hint: "keep one of the two" };
  const lost = key.filter((name) => omit?.includes(name));
  return [
    ...(pick && omit ? [both] : []),
    ...lost.map((name) => ({ ...place("omit"), message: `omit leaves out ${quote(name)}, which belongs to the key` })),
  ];
}

async function checkEnvironment(environment: EnvironmentConfig, config: Config, complete: boolean): Promise<Problem[]> {
  const { at, database, overlay, naming, apply, notify } = environment;
  const weaves = config.weaves.filter(({ name }) => environment.weaves.includes(name));
  const known = weaves.length === environment.weaves.length && weaves.every(({ select }) => select.length > 0);
  const select = known ? weaves.flatMap((weave) => weave.select) : [];
  const keyless = weaves.filter(({ maskKey }) => !maskKey).map(({ name }) => name);
  const prune = Object.keys(apply.prune).filter((pattern) => pattern !== "*");
  const named = (part: string[], patterns: readonly string[]) =>
    patterns.flatMap((pattern) => unselected(pattern, select, at(formatPointer(["spec", ...part, pattern]), "key")));
  return [
    ...placed(database.url.place, checkUrl(database.url.text)),
    ...notify.flatMap(({ url, secret }) => [
      ...placed(url.place, checkWebhookUrl(url.text)),
      ...placed(secret.place, checkKey("secret", secret.text)),
    ]),
    ...(complete ? unknownWeaves(environment, config) : []),
    ...formerNames(environment, config),
    ...(await checkTransforms(overlay, "/spec/overlay", environment, select)),
    ...(keyless.length === 0 ? [] : maskSteps(overlay)).map((path) => ({
      ...at(`/spec/overlay${path}`),
      message: "mask needs a key",
      hint: `add maskKey to the weave ${keyless.join(", ")}`,
    })),
    ...(["ignore", "local", "redact"] as const).flatMap((part) => named([part], Object.keys(environment[part]))),
    ...(["map", "identify", "references"] as const).flatMap((part) => named([part], Object.keys(naming[part]))),
    ...checkNaming(environment),
    ...named(["apply", "prune"], prune),
  ];
}

function unknownWeaves({ weaves, at }: EnvironmentConfig, config: Config): Problem[] {
  const names = config.weaves.map(({ name }) => name);
  return weaves.flatMap((weave, index) => {
    if (names.includes(weave)) return [];
    const hint = suggest(weave, names, "there are");
    return [{ ...at(`/spec/weaves/${index}`), message: `there is no weave named ${quote(weave)}`, hint }];
  });
}

function formerNames({ formerly, at }: EnvironmentConfig, config: Config): Problem[] {
  return formerly.flatMap((old, index) => {
    if (!config.environments.some(({ name }) => name === old)) return [];
    const message = `${quote(old)} is the name of an environment`;
    return [{ ...at(`/metadata/formerly/${index}`), message, hint: "formerly lists names that are no longer used" }];
  });
}

async function checkTransforms(
  rules: readonly TransformRule[],
  path: string,
  { at }: Pick<WeaveConfig, "at">,
  select: readonly Select[],
): Promise<Problem[]> {
  const problems = await checkRules(rules);
  return [
    ...rules.flatMap((rule, index) => unselected(rule.for, select, at(`${path}/${index}/for`))),
    ...problems.map((problem) => ({ ...problem, ...at(path + problem.path) })),
  ];
}

/** A rule that can never apply is a mistake: most often a name written otherwise. Nothing is said where nothing is known to be selected. */
function unselected(pattern: string, select: readonly Select[], place: Place): Problem[] {
  const exact = !/[*?]/.test(pattern);
  const meets = select.some(
    ({ dataset, except }) =>
      globsMeet(pattern, dataset) && !(exact && except.some((excepted) => datasetGlob(excepted)(pattern))),
  );
  if (meets || select.length === 0) return [];
  const hint = suggest(
    pattern.replace(/^public\./, ""),
    select.map(({ dataset }) => dataset.replace(/^public\./, "")),
    "selected",
  );
  return [{ ...place, message: `no dataset that is selected matches ${quote(pattern)}`, hint }];
}

/** JSON Pointers to mask steps, inside the list of rules. */
function maskSteps(rules: readonly TransformRule[]): string[] {
  return rules.flatMap(({ steps }, rule) =>
    steps.flatMap((step, index) => ("mask" in step ? [`/${rule}/steps/${index}/mask`] : [])),
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

function placed(place: Place, problem: Problem | undefined): Problem[] {
  return problem ? [{ ...place, ...problem }] : [];
}
