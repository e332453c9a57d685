import { HeddleError, type Problem } from "../model/errors.js";
import { checkDocument } from "./check.js";
import { type Config, environmentConfig, weaveConfig } from "./config.js";
import { crossCheck } from "./cross-check.js";
import { usable } from "./usable.js";
import { readYaml, type SourceFile } from "./yaml.js";

/**
 * The configuration that these files hold together, wherever they come from: a directory or a git revision. Reads
 * nothing else: no files, no variables. HDL102 lists every problem of every file with file:line:column.
 */
export async function loadConfig(files: readonly SourceFile[]): Promise<Config> {
  const problems: Problem[] = [];
  const config: Config = { weaves: [], environments: [] };
  let complete = true;
  for (const file of files) {
    const read = readYaml(file);
    problems.push(...read.problems);
    complete &&= read.problems.length === 0;
    for (const { value, at } of read.documents) {
      const misfits = checkDocument({ value, at });
      problems.push(...misfits.problems);
      const document = usable(value, misfits.broken);
      complete &&= document !== undefined && document.metadata.name !== "";
      if (document?.kind === "Weave") config.weaves.push(weaveConfig(document, at));
      else if (document) config.environments.push(environmentConfig(document, at));
    }
  }
  problems.push(...(await crossCheck(config, complete)));
  if (problems.length === 0) return config;
  const byFile = new Map(files.map(({ path }, index) => [path, index]));
  problems.sort(
    (a, b) => byFile.get(a.file ?? "")! - byFile.get(b.file ?? "")! || a.line! - b.line! || a.column! - b.column!,
  );
  const count = problems.length === 1 ? "a problem" : `${problems.length} problems`;
  throw new HeddleError("HDL102", `the configuration has ${count}`, { problems });
}
