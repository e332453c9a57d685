import { execFileSync } from "node:child_process";
import { codecFor } from "../../src/database/open.js";
import type { Dataset } from "../../src/model/dataset.js";
import { type Fields, type Json, renderFields } from "../../src/model/json.js";
import { keyOf } from "../../src/model/key.js";
import { renderDataset } from "../../src/repository/description.js";
import { datasetDirectory, entryPath } from "../../src/repository/layout.js";
import { makeRepository, type TestRepository } from "./git.js";

/** A project whose history a test writes by hand, without a database. */
export interface Past extends TestRepository {
  /** Writes `_dataset.json`; columns make it a table, none a collection. */
  dataset(weave: string, name: string, columns?: Record<string, string>, more?: Partial<Dataset>): Dataset;
  /** Writes an entry under its right name; gives its path. */
  put(weave: string, dataset: Dataset, fields: Record<string, Json>): Promise<string>;
  /** Commits everything at a time (ISO 8601), author and committer alike if not given otherwise; gives the commit's id. */
  commitAt(time: string, message?: string, authored?: string): string;
  /** Runs git at a time. */
  gitAt(time: string, ...args: string[]): string;
}

export function makePast(): Past {
  const repository = makeRepository();
  repository.write("weave-configs/heddle.yaml", "");
  const gitAt = (time: string, args: readonly string[], authored = time) => {
    const env = { ...repository.environment, GIT_COMMITTER_DATE: time, GIT_AUTHOR_DATE: authored };
    return execFileSync("git", args, { cwd: repository.directory, env, stdio: ["ignore", "pipe", "pipe"] })
      .toString()
      .trimEnd();
  };
  return Object.assign(repository, {
    dataset(weave: string, name: string, columns?: Record<string, string>, more: Partial<Dataset> = {}) {
      const dataset: Dataset = {
        engine: columns ? "postgresql" : "mongodb",
        name,
        key: columns ? [Object.keys(columns)[0]!] : ["_id"],
        ...(columns && { fields: Object.entries(columns).map(([name, type]) => ({ name, type })) }),
        selection: "0",
        oneWay: false,
        layout: { kind: "files", fanout: 0 },
        ...more,
      };
      repository.write(`data/${weave}/${datasetDirectory(name)}/_dataset.json`, renderDataset(dataset));
      return dataset;
    },
    async put(weave: string, dataset: Dataset, fields: Record<string, Json>) {
      const entry: Fields = new Map(Object.entries(fields));
      const { keyName } = await codecFor(dataset.engine);
      const place = entryPath(keyOf(dataset, entry)!, dataset.layout, keyName);
      const path = `data/${weave}/${datasetDirectory(dataset.name)}/${place}`;
      repository.write(path, renderFields(entry));
      return path;
    },
    commitAt(time: string, message = "change", authored = time) {
      repository.git("add", "--all");
      gitAt(time, ["commit", "--quiet", "--allow-empty", "--message", message], authored);
      return repository.git("rev-parse", "HEAD");
    },
    gitAt: (time: string, ...args: string[]) => gitAt(time, args),
  });
}
