import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import type { Config } from "../config/config.js";
import { gitEnvironment } from "../config/environment.js";
import { configDirectory, findProject, isConfigFile, readConfigFiles } from "../config/project.js";
import type { SourceFile } from "../config/yaml.js";
import { HeddleError } from "../model/errors.js";
import type { TreeEntry } from "../repository/objects.js";
import { openRepository, type Repository } from "../repository/repository.js";
import { resolveRevision } from "../repository/revision.js";
import { atCommit, readTexts, type Source } from "../repository/source.js";

/** A directory with `weave-configs/`, and the git repository it lies in. */
export interface Project {
  root: string;
  repository: Repository;
}

/** Finds the project upward from a directory. HDL101 where there is none. A bare repository is its own root. */
export async function openProject(directory: string): Promise<Project> {
  const environment = gitEnvironment();
  const root = await findProject(directory).catch(async (error) => {
    if (await isBareRepository(directory)) return resolve(directory);
    throw error;
  });
  return { root, repository: await openRepository(root, { environment }) };
}

async function isBareRepository(directory: string): Promise<boolean> {
  const found = await Promise.all(
    ["HEAD", "objects", "refs"].map((name) => stat(resolve(directory, name)).catch(() => undefined)),
  );
  return found.every((entry) => entry !== undefined);
}

/** What only reads git needs no configuration, and starts faster without what reads it. */
async function load(files: readonly SourceFile[]): Promise<Config> {
  return (await import("../config/load.js")).loadConfig(files);
}

/** The configuration of a source: a revision or the work tree. */
export async function configOf(source: Source): Promise<Config> {
  const entries: TreeEntry[] = [];
  for await (const batch of source.list(configDirectory))
    entries.push(...batch.filter(({ path }) => isConfigFile(`${configDirectory}/${path}`)));
  const texts = await readTexts(source, configDirectory, entries);
  const files = entries.map(({ path }, i) => ({ path: `${configDirectory}/${path}`, text: texts[i]! }));
  return load(files.sort((a, b) => (a.path < b.path ? -1 : 1)));
}

/**
 * The configuration that decides where and under which rules: of a revision, or of a directory's `weave-configs/`
 * (`.` is the work tree; a directory begins with `.` or `/`).
 */
export async function trustedConfig(project: Project, from: string): Promise<Config> {
  if (from.startsWith(".") || from.startsWith("/")) {
    const root = from === "." ? project.root : resolve(from);
    const found = await stat(resolve(root, configDirectory)).catch(() => undefined);
    if (!found)
      throw new HeddleError("HDL101", `no ${configDirectory}/ in ${from}`, { hint: "name the directory above it" });
    return load(await readConfigFiles(root));
  }
  return configOf(atCommit(project.repository, await resolveRevision(project.repository, from)));
}
