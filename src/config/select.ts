import { datasetGlob, readings } from "../model/dataset-name.js";
import { HeddleError, type Problem } from "../model/errors.js";
import { nearest } from "../model/nearest.js";
import type { Select, WeaveConfig } from "./config.js";

/** A table or collection that a weave selects, and the entry that selects it. */
export interface Selected {
  name: string;
  select: Select;
}

/**
 * Which of these datasets (canonical names) a weave selects, in the order of the names. An entry that names a dataset
 * goes before every glob, wherever it stands, so that `omit` beside a name holds although a `*` matches too. Two globs
 * that match one dataset are an error, since either could be meant: HDL102. A name that is not there is HDL104.
 */
export function selectDatasets(weave: Pick<WeaveConfig, "select" | "at">, names: readonly string[]): Selected[] {
  const entries = weave.select.map((select, index) => ({ select, index, matches: selector(select) }));
  const ambiguous: Problem[] = [];
  const selected: Selected[] = [];
  for (const name of names) {
    const matching = entries.filter(({ matches }) => matches(name));
    const best = matching.find(({ select }) => !isGlob(select.dataset)) ?? matching[0];
    if (!best) continue;
    selected.push({ name, select: best.select });
    const other = isGlob(best.select.dataset) && matching[1];
    if (!other) continue;
    ambiguous.push({
      ...weave.at(`/spec/select/${other.index}/dataset`),
      message: `${name} is matched by ${JSON.stringify(best.select.dataset)} and by ${JSON.stringify(other.select.dataset)}`,
      hint: "leave it out of one of them with except, or give it an entry of its own",
    });
  }
  if (ambiguous.length > 0) throw new HeddleError("HDL102", "a dataset is selected twice", { problems: ambiguous });

  const missing = entries.filter(({ select, matches }) => !isGlob(select.dataset) && !names.some(matches));
  if (missing.length === 0) return selected;
  const problems = missing.map(({ select: { dataset }, index }) => {
    const close = nearest(dataset, names);
    return {
      ...weave.at(`/spec/select/${index}/dataset`),
      message: `the database has no ${JSON.stringify(dataset)}`,
      ...(close !== undefined && { hint: `did you mean ${JSON.stringify(close)}?` }),
    };
  });
  throw new HeddleError("HDL104", "a dataset does not exist", { problems });
}

function selector({ dataset, except }: Select): (name: string) => boolean {
  const included = datasetGlob(dataset);
  const excluded = except.map(datasetGlob);
  // Tables and schemas called heddle… may be Heddle's own: only a name can mean one of a user's.
  const reserved = (name: string) => isGlob(dataset) && /^"?heddle/.test(name);
  return (name) => included(name) && !reserved(name) && !excluded.some((matches) => matches(name));
}

export function isGlob(pattern: string): boolean {
  return /[*?]/.test(pattern);
}

/** Whether some name matches both globs. */
export function globsMeet(a: string, b: string): boolean {
  return readings(a).some((one) => readings(b).some((other) => textsMeet([...one], [...other])));
}

function textsMeet(first: string[], second: string[]): boolean {
  // row[j]: the first i characters of one pattern and the first j of the other can match one text.
  let row: boolean[] = [];
  for (let i = 0; i <= first.length; i++) {
    const next: boolean[] = [];
    for (let j = 0; j <= second.length; j++) {
      const [x, y] = [first[i - 1], second[j - 1]];
      next[j] =
        (i === 0 && j === 0) ||
        (x === "*" && (row[j] === true || (j > 0 && next[j - 1] === true))) ||
        (y === "*" && (next[j - 1] === true || (i > 0 && row[j] === true))) ||
        (i > 0 && j > 0 && (x === "?" || y === "?" || x === y) && row[j - 1] === true);
    }
    row = next;
  }
  return row[second.length]!;
}
