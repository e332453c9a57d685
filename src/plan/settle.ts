import type { Dataset } from "../model/dataset.js";
import type { Digest, Key } from "../model/entry.js";
import { HeddleError, type Problem } from "../model/errors.js";
import type { Fields } from "../model/json.js";
import type { Snapshot } from "../model/snapshot.js";
import { type Decision, decide, sameFor } from "./decide.js";
import type { Change, DatasetPlan, Rules } from "./plan.js";
import { comparedDigest, type Side, unreachable, type Wanted } from "./side.js";

/** What is compared. */
export interface Compared {
  /** What the revision wants; undefined where it does not have the dataset. */
  git: Side | undefined;
  /** What was last applied; undefined where nothing was, or where it is not comparable with git's selection. */
  base: Side | undefined;
  live: Snapshot;
  rules: Rules;
  /** Fields of a live entry's text. */
  parse(text: string): Fields;
  /** The value as the database itself would store it, for entries that people may have spelled otherwise. */
  normalize(dataset: Dataset, entries: Fields[]): Promise<Fields[]>;
}

/** One entry on its way through the comparison. */
export interface Candidate {
  name: string;
  git: Digest | undefined;
  base: File | undefined;
  live: Seen | undefined;
}

/** A live entry that was read. Its text is kept while there is room, and else read again where it is needed. */
export interface Seen {
  key: Key;
  digest: Digest;
  text: string | undefined;
}

/** A manifest by its name (without fan-out) and digest. After a rename base has another name than git. */
export type File = readonly [name: string, digest: Digest];

/** Files whose entries the overlay drops: they are neither wanted nor owned. */
export type Dropped = Record<"git" | "base", Set<string>>;

/** What git wants of these entries, by their names. */
export function readWanted({ git }: Compared, candidates: readonly Candidate[]): Promise<Map<string, Wanted>> {
  return readAll(git, candidates, ({ name, git }) => (git === undefined ? undefined : [name, git]));
}

/**
 * Reads what these entries are on the other sides, decides by the rules, and adds what comes of it to the plan.
 * @param gits what git wants of them
 */
export async function settle(
  input: Compared,
  plan: DatasetPlan,
  candidates: readonly Candidate[],
  gits: Map<string, Wanted>,
  dropped: Dropped,
): Promise<void> {
  const { rules } = input;
  const bases = await readAll(input.base, candidates, ({ base }) => base);
  // Creates too, though only their values' fitness matters: what the database would refuse, the plan refuses.
  const compared = candidates.filter(({ live }) => live !== undefined).map(({ name }) => name);
  const unsure = candidates.filter(({ name }) => !gits.get(name)?.sure).map(({ name }) => name);
  await normalizeAll(input, input.git, gits, unsure);
  await normalizeAll(input, input.base, bases, compared);
  const texts = await readTexts(input, candidates);
  const problems: Problem[] = [];
  for (const { name, git, base, live } of candidates) {
    const wanted = gits.get(name);
    const owned = bases.get(name);
    if (git !== undefined && wanted === undefined) dropped.git.add(name);
    if (base !== undefined && owned === undefined) dropped.base.add(base[0]);
    const liveFields = live === undefined ? undefined : input.parse(texts.get(live.key)!);
    // Dropped wherever it was listed.
    if (!wanted && !owned && !live) continue;
    if (wanted && rules.ignore.length + rules.local.length > 0)
      problems.push(...unreached(input.git!.dataset, name, [wanted.fields, liveFields], rules));
    const key = wanted?.key ?? live?.key ?? owned!.key;
    const decision = owned?.lost
      ? decide({ base: undefined, git: wanted?.fields, live: liveFields }, { ...rules, baseLost: true, prune: "none" })
      : decide(
          { base: owned?.fields, git: live || owned ? wanted?.fields : wanted && present, live: liveFields },
          rules,
        );
    if (plan.strays && !(owned && liveFields && sameFor(owned.fields, liveFields, rules))) plan.strays.push(key);
    const seen = liveFields && comparedDigest(liveFields, rules);
    note(plan, decision, {
      key,
      ...(live && live.key !== key && { liveKey: live.key }),
      name,
      ...(git && { git }),
      ...(base && { base: base[1] }),
      ...(base && base[0] !== name && { baseName: base[0] }),
      ...(seen && { live: seen }),
    });
  }
  if (problems.length === 0) return;
  throw new HeddleError("HDL204", "ignore and local name members that cannot be told apart", {
    problems,
    hint: "name the whole value there",
  });
}

/** An entry of which nothing counts but that it is there. */
const present: Fields = new Map();

/** Members to leave alone in a value that is written as a whole: refused, since writing it would not leave them alone. */
function unreached(
  dataset: Dataset,
  name: string,
  sides: readonly (Fields | undefined)[],
  { ignore, local }: Rules,
): Problem[] {
  const pointers = sides.flatMap((fields) => (fields ? unreachable(fields, [...ignore, ...local]) : []));
  return [...new Set(pointers)].map((path) => ({
    dataset: dataset.name,
    key: name.replace(/\.json$/, ""),
    path,
    message: "leads into a value that is no plain document",
  }));
}

type Identified = Omit<Change, "kind" | "label" | "fields">;

function note(plan: DatasetPlan, decision: Decision, entry: Identified): void {
  const { key, name, baseName } = entry;
  const kept = { key, name, ...(baseName !== undefined && { baseName }) };
  switch (decision.do) {
    case "nothing":
      return;
    case "adopt":
      plan.adopted++;
      return;
    case "keep":
      plan.kept.push({ ...kept, why: decision.why });
      return;
    default: {
      const { kind, label, fields, keeps } = decision;
      if (keeps) plan.kept.push({ ...kept, why: "conflict" });
      (decision.do === "block" ? plan.blocked : plan.changes).push({ kind, label, ...entry, fields });
    }
  }
}

/** Texts of live entries by key: kept ones, and the others read again from the same snapshot. */
async function readTexts({ live, git, base }: Compared, candidates: readonly Candidate[]): Promise<Map<Key, string>> {
  const texts = new Map<Key, string>();
  const forgotten: Key[] = [];
  for (const { live } of candidates) {
    if (live?.text !== undefined) texts.set(live.key, live.text);
    else if (live) forgotten.push(live.key);
  }
  if (forgotten.length === 0) return texts;
  for await (const found of live.lookup((git ?? base)!.dataset, forgotten)) {
    for (const { requested, entry } of found) texts.set(requested, entry.text);
  }
  return texts;
}

/** By the candidate's name. */
async function readAll(
  side: Side | undefined,
  candidates: readonly Candidate[],
  file: (candidate: Candidate) => File | undefined,
): Promise<Map<string, Wanted>> {
  const names = new Map<string, string>();
  const files = candidates.flatMap((candidate) => {
    const found = file(candidate);
    if (found) names.set(found[0], candidate.name);
    return found ? [found] : [];
  });
  const read = new Map<string, Wanted>();
  if (side === undefined || files.length === 0) return read;
  for await (const batch of side.read(files)) for (const wanted of batch) read.set(names.get(wanted.name)!, wanted);
  return read;
}

async function normalizeAll(
  { normalize }: Compared,
  side: Side | undefined,
  read: Map<string, Wanted>,
  names: readonly string[],
): Promise<void> {
  const entries = names.flatMap((name) => read.get(name) ?? []);
  if (!side || entries.length === 0) return;
  const normal = await normalize(
    side.dataset,
    entries.map(({ fields }) => fields),
  );
  entries.forEach((entry, i) => {
    entry.fields = normal[i]!;
  });
}
