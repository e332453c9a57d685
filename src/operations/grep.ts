import { codecFor } from "../database/open.js";
import type { Digest } from "../model/entry.js";
import type { Problem } from "../model/errors.js";
import type { DataTree } from "../repository/data-tree.js";
import { manifests } from "../repository/manifests.js";
import { openObjects } from "../repository/object-reader.js";
import { atTrees } from "../repository/recorded.js";
import type { Repository } from "../repository/repository.js";
import { readWeave, weaveDirectory } from "../repository/weave.js";
import { findDataset, nameOf } from "./entry-address.js";
import { grepHistory } from "./grep-history.js";
import { type Judge, openJudge } from "./judge.js";
import { type MomentOptions, resolveMoment } from "./moment.js";
import { openProject } from "./project.js";

export interface GrepOptions extends MomentOptions {
  /** Where to look for the project from. */
  directory: string;
  /** JSONata over the plain view of entries, as transforms see it; true or false. */
  expression: string;
  /** `[WEAVE:]DATASET`; all datasets where it is not given. */
  of?: string;
  /** Looks through the history up to that state, along first parents. */
  history?: boolean;
  /** Of each entry only the first match of its history. */
  first?: boolean;
}

/** An entry for which the expression is true. */
export interface GrepMatch {
  weave: string;
  dataset: string;
  /** The file's plain name. */
  name: string;
  /** With `history`: the commit at which it came to match. */
  since?: GrepPoint;
  /** The commit at which it ceased to; absent where it still matches. */
  until?: GrepPoint;
}

export interface GrepPoint {
  commit: Digest;
  /** Committer time: ISO 8601, UTC. */
  time: string;
  author: string;
  subject: string;
}

export interface GrepResult {
  matches: GrepMatch[];
  /** What a user should know: files that cannot be read, entries that cannot be judged. */
  notes: string[];
}

/** The datasets to look through: a weave's, or one of its directories. */
export interface Scope {
  weave: string;
  directory?: string;
}

/** The entries that match an expression in one state, or over its history. HDL102, HDL104, HDL301, HDL311, HDL312, HDL500. */
export async function grep(options: GrepOptions): Promise<GrepResult> {
  const judge = await openJudge(options.expression);
  const project = await openProject(options.directory);
  const { repository } = project;
  await using objects = openObjects(repository);
  const { data, commit, notes } = await resolveMoment(project, objects, options);
  const problems: Problem[] = [];
  const search = { repository, judge, problems };
  const matches: GrepMatch[] = [];
  for (const scope of await scopesOf(data, options.of)) {
    const found = options.history
      ? grepHistory({ ...search, objects, tip: commit, scope, first: options.first ?? false })
      : grepState({ ...search, data, scope });
    for await (const match of found) matches.push(match);
  }
  return { matches, notes: [...notes, ...judge.notes(), ...unreadable(problems)] };
}

async function scopesOf(data: DataTree, of: string | undefined): Promise<Scope[]> {
  if (of === undefined) return [...data.weaves.keys()].map((weave) => ({ weave }));
  const { weave, directory } = await findDataset(data, of);
  return [{ weave, directory }];
}

interface Search {
  repository: Repository;
  judge: Judge;
  problems: Problem[];
  scope: Scope;
}

async function* grepState({
  repository,
  judge,
  problems,
  data,
  scope,
}: Search & { data: DataTree }): AsyncGenerator<GrepMatch> {
  const trees = [...data.weaves].map(([weave, tree]) => [weaveDirectory(weave), tree] as const);
  const source = atTrees(repository, new Map(trees));
  const { weave } = scope;
  const files = await readWeave(source, weave);
  problems.push(...files.problems);
  for (const { dataset, directory, files: paths } of files.datasets.values()) {
    if (scope.directory !== undefined && scope.directory !== directory) continue;
    const codec = await codecFor(dataset.engine);
    const selection = { codec, dataset, directory: `${weaveDirectory(weave)}/${directory}`, files: paths };
    for await (const batch of manifests(source, selection, problems)) {
      for (const { path, fields } of batch) {
        const name = nameOf(path);
        if (await judge.matches({ dataset, codec }, name, fields)) yield { weave, dataset: dataset.name, name };
      }
    }
  }
}

function unreadable(problems: readonly Problem[]): string[] {
  const [first] = problems;
  if (!first) return [];
  const count = problems.length === 1 ? "a file was" : `${problems.length} files were`;
  return [`${count} not read, such as ${first.file}: ${first.message}`];
}
