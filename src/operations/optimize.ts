import { type Optimized, optimizeReading } from "../repository/maintenance.js";
import { openProject } from "./project.js";

export type OptimizeResult = Optimized;

/** Makes the history of the repository fast to read; changes no commit, no ref and no file of the work tree. HDL300. */
export async function optimize({ directory }: { directory: string }): Promise<OptimizeResult> {
  const { repository } = await openProject(directory);
  return optimizeReading(repository);
}
