import { codecFor } from "../database/open.js";
import { weaveGlob } from "../model/dataset-name.js";
import type { Digest } from "../model/entry.js";
import { HeddleError, type Problem } from "../model/errors.js";
import { nearest } from "../model/nearest.js";
import { countChanges, type DatasetPlan } from "../plan/plan.js";
import type { RenderContext } from "../plan/show.js";
import type { GrownTarget } from "../repository/branch.js";
import { commit } from "../repository/commit.js";
import { firstParents } from "../repository/first-parents.js";
import { splitPacked } from "../repository/layout.js";
import type { Repository } from "../repository/repository.js";
import type { Commit } from "../repository/revision.js";
import { atCommit } from "../repository/source.js";
import { listWeaves, readWeave, type WeaveFiles, weaveDirectory } from "../repository/weave.js";
import { uncommitted } from "../repository/work-tree.js";
import { openWriter } from "../repository/writer.js";
import { compileCondition } from "../transform/condition.js";
import { type Restoration, restoration, sideAt } from "./restoration.js";
import { unfitFiles } from "./side.js";

/** Which entries, and who is told and asked. */
export interface RestoreChoices {
  /** `[WEAVE:]DATASET`, globs too; all where there are none. */
  datasets?: readonly string[];
  /** JSONata: entries for which it is true, as they are now or as they were. */
  where?: string;
  /** Shows what will be done before anything is written. */
  present?: (shown: ShownRollback) => Promise<void>;
  /** Answers "go on?"; without it nobody is asked. */
  confirm?: () => Promise<"yes" | "no" | "nobody to ask">;
}

export interface ShownRollback {
  branch: string;
  /** The commit whose entries come back. */
  to: Digest;
  datasets: { plan: DatasetPlan; context: RenderContext }[];
  /** Commits whose edits are taken back, newest first, with the number of entries that each had changed. */
  takesBack: (Commit & { entries: number })[];
  /** With `commit`: entries that later commits changed again. */
  changedLater: { dataset: string; name: string }[];
  notes: string[];
}

export interface RollbackResult {
  branch: string;
  to: Digest;
  /** The new commit; absent where there was nothing to restore. */
  commit?: Digest;
  counts: { created: number; updated: number; deleted: number };
}

/** What to restore: entries of one revision. */
export interface Goal {
  /** Commit id. */
  to: Digest;
  /** For messages: what the commit does. */
  subject: string;
  /** Which files, by `fileOf`, with what they were before any later edit; all files where it is absent. */
  only?: ReadonlyMap<string, Digest | undefined>;
  /** The very entry was named by a person: no later edit of it comes as a surprise. */
  named?: boolean;
  /** What a person should know. */
  notes?: readonly string[];
}

/** A data file whatever its fan-out: `data/<weave>/<dataset>/<name>.json`. */
export function fileOf(path: string): string {
  const [data, weave, dataset, ...rest] = path.split("/");
  return [data, weave, dataset, rest.at(-1)].join("/");
}

interface Part extends Restoration {
  /** Of the dataset, in the project. */
  directory: string;
}

/**
 * Makes one commit that gives entries back what they were, as `rollback` says; none where there is nothing to restore.
 * HDL303, HDL400, HDL600, HDL620: nothing is committed then.
 */
export async function restoreEntries(
  repository: Repository,
  target: GrownTarget,
  goal: Goal,
  options: RestoreChoices,
): Promise<RollbackResult> {
  const { tip, name: branch } = target;
  const writer = openWriter(repository);
  try {
    const { parts, notes } = await readParts(repository, tip, goal, options, writer);
    const counts = countChanges({ datasets: parts.map(({ plan }) => plan) });
    const result = { branch, to: goal.to, counts };
    const files = new Map(
      parts.flatMap(({ plan, directory }) => plan.changes.map((change) => [`${directory}/${change.name}`, change])),
    );
    if (target.here) await refuseUncommitted(repository, parts);
    const shown: ShownRollback = {
      branch,
      to: goal.to,
      datasets: parts,
      takesBack: await commitsTakenBack(repository, `${goal.to}..${tip}`, files),
      changedLater: goal.named ? [] : changedLater(parts, goal),
      notes: [...(goal.notes ?? []), ...notes],
    };
    await options.present?.(shown);
    if (files.size === 0) return result;
    await requireAnswer(shown, options.confirm);
    const changes = [];
    for (const { directory, changes: inside } of parts) {
      if (inside.length === 0) continue;
      const tree = await writer.change(await atCommit(repository, tip).tree(directory), inside);
      changes.push({ path: directory, tree });
    }
    const made = await commit(repository, { target, writer, changes, message: describe(goal.subject, shown, counts) });
    return made.committed ? { ...result, commit: made.tip! } : result;
  } catch (error) {
    writer.abort();
    throw error;
  }
}

/** HDL400 lists every strange file, and every entry that cannot be restored. */
async function readParts(
  repository: Repository,
  tip: Digest,
  goal: Goal,
  options: RestoreChoices,
  writer: ReturnType<typeof openWriter>,
): Promise<{ parts: Part[]; notes: string[] }> {
  const [now, then] = [atCommit(repository, tip), atCommit(repository, goal.to)];
  const where = options.where === undefined ? undefined : await compileCondition(options.where);
  const meant = goal.only && new Set([...goal.only.keys()].map((file) => file.slice(0, file.lastIndexOf("/"))));
  const weaves = (await listWeaves(repository, [tip, goal.to])).filter(
    (weave) => !meant || [...meant].some((directory) => directory.startsWith(`${weaveDirectory(weave)}/`)),
  );
  const all: { weave: string; today: WeaveFiles; before: WeaveFiles }[] = [];
  for (const weave of weaves) {
    all.push({ weave, today: await readWeave(now, weave), before: await readWeave(then, weave) });
  }
  const strange = all.flatMap(({ today, before }) => [...today.problems, ...before.problems.map(olden)]);
  if (strange.length > 0) throw unfitFiles(strange);
  const chosen = chooser(options.datasets ?? [], all);
  const parts: Part[] = [];
  const notes: string[] = [];
  const problems: Problem[] = [];
  for (const { weave, today, before } of all) {
    if (!goal.only) notes.push(...unmatched(weave, today, before, chosen));
    for (const [name, data] of today.datasets) {
      const old = before.datasets.get(name);
      const directory = `${weaveDirectory(weave)}/${data.directory}`;
      if (!old || !chosen(weave, name) || meant?.has(directory) === false) continue;
      const restored = await restoration({
        weave,
        now: sideAt(now, data),
        before: sideAt(then, old),
        codec: await codecFor(data.dataset.engine),
        chosen: (file) => goal.only?.has(`${directory}/${file}`) ?? true,
        named: goal.named ?? false,
        ...(where && { where }),
        writer,
      });
      parts.push({ ...restored, directory });
      notes.push(...restored.notes);
      problems.push(...restored.problems);
    }
  }
  if (goal.named && parts.length === 0) {
    throw new HeddleError("HDL104", "the entry's dataset is not woven any more: there is no place to restore it to");
  }
  if (problems.length === 0) return { parts, notes };
  throw new HeddleError("HDL400", "entries cannot be restored as they were; nothing was committed", { problems });
}

const olden = (problem: Problem): Problem => ({ ...problem, message: `${problem.message} (at the older revision)` });

/** Which datasets are meant. HDL104 for a name that none has. */
type Chosen = (weave: string, dataset: string) => boolean;

function chooser(patterns: readonly string[], weaves: readonly { weave: string; today: WeaveFiles }[]): Chosen {
  if (patterns.length === 0) return () => true;
  const known = weaves.flatMap(({ weave, today }) => [...today.datasets.keys()].map((name) => [weave, name] as const));
  const globs = patterns.map((pattern) => {
    const matches = weaveGlob(pattern);
    if (known.some(([weave, name]) => matches(weave, name))) return matches;
    const close = nearest(
      pattern,
      known.map(([, name]) => name),
    );
    throw new HeddleError("HDL104", `no weave has a dataset ${JSON.stringify(pattern)}`, {
      ...(close !== undefined && { hint: `did you mean ${close}?` }),
    });
  });
  return (weave, name) => globs.some((matches) => matches(weave, name));
}

/** Datasets that only one of the revisions has came or went by the configuration: that is no edit of entries. */
function unmatched(weave: string, today: WeaveFiles, before: WeaveFiles, chosen: Chosen): string[] {
  const only = (these: WeaveFiles, those: WeaveFiles) =>
    [...these.datasets.keys()].filter((name) => chosen(weave, name) && !those.datasets.has(name));
  return [
    ...only(today, before).map((name) => `${weave}/${name} was not woven yet: left as now`),
    ...only(before, today).map((name) => `${weave}/${name} is not woven any more: not restored`),
  ];
}

async function refuseUncommitted(repository: Repository, parts: readonly Part[]): Promise<void> {
  const changed = parts.filter(({ changes }) => changes.length > 0);
  if (changed.length === 0) return;
  const directories = changed.map(({ directory }) => directory);
  const edited = new Set(await uncommitted(repository, directories));
  const files = changed.flatMap(({ directory, changes }) => changes.map(({ path }) => `${directory}/${path}`));
  const inTheWay = files.filter((file) => edited.has(splitPacked(file)?.shard ?? file));
  if (inTheWay.length === 0) return;
  throw new HeddleError("HDL303", "uncommitted edits lie where a version would be restored", {
    problems: inTheWay.map((file) => ({ file, message: "is not committed" })),
    hint: "commit them, or take them back with `git restore`",
  });
}

async function commitsTakenBack(
  repository: Repository,
  range: string,
  files: ReadonlyMap<string, unknown>,
): Promise<ShownRollback["takesBack"]> {
  const found: ShownRollback["takesBack"] = [];
  if (files.size === 0) return found;
  for await (const step of firstParents(repository, range, "data", "newest first")) {
    const entries = new Set(step.files.map(({ path }) => fileOf(path)).filter((file) => files.has(file))).size;
    if (entries > 0) found.push({ ...step.commit, entries });
  }
  return found;
}

/** Entries that are not what the commit to take back made of them. */
function changedLater(parts: readonly Part[], { only }: Goal): ShownRollback["changedLater"] {
  return parts.flatMap(({ plan, directory, digests }) =>
    plan.changes
      .filter(({ name }) => only && digests.get(name) !== only.get(`${directory}/${name}`))
      .map(({ name }) => ({ dataset: plan.dataset.name, name: name.replace(/\.json$/, "") })),
  );
}

async function requireAnswer({ changedLater }: ShownRollback, confirm: RestoreChoices["confirm"]): Promise<void> {
  const answer = (await confirm?.()) ?? "yes";
  if (answer === "yes") return;
  const hint = "--yes goes on without asking";
  if (answer === "no") throw new HeddleError("HDL600", "not rolled back; nothing was committed", { hint });
  if (changedLater.length === 0)
    throw new HeddleError("HDL600", "nobody is there to answer; nothing was committed", { hint });
  throw new HeddleError("HDL620", "later commits changed the same entries; nothing was committed", {
    problems: changedLater.map(({ dataset, name: key }) => ({ dataset, key, message: "was changed again later" })),
    hint: "--yes takes these edits back too",
  });
}

/** Commits that a message names. */
const mostNamed = 50;

function describe(subject: string, { datasets, takesBack }: ShownRollback, counts: RollbackResult["counts"]): string {
  const said = (["created", "updated", "deleted"] as const).filter((kind) => counts[kind] > 0);
  const lines = datasets.flatMap(({ plan: { weave, dataset, changes } }) =>
    changes.length > 0
      ? [`${weave}/${dataset.name}: ${changes.length === 1 ? "1 entry" : `${changes.length} entries`}`]
      : [],
  );
  const named = takesBack.slice(0, mostNamed).map(({ id, subject }) => `${id.slice(0, 10)} ${subject}`);
  const more = takesBack.length > mostNamed ? [`… and ${takesBack.length - mostNamed} more`] : [];
  return [
    `${subject}: ${said.map((kind) => `${counts[kind]} ${kind}`).join(", ")}`,
    "",
    ...lines,
    ...(named.length > 0 ? ["", "Takes back", ...named, ...more] : []),
  ].join("\n");
}
