import { HeddleError, type Problem } from "../model/errors.js";
import { checkDocument } from "./check.js";
import { type Config, environmentConfig, weaveConfig } from "./config.js";
import { crossCheck } from "./cross-check.js";
import type { EnvironmentDocument, WeaveDocument } from "./schema.js";
import { readYaml, type SourceFile } from "./yaml.js";

/**
 * The configuration that these files hold together, wherever they come from: a directory or a git revision. Reads
 * nothing else: no files, no variables. HDL102 lists every problem of every file with file:line:column.
 */
export function loadConfig(files: readonly SourceFile[]): Config {
  const problems: Problem[] = [];
  const config: Config = { weaves: [], environments: [] };
  let broken = false;
  for (const file of files) {
    const read = readYaml(file);
    problems.push(...read.problems);
    broken ||= read.problems.length > 0;
    for (const document of read.documents) {
      const misfits = checkDocument(document);
      problems.push(...misfits);
      if (misfits.length > 0) {
        broken = true;
        continue;
      }
      const value = document.value as WeaveDocument | EnvironmentDocument;
      if (value.kind === "Weave") config.weaves.push(weaveConfig(value, document.at));
      else config.environments.push(environmentConfig(value, document.at));
    }
  }
  problems.push(...crossCheck(config, !broken));
  if (problems.length === 0) return config;
  const byFile = new Map(files.map(({ path }, index) => [path, index]));
  problems.sort(
    (a, b) => byFile.get(a.file ?? "")! - byFile.get(b.file ?? "")! || a.line! - b.line! || a.column! - b.column!,
  );
  const count = problems.length === 1 ? "a problem" : `${problems.length} problems`;
  throw new HeddleError("HDL102", `the configuration has ${count}`, { problems });
}
