import { HeddleError, type Problem } from "../model/errors.js";
import { knownDigest, type Side } from "./side.js";

/**
 * One dataset that several weaves hold parts of, as one side, whatever their order: masked and one-way as soon as one part
 * is. HDL209 for entries that two of them hold, all listed.
 */
export function unionOf(sides: readonly Side[]): Side | undefined {
  const [first, ...others] = sides;
  if (!first || others.length === 0) return first;
  const owners = new Map<string, Side>();
  const problems: Problem[] = [];
  for (const side of sides) {
    for (const name of side.files.keys()) {
      if (owners.has(name)) problems.push({ dataset: side.dataset.name, key: name, message: "is in two weaves" });
      owners.set(name, side);
    }
  }
  const shape = ({ dataset }: Side) => JSON.stringify([dataset.key, dataset.fields, dataset.pick, dataset.omit]);
  if (others.some((side) => shape(side) !== shape(first))) {
    problems.push({ dataset: first.dataset.name, message: "has other fields or another key in another weave" });
  }
  if (problems.length > 0) throw new HeddleError("HDL209", "weaves of one environment overlap", { problems });
  const masked = [...new Set(sides.flatMap(({ dataset }) => dataset.masked ?? []))].sort();
  return {
    ...first,
    dataset: {
      ...first.dataset,
      ...(masked.length > 0 && { masked }),
      oneWay: sides.some(({ dataset }) => dataset.oneWay),
      selection: sides
        .map(({ dataset }) => dataset.selection)
        .sort()
        .join(" "),
    },
    files: new Map(sides.flatMap((side) => [...side.files])),
    shaped: sides.some(({ shaped }) => shaped),
    async learn() {
      for (const side of sides) await side.learn?.();
    },
    shapedDigest: (name, digest) => knownDigest(owners.get(name)!, name, digest),
    async *read(files) {
      for (const side of sides) {
        const own = files.filter(([name]) => owners.get(name) === side);
        if (own.length > 0) yield* side.read(own);
      }
    },
  };
}
