import { DigestSet } from "../model/digest-set.js";
import type { Digest } from "../model/entry.js";
import type { Repository } from "../repository/repository.js";
import { atCommit, type Source } from "../repository/source.js";
import { readView, type View } from "../repository/view.js";
import { readWeave, type WeaveFiles } from "../repository/weave.js";
import { unfitFiles } from "./side.js";

/** What a commit has of a weave. */
export interface WeaveState {
  current: WeaveFiles;
  /** Ids of all its trees, which a writer need not write again. */
  objects: DigestSet;
  /** What the source gave at the last weave; undefined where there was none, or where it cannot be read. */
  base: View | undefined;
  /** Undefined where there is no commit. */
  files: Source | undefined;
}

/** HDL400 for strange files: they must not vanish in a commit. */
export async function weaveState(repository: Repository, tip: Digest | undefined, weave: string): Promise<WeaveState> {
  if (tip === undefined) {
    const nothing = {
      tree: undefined,
      description: undefined,
      datasets: new Map(),
      problems: [],
    };
    return { current: nothing, objects: new DigestSet(), base: undefined, files: undefined };
  }
  const files = atCommit(repository, tip);
  const objects = new DigestSet();
  const current = await readWeave(files, weave, objects);
  if (current.problems.length > 0) throw unfitFiles(current.problems);
  const view = current.description?.view;
  const base = view === undefined ? undefined : await readView(repository, tip, weave, view, current);
  return { current, objects, base, files };
}
