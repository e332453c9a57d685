import type { Dataset } from "../model/dataset.js";
import { DigestMap } from "../model/digest-map.js";
import { type Digest, digestOf, type Entry, type Key } from "../model/entry.js";
import { HeddleError, type Problem } from "../model/errors.js";
import type { Fields } from "../model/json.js";
import type { Snapshot } from "../model/snapshot.js";
import { type Decision, decide } from "./decide.js";
import type { Change, DatasetPlan, Rules } from "./plan.js";
import type { Side } from "./side.js";
import { comparedDigest, unreachable, type Wanted } from "./side.js";

export interface DiffInput {
  weave: string;
  /** What the revision wants; undefined where it does not have the dataset. */
  git: Side | undefined;
  /** What was last applied; undefined where nothing was, or where it is not comparable with git's selection. */
  base: Side | undefined;
  live: Snapshot;
  /** Reads the whole table instead of looking keys up: cheaper where most of it is wanted. `prune: mirror` always does. */
  scan: boolean;
  rules: Rules;
  /** Both sides list only what differs between them. */
  partial?: boolean;
  /** Fields of a live entry's text. */
  parse(text: string): Fields;
  /** The value as the database itself would store it, for entries that people may have spelled otherwise. */
  normalize(dataset: Dataset, entries: Fields[]): Promise<Fields[]>;
}

/** One entry on its way through the comparison. */
interface Candidate {
  name: string;
  git: Digest | undefined;
  base: File | undefined;
  live: Seen | undefined;
}

/** A live entry that was read. Its text is kept while there is room, and else read again where it is needed. */
interface Seen {
  key: Key;
  digest: Digest;
  text: string | undefined;
}

/** A manifest by its name (without fan-out) and digest. After a rename base has another name than git. */
type File = readonly [name: string, digest: Digest];

const batchSize = 500;
/** Characters of live entries that are kept at one time. */
const keptText = 16 * 1024 * 1024;

/** What lists of changes do not tell: whether a manifest that is not listed stands for a row that is spelled otherwise. */
export class NeedsAllEntries extends Error {}

/**
 * Compares one dataset three ways. Equal digests are settled without reading a value; only entries that differ are read,
 * in batches. Keys are matched as text first, what is left over by the database's own equality.
 */
export async function diffDataset(input: DiffInput): Promise<DatasetPlan> {
  const { git, base, live, rules } = input;
  const side = (git ?? base)!;
  const scan = input.scan || rules.prune === "mirror";
  const plan: DatasetPlan = {
    weave: input.weave,
    dataset: side.dataset,
    changes: [],
    blocked: [],
    kept: [],
    owned: base?.files.size ?? 0,
    wanted: git?.files.size ?? 0,
    adopted: 0,
    released: 0,
  };
  const wanted = new DigestMap(git?.files);
  const owned = unmatched(base);
  /** Files whose entries the overlay drops: they are neither wanted nor owned. */
  const dropped: Dropped = { git: new Set(), base: new Set() };
  const settle = batcher<Candidate>(async (candidates) => settleBatch(input, plan, candidates, dropped));
  /** Live rows that git does not have under this name: deletes, unless a leftover turns out to be the same row. */
  const orphans = new Map<string, Candidate>();
  /** Wanted rows that base does not have under this name: they wait, since a leftover of base may be the same row. */
  const unowned = new Map<string, Candidate>();
  /** Wanted rows that live spells otherwise: live's name → git's. */
  const respelled = new Map<string, string>();

  // The session reads one thing at a time, so nothing is settled before all live rows were met.
  const differing: Candidate[] = [];
  const add = (candidate: Candidate) => {
    if (isSettled(candidate, input)) plan.adopted += candidate.base === undefined ? 1 : 0;
    else differing.push(candidate);
  };
  let room = keptText;
  const see = ({ key, text }: Entry): Seen => {
    room -= text.length;
    return { key, digest: digestOf(text), text: room > 0 ? text : undefined };
  };

  const meet = (name: string, entry: Entry) => {
    const [git, before] = [wanted.take(name), owned.take(name)];
    if (git === undefined && before === undefined && rules.prune !== "mirror") return;
    const candidate: Candidate = { name, git, base: before, live: see(entry) };
    if (candidate.git === undefined) {
      if (candidate.base !== undefined || rules.prune === "mirror") orphans.set(name, candidate);
    } else if (candidate.base === undefined && base !== undefined && base.files.size > 0) unowned.set(name, candidate);
    else add(candidate);
  };

  let isEmpty = scan;
  if (scan) {
    for await (const entries of live.entries(side.dataset)) {
      if (entries.length > 0) isEmpty = false;
      for (const entry of entries) meet(side.nameOf(entry.key), entry);
    }
  }
  // What no live key spelled the same way: look it up by the database's own equality.
  const missing: Candidate[] = [];
  const seek = async (from: Side, files: File[]) => {
    const unread = from === git ? dropped.git : dropped.base;
    for (const [name] of files) unread.add(name);
    for await (const batch of from.read(files)) {
      for (const { name } of batch) unread.delete(name);
      const names = new Map(batch.map(({ key, name }) => [key, name] as const));
      for await (const found of live.lookup(side.dataset, [...names.keys()])) {
        for (const { requested, entry } of found) {
          const name = names.get(requested)!;
          names.delete(requested);
          const spelled = side.nameOf(entry.key);
          if (input.partial && spelled !== name && !git?.files.has(spelled) && !base?.files.has(spelled)) {
            throw new NeedsAllEntries();
          }
          const taken = git?.files.has(spelled) ? spelled : respelled.get(spelled);
          if (taken !== undefined && taken !== name) {
            if (from === git) throw twoFiles(side.dataset.name, name, taken);
            const same = unowned.get(taken);
            if (same) same.base = owned.get(name);
            owned.delete(name);
            continue;
          }
          if (from === git && spelled !== name) respelled.set(spelled, name);
          const before = orphans.get(spelled)?.base ?? owned.get(spelled);
          orphans.delete(spelled);
          owned.delete(spelled);
          if (before !== undefined) owned.set(name, before);
          meet(name, entry);
        }
      }
      for (const name of names.values()) {
        if (from === git) missing.push({ name, git: wanted.get(name), base: owned.get(name), live: undefined });
        owned.delete(name);
        wanted.delete(name);
      }
    }
  };
  if (isEmpty) {
    for (const [name, git] of wanted) missing.push({ name, git, base: owned.get(name), live: undefined });
    for (const name of wanted.keys()) owned.delete(name);
  } else if (git) await seek(git, [...wanted]);
  if (base && (!isEmpty || base.shaped)) await seek(base, [...owned.values()]);
  for (const candidate of unowned.values()) add(candidate);
  for (const candidate of [...differing, ...orphans.values(), ...missing]) await settle.add(candidate);
  await settle.finish();
  plan.wanted -= dropped.git.size;
  plan.owned -= dropped.base.size;
  if (rules.prune === "none") dropDeletes(plan);
  sortByName(plan);
  return plan;
}

/** Base's files by the name that git, or live, has for them: usually their own. */
function unmatched(base: Side | undefined) {
  const files = new DigestMap(base?.files);
  const renamed = new Map<string, File>();
  return {
    get(name: string): File | undefined {
      const digest = files.get(name);
      return digest === undefined ? renamed.get(name) : [name, digest];
    },
    set(name: string, file: File): void {
      files.delete(name);
      renamed.set(name, file);
    },
    delete(name: string): void {
      files.delete(name);
      renamed.delete(name);
    },
    take(name: string): File | undefined {
      const digest = files.take(name);
      if (digest !== undefined) return [name, digest];
      const file = renamed.get(name);
      renamed.delete(name);
      return file;
    },
    values: (): File[] => [...files, ...renamed.values()],
  };
}

/** Equal digests where nothing shapes entries need no reading: live is what git wants. */
function isSettled({ git, live }: Candidate, input: DiffInput): boolean {
  return git !== undefined && live !== undefined && !input.git!.shaped && live.digest === git;
}

type Dropped = Record<"git" | "base", Set<string>>;

async function settleBatch(
  input: DiffInput,
  plan: DatasetPlan,
  candidates: Candidate[],
  dropped: Dropped,
): Promise<void> {
  const { rules } = input;
  const gits = await readAll(input.git, candidates, ({ name, git }) => (git === undefined ? undefined : [name, git]));
  const bases = await readAll(input.base, candidates, ({ base }) => base);
  // Creates too, though only their values' fitness matters: what the database would refuse, the plan refuses.
  const compared = candidates.filter(({ live }) => live !== undefined).map(({ name }) => name);
  await normalizeAll(input, input.git, gits, [...gits.keys()]);
  await normalizeAll(input, input.base, bases, compared);
  const texts = await readTexts(input, candidates);
  const problems: Problem[] = [];
  for (const { name, git, base, live } of candidates) {
    const wanted = gits.get(name);
    const owned = bases.get(name);
    if (git !== undefined && wanted === undefined) dropped.git.add(name);
    if (base !== undefined && owned === undefined) dropped.base.add(base[0]);
    const liveFields = live === undefined ? undefined : input.parse(texts.get(live.key)!);
    if (wanted !== undefined) problems.push(...unreached(input.git!.dataset, name, [wanted.fields, liveFields], rules));
    const key = wanted?.key ?? live?.key ?? owned!.key;
    const decision = owned?.lost
      ? decide({ base: undefined, git: wanted?.fields, live: liveFields }, { ...rules, baseLost: true, prune: "none" })
      : decide({ base: owned?.fields, git: wanted?.fields, live: liveFields }, rules);
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
async function readTexts({ live, git, base }: DiffInput, candidates: readonly Candidate[]): Promise<Map<Key, string>> {
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
  { normalize }: DiffInput,
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

function twoFiles(dataset: string, name: string, other: string): HeddleError {
  return new HeddleError("HDL209", `${dataset}: ${other} and ${name} are one entry to the database`, {
    hint: "remove one of the two files",
  });
}

function dropDeletes(plan: DatasetPlan): void {
  for (const list of ["changes", "blocked"] as const) {
    for (const { key, name, kind } of plan[list]) if (kind === "delete") plan.kept.push({ key, name, why: "released" });
    plan[list] = plan[list].filter(({ kind }) => kind !== "delete");
  }
}

function sortByName(plan: DatasetPlan): void {
  for (const list of [plan.changes, plan.blocked, plan.kept]) {
    (list as { name: string }[]).sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  }
}

function batcher<T>(flush: (items: T[]) => Promise<void>): { add(item: T): Promise<void>; finish(): Promise<void> } {
  let items: T[] = [];
  const finish = async () => {
    const batch = items;
    items = [];
    if (batch.length > 0) await flush(batch);
  };
  return {
    async add(item) {
      items.push(item);
      if (items.length >= batchSize) await finish();
    },
    finish,
  };
}
