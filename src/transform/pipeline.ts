import { hash } from "node:crypto";
import type { Codec } from "../model/codec.js";
import type { Dataset } from "../model/dataset.js";
import type { Entry, Key } from "../model/entry.js";
import { HeddleError, type Problem } from "../model/errors.js";
import { type Fields, type Json, renderFields } from "../model/json.js";
import { keyOf } from "../model/key.js";
import { parseManifest } from "../model/parse.js";
import { compileRules, type Rule } from "./compile.js";
import { tidy, withEffects } from "./describe.js";
import { maskKeyId } from "./pseudonym.js";
import type { TransformRule, ValidateRule } from "./rules.js";
import { runRules } from "./run.js";
import { compileSchemas } from "./schema.js";
import { plainView } from "./step.js";

export interface PipelineInput {
  /** Items of `transform` or `overlay`, as their schema has them. */
  rules: readonly TransformRule[];
  validate?: readonly { rule: ValidateRule; schema: unknown }[];
  codec: Codec;
  maskKey?: string;
  /** What problems call the list of rules: `transform` if not given. */
  origin?: "transform" | "overlay";
}

/** Rules made ready to run. Methods take the dataset as it is before the rules, `validate` as it is after them. */
export interface Pipeline {
  /** Of all that it was made of (SHA-256, hex). */
  digest: string;
  /** Whether any rule is for the dataset. Where none is, entries can be passed by. */
  touches(dataset: Dataset): boolean;
  /** The dataset after the rules. HDL102 where a rule that names it names fields that are not there, or removes its key. */
  describe(dataset: Dataset): Dataset;
  /** What of the rules decides which entries exist, for the selection digest. */
  selection(dataset: Dataset): Json;
  /** Whether a mask is for the dataset: then, as under `omit`, new fields are refused (`leaks`). */
  masks(dataset: Dataset): boolean;
  /** The top-level fields that rules for the dataset name. */
  named(dataset: Dataset): Set<string>;
  /** Entries of the source as they belong into git. Failing ones are problems with dataset, key and step, and left out. */
  run(dataset: Dataset, entries: readonly Entry[]): Promise<{ entries: Entry[]; dropped: number; problems: Problem[] }>;
  /** An entry of git as it belongs into the database; undefined where it is dropped. HDL500 where a step fails or the key changes. */
  shape(dataset: Dataset, fields: Fields): Promise<Fields | undefined>;
  /** In which ways an entry does not fit its JSON Schemas. */
  validate(dataset: Dataset, key: Key, fields: Fields): Problem[];
}

/** HDL102 lists all that is wrong with the rules, the mask key and the schemas. Loads the libraries that the rules need, no others. */
export async function compilePipeline(input: PipelineInput): Promise<Pipeline> {
  const { codec, maskKey = "", origin = "transform" } = input;
  const problems: Problem[] = [];
  const rules = await compileRules(input.rules, { codec, maskKey, origin }, problems);
  const judges = await compileSchemas(input.validate ?? [], problems);
  if (problems.length > 0) throw new HeddleError("HDL102", `${origin} rules have problems`, { problems });

  const rulesFor = (dataset: Dataset) => rules.filter((rule) => rule.matches(dataset.name));
  const judgesFor = (dataset: Dataset) => judges.filter((judge) => judge.matches(dataset.name));

  /** Every step with the dataset as it finds it, and the dataset as the last one leaves it. */
  function prepare(dataset: Dataset) {
    const mistakes: Problem[] = [];
    let current = dataset;
    const applying = rulesFor(dataset).map((rule) => ({
      ...rule,
      steps: rule.steps.map((step) => {
        const found: Problem[] = [];
        const types = typesOf(current);
        current = withEffects(current, { rows: codec.rows, ...rule, effects: step.effects }, found);
        mistakes.push(...found.map((problem) => ({ ...problem, step: step.label })));
        return { ...step, types };
      }),
    }));
    if (mistakes.length > 0) throw new HeddleError("HDL102", `${origin} rules do not fit`, { problems: mistakes });
    const references = current.references?.map((reference) => ({
      ...reference,
      to: reference.to.map((name) => renamedIn(rules, reference.dataset, name)),
    }));
    const oneWay = dataset.oneWay || applying.length > 0;
    return { rules: applying, after: tidy({ ...current, ...(references && { references }), oneWay }) };
  }

  const cache = new WeakMap<Dataset, ReturnType<typeof prepare>>();
  const prepared = (dataset: Dataset) => {
    const known = cache.get(dataset) ?? prepare(dataset);
    cache.set(dataset, known);
    return known;
  };

  const transform = (dataset: Dataset, fields: Fields) => runRules({ codec, ...prepared(dataset) }, fields);

  const validate = (dataset: Dataset, key: Key | undefined, fields: Fields): Problem[] => {
    const applying = judgesFor(dataset);
    if (applying.length === 0) return [];
    const view = plainView(codec, typesOf(dataset), fields);
    return applying.flatMap(({ judge, label }) =>
      judge(view).map((problem) => ({ dataset: dataset.name, ...(key && { key }), step: label, ...problem })),
    );
  };

  const parts = [input.rules, input.validate ?? [], maskKey && maskKeyId(maskKey)];

  return {
    digest: hash("sha256", JSON.stringify(parts)),
    touches: (dataset) => rulesFor(dataset).length + judgesFor(dataset).length > 0,
    describe: (dataset) => prepared(dataset).after,
    selection: (dataset) => {
      const drop = rulesFor(dataset).flatMap((rule) => (rule.drops ? [rule.source.when ?? null] : []));
      return { drop, ...(rulesFor(dataset).some((rule) => rule.keyed) && { maskKey: maskKeyId(maskKey) }) };
    },
    masks: (dataset) => rulesFor(dataset).some((rule) => rule.masks),
    named: (dataset) => new Set(rulesFor(dataset).flatMap((rule) => rule.steps.flatMap((step) => step.names))),
    validate,

    async run(dataset, entries) {
      const { rules: applying, after } = prepared(dataset);
      const secretKey = after.key.some((name) => after.masked?.includes(name));
      const result = { entries: [] as Entry[], dropped: 0, problems: [] as Problem[] };
      for (const entry of entries) {
        // A problem names the entry as the source knows it, unless that is what a mask hides.
        const place = { dataset: dataset.name, ...(!secretKey && { key: entry.key }) };
        const report = (found: readonly Problem[]) =>
          result.problems.push(...found.map((problem) => ({ ...place, ...problem })));
        const read = parseManifest(entry.text);
        if (read.problems.length > 0) {
          report(read.problems);
          continue;
        }
        const { fields, problems: failures } = applying.length > 0 ? await transform(dataset, read.fields) : read;
        if (failures.length > 0) report(failures);
        else if (fields === undefined) result.dropped++;
        else {
          const key = keyOf(after, fields);
          const misfits =
            key === undefined ? [{ message: "a key field is missing" }] : validate(after, undefined, fields);
          if (misfits.length > 0) report(misfits);
          else result.entries.push(applying.length > 0 ? { key: key!, text: renderFields(fields) } : entry);
        }
      }
      return result;
    },

    async shape(dataset, fields) {
      if (rulesFor(dataset).length === 0) return fields;
      const key = keyOf(dataset, fields);
      const place = { dataset: dataset.name, ...(key && { key }) };
      const { fields: shaped, problems: failures } = await transform(dataset, fields);
      if (failures.length === 0 && shaped && keyOf(prepared(dataset).after, shaped) !== key) {
        failures.push({ message: `${origin} changes the entry's key`, hint: "keys are set where the data is woven" });
      }
      if (failures.length > 0) {
        const problems = failures.map((problem) => ({ ...place, ...problem }));
        throw new HeddleError("HDL500", `${origin} fails for an entry of ${dataset.name}`, { problems });
      }
      return shaped;
    },
  };
}

const typesOf = (dataset: Dataset) => new Map((dataset.fields ?? []).map((field) => [field.name, field]));

/** What the rules make of a field's name in another dataset. */
function renamedIn(rules: readonly Rule[], dataset: string, name: string): string {
  const effects = rules.flatMap((rule) =>
    rule.always && rule.matches(dataset) ? rule.steps.flatMap((s) => s.effects) : [],
  );
  return effects.reduce((now, effect) => (effect.kind === "rename" && effect.from === now ? effect.to : now), name);
}
