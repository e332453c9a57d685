import { ahead } from "../model/ahead.js";
import { DigestMap } from "../model/digest-map.js";
import { type Digest, digestOfEntry, type Entry } from "../model/entry.js";
import { HeddleError } from "../model/errors.js";
import type { DatasetPlan } from "./plan.js";
import { type Candidate, type Compared, type Dropped, type File, readWanted, type Seen, settle } from "./settle.js";
import { knownDigest, type Side } from "./side.js";

export interface DiffInput extends Compared {
  weave: string;
  /** Reads the whole table instead of looking keys up: cheaper where most of it is wanted. `prune: mirror` always does. */
  scan: boolean;
  /** Both sides list only what differs between them, or that and what may have drifted. */
  partial?: DatasetPlan["compared"];
}

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
    ...(input.partial === "changed" && { strays: [] }),
  };
  const wanted = new DigestMap(git?.files);
  const owned = unmatched(base);
  // Most often: git has not changed since. Then what is wanted is owned, and not looked for twice.
  let twins = base?.files instanceof DigestMap && wanted.isCopyOf(base.files);
  const dropped: Dropped = { git: new Set(), base: new Set() };
  /** Live rows that git does not have under this name: deletes, unless a leftover turns out to be the same row. */
  const orphans = new Map<string, Candidate>();
  /** Wanted rows that base does not have under this name: they wait, since a leftover of base may be the same row. */
  const unowned = new Map<string, Candidate>();
  /** Wanted rows that live spells otherwise: live's name → git's. */
  const respelled = new Map<string, string>();

  // The session reads one thing at a time, so nothing is settled before all live rows were met.
  const differing: Candidate[] = [];
  const add = (candidate: Candidate) => {
    if (!isSettled(candidate, input)) return void differing.push(candidate);
    const { base: before, live } = candidate;
    if (before === undefined) plan.adopted++;
    if (!before || knownDigest(base!, ...before) !== live!.digest) plan.strays?.push(live!.key);
  };
  let room = keptText;
  const see = (entry: Entry): Seen => {
    const { text } = entry;
    room -= text.length;
    return { key: entry.key, digest: digestOfEntry(entry), text: room > 0 ? text : undefined };
  };

  /** Takes the manifest that is known to stand for just this entry. */
  const takeSame = (name: string, digest: Digest): Digest | undefined => {
    const manifest = git?.shaped ? wanted.get(name) : digest;
    if (!git || manifest === undefined || knownDigest(git, name, manifest) !== digest) return undefined;
    return wanted.takeIf(name, manifest) ? manifest : undefined;
  };

  const meet = (name: string, entry: Entry) => {
    const digest = digestOfEntry(entry);
    const asWanted = takeSame(name, digest);
    if (asWanted !== undefined && !plan.strays && (twins || owned.delete(name))) return;
    const [mine, before] = [asWanted ?? wanted.take(name), owned.take(name)];
    if (mine === undefined && before === undefined && rules.prune !== "mirror") return;
    const live = asWanted ? { key: entry.key, digest, text: undefined } : see(entry);
    const candidate: Candidate = { name, git: mine, base: before, live };
    if (candidate.git === undefined) {
      if (candidate.base !== undefined || rules.prune === "mirror") orphans.set(name, candidate);
    } else if (candidate.base === undefined && base !== undefined && base.files.size > 0) unowned.set(name, candidate);
    else add(candidate);
  };

  // Of a part of the entries a part of the rows may be read.
  let isEmpty = scan && !input.partial;
  if (scan) {
    for await (const entries of live.entries(side.dataset, undefined, true)) {
      if (entries.length > 0) isEmpty = false;
      for (const entry of entries) meet(side.nameOf(entry.key), entry);
    }
  }
  if (twins) owned.keep(wanted);
  twins = false;
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
  const candidates = [...differing, ...orphans.values(), ...missing];
  for await (const { some, wanted } of ahead(withWanted(input, candidates)))
    await settle(input, plan, some, wanted, dropped);
  plan.wanted -= dropped.git.size;
  plan.owned -= dropped.base.size;
  if (rules.prune === "none") dropDeletes(plan);
  sortByName(plan);
  return plan;
}

async function* withWanted(input: DiffInput, candidates: readonly Candidate[]) {
  for (let start = 0; start < candidates.length; start += batchSize) {
    const some = candidates.slice(start, start + batchSize);
    yield { some, wanted: await readWanted(input, some) };
  }
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
    delete: (name: string): boolean => files.delete(name) || renamed.delete(name),
    /** Leaves none but these names. */
    keep(names: DigestMap): void {
      if (names.size === 0) files.clear();
      for (const name of files.keys()) if (!names.has(name)) files.delete(name);
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

/** Equal digests need no reading: live is what git wants. */
function isSettled({ name, git, live }: Candidate, input: DiffInput): boolean {
  return git !== undefined && live !== undefined && live.digest === knownDigest(input.git!, name, git);
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
    (list as { name: string }[]).sort((a, b) => (a.name < b.name ? -1 : a.name === b.name ? 0 : 1));
  }
}
