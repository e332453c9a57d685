import { createHash } from "node:crypto";
import type { EnvironmentConfig } from "../config/config.js";
import { configDigest } from "../config/digest.js";
import type { Naming } from "../model/naming.js";
import { resolveRevision } from "../repository/revision.js";
import { atCommit } from "../repository/source.js";
import { weaveDirectory } from "../repository/weave.js";
import type { TransformRule } from "../transform/rules.js";
import { configOf, openProject, trustedConfig } from "./project.js";
import { shapeDigest } from "./shape-digest.js";
import { environmentOf, type TargetOptions } from "./target.js";

/** What of a plan git alone decides. */
interface Bound {
  /** Of the trusted configuration. */
  environment: EnvironmentConfig;
  /** The revision's overlay, and its names for what the environment has. */
  overlay: readonly TransformRule[];
  naming: Naming;
  /** Tree id of `data/<weave>`, by weave. */
  trees: Readonly<Record<string, string>>;
}

/**
 * A digest (32 hex digits) of what a saved plan is for: environment, its configuration, overlay, data. The same before
 * and after a merge, a squash or a rebase, so that a plan can be found again; it proves nothing: the plan itself does.
 */
export function bindingOf({ environment, overlay, naming, trees }: Bound): string {
  const sorted = Object.entries(trees).sort(([a], [b]) => (a < b ? -1 : 1));
  const bound = [1, environment.name, configDigest(environment), shapeDigest(naming, overlay), sorted];
  return createHash("sha256").update(JSON.stringify(bound)).digest("hex").slice(0, 32);
}

/** The binding of the plan that would be made for a revision; asks no database. */
export async function binding(options: TargetOptions): Promise<string> {
  const { directory, environment: name, revision: asked = "HEAD", config: from = "HEAD" } = options;
  const project = await openProject(directory);
  const environment = await environmentOf(await trustedConfig(project, from), name, project);
  const source = atCommit(project.repository, await resolveRevision(project.repository, asked));
  const own = (await configOf(source)).environments.find((candidate) => candidate.name === name);
  const trees: Record<string, string> = {};
  for (const weave of environment.weaves) {
    const tree = await source.tree(weaveDirectory(weave));
    if (tree !== undefined) trees[weave] = tree;
  }
  const { overlay, naming } = own ?? environment;
  return bindingOf({ environment, overlay, naming, trees });
}
