import { loadConfig } from "../config/load.js";
import { findProject, readConfigFiles } from "../config/project.js";
import { effectiveConfig } from "../config/show.js";

/** The effective configuration of the work tree around `directory`, as YAML. HDL101, HDL102. */
export async function showConfig(directory: string): Promise<string> {
  return effectiveConfig(await loadConfig(await readConfigFiles(await findProject(directory))));
}
