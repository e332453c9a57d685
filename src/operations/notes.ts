import type { Table } from "../database/database.js";
import { HeddleError } from "../model/errors.js";
import type { DatasetPlan } from "../plan/plan.js";
import type { Repository } from "../repository/repository.js";
import { weaveDirectory } from "../repository/weave.js";
import { uncommitted } from "../repository/work-tree.js";
import type { Inventory } from "./inventory.js";

/**
 * The weaves that a revision does not have: a wrong branch must not look like a wish to delete. HDL104 where it has none
 * of them and nothing was ever applied.
 */
export function missingWeaves({ weaves }: Inventory, isFirst: boolean): string[] {
  const missing = [...weaves].filter(([, { tree }]) => tree === undefined).map(([weave]) => weave);
  if (missing.length === weaves.size && isFirst) {
    throw new HeddleError("HDL104", `the revision has no data of ${missing.join(", ")}`, {
      hint: `run \`heddle weave ${missing.join(" ")}\`, or name another revision with --rev`,
    });
  }
  return missing.map((weave) => `the revision has no ${weaveDirectory(weave)}`);
}

/** What is to be said of a dataset's deletes: they never happen, or take whole rows with them, also what git does not know of. */
export function deleteNotes({ dataset, changes }: DatasetPlan, table: Table | undefined): string[] {
  if (table?.neverPruned) return [`${dataset.name} is ${table.neverPruned}: nothing is deleted from it`];
  // Of rows only ids are left out by name: they are a database's own.
  const known = new Set([...(dataset.fields ?? []).map(({ name }) => name), ...(dataset.omit ?? [])]);
  const others = (table?.columns ?? [])
    .filter(({ name, generated }) => !generated && !known.has(name))
    .map(({ name }) => name);
  const deletes = changes.filter(({ kind }) => kind === "delete").length;
  if (deletes === 0 || others.length === 0) return [];
  const [rows, fields] = [deletes === 1 ? "1 delete" : `${deletes} deletes`, others.length === 1 ? "field" : "fields"];
  return [`${dataset.name}: ${rows} would take ${others.length} unselected ${fields} along: ${others.join(", ")}`];
}

/** The work tree's configuration is part of a plan where `--config .` says so; its data never is. */
export async function uncommittedNotes(repository: Repository, ownConfig: boolean): Promise<string[]> {
  if (repository.workTree === undefined) return [];
  const changed = await uncommitted(repository, ownConfig ? ["data"] : ["data", "weave-configs"]);
  if (changed.length === 0) return [];
  const where = ownConfig ? "data/" : "data/ and weave-configs/";
  const files = changed.length === 1 ? `${changed[0]} differs` : `${changed.length} files of ${where} differ`;
  return [`${files} from HEAD: uncommitted changes are not part of this`];
}
