import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Dataset } from "../../model/dataset.js";
import { splitName } from "../../model/dataset-name.js";
import type { Problem } from "../../model/errors.js";
import type { Database } from "../database.js";
import { openPglite } from "./pglite.js";
import { identifier, qualified } from "./quote.js";

/** A database that is gone after use, with tables for datasets; `unbuilt` names those that it cannot have. */
export interface Scratch extends AsyncDisposable {
  database: Database;
  unbuilt: Problem[];
}

/**
 * Makes a PGlite database in a temporary directory with a table for each dataset: its fields, their types (enums,
 * domains, composites and ranges from the definitions in `_dataset.json`) and its key. What extensions define, and
 * fields whose type no weave told, cannot be built.
 */
export async function openPostgresScratch(datasets: readonly Dataset[]): Promise<Scratch> {
  const directory = await mkdtemp(join(tmpdir(), "heddle-scratch-"));
  const remove = () => rm(directory, { recursive: true, force: true });
  try {
    const unbuilt = await build(join(directory, "data"), datasets);
    const database = openPglite(`pglite:${join(directory, "data")}`, { label: "the scratch database" });
    const close = async () => {
      await database[Symbol.asyncDispose]();
      await remove();
    };
    return { database, unbuilt, [Symbol.asyncDispose]: close };
  } catch (error) {
    await remove();
    throw error;
  }
}

async function build(directory: string, datasets: readonly Dataset[]): Promise<Problem[]> {
  const { PGlite } = await import("@electric-sql/pglite");
  await using server = Object.assign(await PGlite.create(directory), {
    async [Symbol.asyncDispose]() {
      await server.close();
    },
  });
  const unbuilt: Problem[] = [];
  const done = new Set<string>();
  for (const dataset of datasets) {
    const untyped = (dataset.fields ?? []).filter(({ type }) => type === undefined).map(({ name }) => name);
    if (untyped.length > 0) {
      unbuilt.push({ dataset: dataset.name, message: `no type is known of ${untyped.join(", ")}` });
      continue;
    }
    try {
      for (const statement of statements(dataset)) {
        if (!done.has(statement)) await server.exec(statement);
        done.add(statement);
      }
    } catch (error) {
      unbuilt.push({ dataset: dataset.name, message: `its table cannot be built: ${(error as Error).message}` });
    }
  }
  return unbuilt;
}

/** Schemas, types and table, each statement once for all datasets. */
function statements({ name, fields = [], key, types = {} }: Dataset): string[] {
  const { schema = "public", table } = splitName(name);
  const columns = fields.map((field) => `${identifier(field.name)} ${field.type}`);
  const list = key.map(identifier).join(", ");
  // A definition holds several statements, and names schemas that may not be there yet.
  const definitions = Object.values(types).flatMap((text) => text.split(/(?<=;)\n(?=CREATE )/));
  const schemas = definitions.flatMap(
    (text) => /^CREATE (?:TYPE|DOMAIN) ((?:"(?:[^"]|"")*"|[^\s."]+))\./.exec(text)?.[1] ?? [],
  );
  return [
    ...[identifier(schema), ...schemas].map((one) => `CREATE SCHEMA IF NOT EXISTS ${one};`),
    ...definitions,
    `CREATE TABLE ${qualified(schema, table)} (${[...columns, `PRIMARY KEY (${list})`].join(", ")});`,
  ];
}
