import { atWorkTree } from "../repository/work-tree.js";
import { checkData } from "./check-data.js";
import { configOf, openProject } from "./project.js";

export interface ValidateResult {
  weaves: number;
  environments: number;
  /** Manifests that were read. */
  entries: number;
  /** Files that say the right thing in another layout. */
  notes: string[];
}

/**
 * Checks the configuration and every data file of the work tree, without a database. HDL102, HDL400 and HDL501 list all
 * that is wrong.
 */
export async function validate({ directory }: { directory: string }): Promise<ValidateResult> {
  const { repository } = await openProject(directory);
  const source = atWorkTree(repository);
  const config = await configOf(source);
  const { entries, notes } = await checkData(source, config.weaves);
  return { weaves: config.weaves.length, environments: config.environments.length, entries, notes };
}
