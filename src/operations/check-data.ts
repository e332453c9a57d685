import type { WeaveConfig } from "../config/config.js";
import { codecFor } from "../database/open.js";
import { HeddleError, type Problem } from "../model/errors.js";
import { manifests } from "../repository/manifests.js";
import type { Source } from "../repository/source.js";
import { readWeave, type WeaveFiles, weaveDirectory } from "../repository/weave.js";
import { compilePipeline } from "../transform/pipeline.js";
import { unfitFiles } from "./side.js";
import { withSchemas } from "./target.js";

export interface CheckedData {
  /** By weave. */
  weaves: Map<string, WeaveFiles>;
  /** Manifests that were read. */
  entries: number;
  /** Files that say the right thing in another layout. */
  notes: string[];
}

/** Reads every file of these weaves: they parse, fit their types, names and schemas. HDL400 and HDL501 list all that is wrong. */
export async function checkData(source: Source, weaves: readonly WeaveConfig[]): Promise<CheckedData> {
  const result: CheckedData = { weaves: new Map(), entries: 0, notes: [] };
  const problems: Problem[] = [];
  const misfits: Problem[] = [];
  for (const weave of weaves) {
    const files = await readWeave(source, weave.name);
    result.weaves.set(weave.name, files);
    problems.push(...files.problems);
    await checkWeave(source, weave, files, { result, problems, misfits });
  }
  if (problems.length > 0) throw unfitFiles(problems, "nothing is woven, planned or applied while a file is unfit");
  if (misfits.length > 0) throw new HeddleError("HDL501", "entries do not fit their schema", { problems: misfits });
  return result;
}

interface Findings {
  result: CheckedData;
  problems: Problem[];
  misfits: Problem[];
}

async function checkWeave(source: Source, weave: WeaveConfig, files: WeaveFiles, found: Findings): Promise<void> {
  const schemas = await withSchemas(source, weave.validate);
  for (const { dataset, directory, files: entries } of files.datasets.values()) {
    const codec = await codecFor(dataset.engine);
    const judge = await compilePipeline({ rules: [], validate: schemas, codec });
    const at = `${weaveDirectory(weave.name)}/${directory}`;
    for await (const batch of manifests(source, { codec, dataset, directory: at, files: entries }, found.problems)) {
      for (const { path, key, fields, canonical } of batch) {
        const file = `${at}/${path}`;
        found.result.entries++;
        if (!canonical) found.result.notes.push(`${file} is not in canonical form (\`heddle fmt\` rewrites it)`);
        found.misfits.push(...judge.validate(dataset, key, fields).map((problem) => ({ file, ...problem })));
      }
    }
  }
}
