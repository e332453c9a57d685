import type { WeaveConfig } from "../config/config.js";
import { codecFor } from "../database/open.js";
import { HeddleError, type Problem } from "../model/errors.js";
import { manifests } from "../repository/manifests.js";
import type { Source } from "../repository/source.js";
import { readWeave, weaveDirectory } from "../repository/weave.js";
import { atWorkTree } from "../repository/work-tree.js";
import { compilePipeline } from "../transform/pipeline.js";
import { configOf, openProject } from "./project.js";
import { unfitFiles } from "./side.js";
import { withSchemas } from "./target.js";

export interface ValidateResult {
  weaves: number;
  environments: number;
  /** Manifests that were read. */
  entries: number;
  /** Files that say the right thing in another layout. */
  notes: string[];
}

/**
 * Checks the configuration and every data file of the work tree, without a database: files parse, fit their types,
 * names and schemas. HDL102, HDL400 and HDL501 list all that is wrong.
 */
export async function validate({ directory }: { directory: string }): Promise<ValidateResult> {
  const { repository } = await openProject(directory);
  const source = atWorkTree(repository);
  const config = await configOf(source);
  const result: ValidateResult = {
    weaves: config.weaves.length,
    environments: config.environments.length,
    entries: 0,
    notes: [],
  };
  const problems: Problem[] = [];
  const misfits: Problem[] = [];
  for (const weave of config.weaves) await validateWeave(source, weave, result, problems, misfits);
  if (problems.length > 0) throw unfitFiles(problems);
  if (misfits.length > 0) throw new HeddleError("HDL501", "entries do not fit their schema", { problems: misfits });
  return result;
}

async function validateWeave(
  source: Source,
  weave: WeaveConfig,
  result: ValidateResult,
  problems: Problem[],
  misfits: Problem[],
): Promise<void> {
  const schemas = await withSchemas(source, weave.validate);
  const files = await readWeave(source, weave.name);
  problems.push(...files.problems);
  for (const { dataset, directory, files: entries } of files.datasets.values()) {
    const codec = await codecFor(dataset.engine);
    const judge = await compilePipeline({ rules: [], validate: schemas, codec });
    const place = `${weaveDirectory(weave.name)}/${directory}`;
    for await (const batch of manifests(source, { codec, dataset, directory: place, files: entries }, problems)) {
      for (const { path, key, fields, canonical } of batch) {
        result.entries++;
        if (!canonical) result.notes.push(`${place}/${path} is not in canonical form`);
        misfits.push(
          ...judge.validate(dataset, key, fields).map((problem) => ({ file: `${place}/${path}`, ...problem })),
        );
      }
    }
  }
}
