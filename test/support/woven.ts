import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { codecFor } from "../../src/database/open.js";
import type { Dataset } from "../../src/model/dataset.js";
import { type Fields, type Json, renderFields } from "../../src/model/json.js";
import { keyOf } from "../../src/model/key.js";
import { byName, packed, readShard, renderShard } from "../../src/model/shard.js";
import { renderDataset, renderWeave } from "../../src/repository/description.js";
import { datasetDirectory, entryPath, splitPacked } from "../../src/repository/layout.js";
import { makeProject, type TestProject } from "./command.js";

/** A project whose data was written by hand, as if it had been woven: for what needs git and no database. */
export interface WovenProject extends TestProject {
  /** Writes `_dataset.json`. */
  describe(dataset: Dataset): void;
  /** Writes an entry under its right name; gives its path. */
  put(dataset: Dataset, entry: Record<string, Json>): string;
  /** Deletes an entry, by its key. */
  drop(dataset: Dataset, ...key: Json[]): Promise<void>;
  /** Commits all, at this time (ISO 8601) where one is given. */
  commitAt(time: string, message: string): string;
}

const root = "data/shop";

export async function makeWoven(...datasets: Dataset[]): Promise<WovenProject> {
  const project = makeProject(`apiVersion: heddle/v1
kind: Weave
metadata: { name: shop }
spec:
  source: { url: "\${SHOP_URL}" }
  select: [{ dataset: "*" }]
`);
  // For commits that are made in this process.
  project.git("config", "user.name", "Grace");
  project.git("config", "user.email", "grace@example.com");
  const codecs = new Map(
    await Promise.all(["postgresql", "mongodb"].map(async (engine) => [engine, await codecFor(engine)] as const)),
  );
  const placeOf = (dataset: Dataset, fields: Fields) => {
    const path = entryPath(keyOf(dataset, fields)!, dataset.layout, codecs.get(dataset.engine)!.keyName);
    return `${root}/${datasetDirectory(dataset.name)}/${path}`;
  };
  const woven: WovenProject = Object.assign(project, {
    describe: (dataset: Dataset) =>
      project.write(`${root}/${datasetDirectory(dataset.name)}/_dataset.json`, renderDataset(dataset)),
    put(dataset: Dataset, entry: Record<string, Json>) {
      const fields = new Map(Object.entries(entry));
      const path = placeOf(dataset, fields);
      const place = splitPacked(path);
      if (place) putLine(join(project.directory, place.shard), place.name, renderFields(fields));
      else project.write(path, renderFields(fields));
      return path;
    },
    async drop(dataset: Dataset, ...key: Json[]) {
      const path = placeOf(dataset, new Map(dataset.key.map((name, i) => [name, key[i]!])));
      rmSync(join(project.directory, path));
    },
    commitAt(time: string, message: string) {
      Object.assign(project.environment, { GIT_COMMITTER_DATE: time, GIT_AUTHOR_DATE: time });
      return project.commitAll(message);
    },
  });
  const view = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";
  project.write(`${root}/_weave.json`, renderWeave({ formatVersion: 1, source: "s", selection: "d", view }));
  for (const dataset of datasets) woven.describe(dataset);
  return woven;
}

/** Gives an entry of a shard this text. */
function putLine(file: string, name: string, text: string): void {
  const { lines } = readShard(existsSync(file) ? readFileSync(file, "utf8") : "\n");
  const others = lines.filter((line) => line.name !== name);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, renderShard([...others, { name, json: packed(text)! }].sort(byName)));
}

/** A table with these columns, `id` its key where no other is given. */
export function table(name: string, columns: Record<string, string>, more: Partial<Dataset> = {}): Dataset {
  return {
    engine: "postgresql",
    name,
    key: ["id"],
    fields: Object.entries(columns).map(([name, type]) => ({ name, type })),
    selection: "d",
    oneWay: false,
    layout: { kind: "files", fanout: 0 },
    ...more,
  };
}

/** A collection. */
export function collection(name: string, more: Partial<Dataset> = {}): Dataset {
  const { fields: _none, ...dataset } = table(name, {});
  return { ...dataset, engine: "mongodb", key: ["_id"], ...more };
}
