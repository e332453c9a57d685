import { HeddleError, type Problem } from "../model/errors.js";
import { checkDocument, loadChecks } from "./check.js";
import { baseConfig, type Config, environmentConfig, weaveConfig } from "./config.js";
import { crossCheck } from "./cross-check.js";
import { distinct, extendEnvironments, type Written } from "./extend.js";
import type { AnyDocument } from "./schema.js";
import { usable } from "./usable.js";
import { readYaml, type SourceFile } from "./yaml.js";

/**
 * The configuration that these files hold together, wherever they come from: a directory or a git revision. Reads
 * nothing else: no files, no variables. HDL102 lists every problem of every file with file:line:column.
 */
export async function loadConfig(files: readonly SourceFile[]): Promise<Config> {
  const problems: Problem[] = [];
  const config: Config = { weaves: [], environments: [], bases: [] };
  const written: Written[] = [];
  const checks = await loadChecks();
  let complete = true;
  for (const file of files) {
    const read = readYaml(file);
    for (const problem of read.problems) problems.push(problem);
    complete &&= read.problems.length === 0;
    for (const { value, at } of read.documents) {
      const misfits = checkDocument({ value, at }, checks);
      for (const problem of misfits.problems) problems.push(problem);
      const document = misfits.problems.length === 0 ? (value as AnyDocument) : usable(value, misfits.broken);
      complete &&= document !== undefined && document.metadata.name !== "";
      if (document?.kind === "Weave") config.weaves.push(weaveConfig(document, at));
      else if (document) written.push({ document, at });
    }
  }
  const [environments, misplaced] = extendEnvironments(written, complete);
  for (const { document, at, isBase, missing } of environments) {
    if (isBase) config.bases.push(baseConfig(document, at));
    else config.environments.push(environmentConfig(document, at));
    for (const part of missing) problems.push({ ...at("/spec", "key"), message: `"${part}" is missing` });
  }
  problems.push(...misplaced, ...distinct(await crossCheck(config, complete)));
  if (problems.length === 0) return config;
  const byFile = new Map(files.map(({ path }, index) => [path, index]));
  problems.sort(
    (a, b) => byFile.get(a.file ?? "")! - byFile.get(b.file ?? "")! || a.line! - b.line! || a.column! - b.column!,
  );
  const count = problems.length === 1 ? "a problem" : `${problems.length} problems`;
  throw new HeddleError("HDL102", `the configuration has ${count}`, { problems });
}
