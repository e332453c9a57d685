import { optimizeReading, type Stored, stored } from "../repository/maintenance.js";
import { openProject } from "./project.js";

export interface OptimizeResult {
  before: Stored;
  after: Stored;
  /** Whether a commit-graph with changed-path filters was written; a shallow clone has none. */
  commitGraph: boolean;
}

/** Makes the history of the repository fast to read; changes no commit, no ref and no file of the work tree. HDL300. */
export async function optimize({ directory }: { directory: string }): Promise<OptimizeResult> {
  const { repository } = await openProject(directory);
  const before = await stored(repository);
  const commitGraph = await optimizeReading(repository);
  return { before, after: await stored(repository), commitGraph };
}
