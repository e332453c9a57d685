import { databaseArgument } from "../config/argument.js";
import type { Database } from "../database/database.js";
import { codecFor, openDatabase, openScratch } from "../database/open.js";
import type { Dataset } from "../model/dataset.js";
import { digestOf } from "../model/entry.js";
import { HeddleError, type Problem } from "../model/errors.js";
import { differingPaths } from "../plan/entry-diff.js";
import { sortByReferences } from "../plan/order.js";
import type { Side } from "../plan/side.js";
import { fill } from "../reconcile/fill.js";
import type { Source } from "../repository/source.js";
import type { WeaveFiles } from "../repository/weave.js";
import { compilePipeline } from "../transform/pipeline.js";
import { checkSchema } from "./preflight.js";
import { sideOf } from "./side.js";
import { trustedFields } from "./values.js";

export interface RoundTrip {
  /** Entries that came back the same. */
  entries: number;
  /** Datasets that no scratch database can have, and why. */
  unbuilt: Problem[];
}

/**
 * Writes a revision's data into an empty database and reads it back: the files must be the same. HDL401 lists entries
 * that came back otherwise; HDL206 where a given database is not empty or lacks a table.
 * @param into `true` for a scratch database, else the argument that names one
 */
export async function roundTrip(
  source: Source,
  weaves: ReadonlyMap<string, WeaveFiles>,
  into: true | string,
): Promise<RoundTrip> {
  const sides = await sidesOf(source, weaves);
  const result: RoundTrip = { entries: 0, unbuilt: [] };
  for (const engine of new Set(sides.map(({ dataset }) => dataset.engine))) {
    const own = sides.filter(({ dataset }) => dataset.engine === engine);
    if (into !== true) {
      const argument = databaseArgument(into);
      if (argument.kind !== "url") throw new HeddleError("HDL100", "--roundtrip takes env:NAME, a variable with a URL");
      await using database = await openDatabase(argument.url.reveal(), { label: into });
      result.entries += await throughDatabase(database, own, true);
      continue;
    }
    await using scratch = await openScratch(
      engine,
      own.map(({ dataset }) => dataset),
    );
    if (!scratch) {
      const message = `there is no scratch database for ${engine}: name an empty one, --roundtrip env:NAME`;
      result.unbuilt.push(...own.map(({ dataset }) => ({ dataset: dataset.name, message })));
      continue;
    }
    result.unbuilt.push(...scratch.unbuilt);
    const missing = new Set(scratch.unbuilt.map(({ dataset }) => dataset));
    const built = own.filter(({ dataset }) => !missing.has(dataset.name));
    result.entries += await throughDatabase(scratch.database, built, false);
  }
  return result;
}

async function sidesOf(source: Source, weaves: ReadonlyMap<string, WeaveFiles>): Promise<Side[]> {
  const sides: Side[] = [];
  for (const [weave, { datasets }] of weaves) {
    for (const data of datasets.values()) {
      const codec = await codecFor(data.dataset.engine);
      sides.push(sideOf({ source, weave, data, codec, overlay: await compilePipeline({ rules: [], codec }) }));
    }
  }
  return sides;
}

/** Parents first, so that foreign keys of a given database hold. */
async function throughDatabase(database: Database, sides: readonly Side[], given: boolean): Promise<number> {
  if (given)
    await refuseFilled(
      database,
      sides.map(({ dataset }) => dataset),
    );
  const named = sides.map((side) => ({ side, name: side.dataset.name, references: side.dataset.references ?? [] }));
  let entries = 0;
  for (const { side } of sortByReferences(given ? named : named.map((one) => ({ ...one, references: [] })))) {
    await fill(database, side);
    entries += await compareBack(database, side);
  }
  return entries;
}

async function compareBack(database: Database, side: Side): Promise<number> {
  const { dataset, files, nameOf } = side;
  const rest = new Map(files);
  const altered = new Map<string, string>();
  const problems: Problem[] = [];
  await database.read(async (session) => {
    for await (const batch of session.entries(dataset)) {
      for (const { key, text } of batch) {
        const name = nameOf(key);
        const expected = rest.get(name);
        rest.delete(name);
        if (expected === digestOf(text)) continue;
        if (expected !== undefined) altered.set(name, text);
        else problems.push({ dataset: dataset.name, key: name, message: "came back though no file has it" });
      }
    }
  });
  for await (const batch of side.read([...altered.keys()].map((name) => [name, files.get(name)!]))) {
    for (const { name, fields } of batch) {
      const paths = differingPaths(fields, trustedFields(altered.get(name)!));
      const path = paths.map((path) => path || "order of fields").join(", ");
      problems.push({ dataset: dataset.name, key: name, path, message: "came back otherwise" });
    }
  }
  for (const name of rest.keys()) problems.push({ dataset: dataset.name, key: name, message: "did not come back" });
  if (problems.length === 0) return files.size;
  throw new HeddleError("HDL401", `${dataset.name}: the round trip altered entries`, {
    problems,
    hint: "a file that was edited by hand may not be as the database prints it: apply and weave bring it into that form",
  });
}

async function refuseFilled(database: Database, datasets: readonly Dataset[]): Promise<void> {
  await database.read(async (session) => {
    checkSchema(datasets, await session.tables());
    for (const dataset of datasets) {
      for await (const batch of session.entries(dataset)) {
        if (batch.length === 0) continue;
        throw new HeddleError("HDL206", `${dataset.name} is not empty`, {
          hint: "a round trip needs an empty database: it writes every entry, and removes nothing",
        });
      }
    }
  });
}
