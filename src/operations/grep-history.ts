import { codecFor } from "../database/open.js";
import type { Codec } from "../model/codec.js";
import type { Dataset } from "../model/dataset.js";
import type { Digest } from "../model/entry.js";
import type { Problem } from "../model/errors.js";
import { readDatasetText } from "../repository/description.js";
import { firstParents } from "../repository/first-parents.js";
import { isEntryPath } from "../repository/layout.js";
import { readManifest } from "../repository/manifests.js";
import type { ObjectReader } from "../repository/object-reader.js";
import { cutOffAt } from "../repository/path-log.js";
import type { Repository } from "../repository/repository.js";
import type { Commit } from "../repository/revision.js";
import { weaveDirectory } from "../repository/weave.js";
import { nameOf } from "./entry-address.js";
import type { GrepMatch, GrepPoint, Scope } from "./grep.js";
import type { Judge } from "./judge.js";
import { isoTime } from "./moment.js";
import { shallowHistory } from "./shallow.js";

interface HistorySearch {
  repository: Repository;
  objects: ObjectReader;
  judge: Judge;
  problems: Problem[];
  scope: Scope;
  tip: Digest;
  first: boolean;
}

/** A dataset as the history has it so far. */
interface Seen {
  dataset: Dataset;
  codec: Codec;
  /** Verdicts by blob id: each content is judged once. */
  verdicts: Map<Digest, boolean>;
}

/** Files that are read at one time. */
const parallel = 200;

/**
 * From when until when entries matched, along first parents of `tip`, in the order in which they came to. HDL311 in a shallow
 * clone, which does not tell when anything began.
 */
export async function* grepHistory(search: HistorySearch): AsyncGenerator<GrepMatch> {
  const { repository, scope, tip, first } = search;
  if ((await cutOffAt(repository)).size > 0) throw shallowHistory("when an entry came to match");
  const root = weaveDirectory(scope.weave);
  const datasets = new Map<string, Seen>();
  const matches: GrepMatch[] = [];
  const latest = new Map<string, GrepMatch>();

  for await (const { commit, files } of firstParents(
    repository,
    tip,
    scope.directory === undefined ? root : `${root}/${scope.directory}`,
    "oldest first",
  )) {
    const changed = new Map<string, { path: string; after: Digest | undefined }>();
    for (const { path, after } of files) {
      const [, , directory = "", ...inside] = path.split("/");
      if (inside.join("/") === "_dataset.json") await describe(search, datasets, directory, path, after);
      else if (isEntryPath(inside.join("/"))) {
        const name = `${directory}/${nameOf(path)}`;
        // A file that moved comes as one that went and one that came.
        if (after !== undefined || !changed.has(name)) changed.set(name, { path, after });
      }
    }
    const asked = [...changed].filter(([name]) => !first || latest.get(name)?.until === undefined);
    for (let start = 0; start < asked.length; start += parallel) {
      const part = asked.slice(start, start + parallel);
      const verdicts = await Promise.all(part.map(([, file]) => judge(search, datasets, file)));
      part.forEach(([name, { path }], i) => {
        const before = latest.get(name);
        const isOpen = before !== undefined && before.until === undefined;
        if (verdicts[i] === isOpen) return;
        if (isOpen) before.until = pointOf(commit);
        else {
          const { dataset } = datasets.get(path.split("/")[2]!)!;
          const match: GrepMatch = {
            weave: scope.weave,
            dataset: dataset.name,
            name: nameOf(path),
            since: pointOf(commit),
          };
          latest.set(name, match);
          matches.push(match);
        }
      });
    }
  }
  yield* matches;
}

async function describe(
  { objects, problems }: HistorySearch,
  datasets: Map<string, Seen>,
  directory: string,
  file: string,
  id: Digest | undefined,
): Promise<void> {
  const text = id === undefined ? undefined : (await objects.read(id, "blob")).toString();
  const dataset = text === undefined ? undefined : readDatasetText(text, file, problems);
  if (dataset) datasets.set(directory, { dataset, codec: await codecFor(dataset.engine), verdicts: new Map() });
}

async function judge(
  { objects, judge, problems }: HistorySearch,
  datasets: ReadonlyMap<string, Seen>,
  { path, after }: { path: string; after: Digest | undefined },
): Promise<boolean> {
  const [data, weave, directory, ...inside] = path.split("/");
  const seen = datasets.get(directory!);
  if (after === undefined || !seen) return false;
  const known = seen.verdicts.get(after);
  if (known !== undefined) return known;
  const file = inside.join("/");
  const selection = { ...seen, directory: [data, weave, directory].join("/"), files: new Map([[file, after]]) };
  const entry = readManifest(selection, file, await objects.read(after, "blob"), problems);
  const verdict = entry !== undefined && (await judge.matches(seen, nameOf(path), entry.fields));
  seen.verdicts.set(after, verdict);
  return verdict;
}

function pointOf({ id, time, author, subject }: Commit): GrepPoint {
  return { commit: id, time: isoTime(Date.parse(time)), author, subject };
}
