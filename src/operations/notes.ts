import type { Table } from "../database/database.js";
import type { Digest } from "../model/entry.js";
import { HeddleError } from "../model/errors.js";
import type { DatasetPlan } from "../plan/plan.js";
import type { Repository } from "../repository/repository.js";
import { findRevision } from "../repository/revision.js";
import { weaveDirectory } from "../repository/weave.js";
import { indexedFiles, staged, uncommitted } from "../repository/work-tree.js";
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

/** Files of a work tree that git looks through in half a second. */
const manyFiles = 100_000;

/**
 * What of the work tree is no part of a plan, though somebody may think so. The configuration is part of it where
 * `--config .` says so; data never is, and is only looked at where the plan is for HEAD, in a very large tree as far as
 * the index knows.
 */
export async function uncommittedNotes(
  repository: Repository,
  { revision, ownConfig, many = manyFiles }: { revision: Digest; ownConfig: boolean; many?: number },
): Promise<string[]> {
  if (repository.workTree === undefined) return [];
  const isHead = (await findRevision(repository, "HEAD")) === revision;
  const isMany = isHead && indexedFiles(repository) > many;
  const looked = [...(isHead && !isMany ? ["data"] : []), ...(ownConfig ? [] : ["weave-configs"])];
  const changed = new Set(looked.length > 0 ? await uncommitted(repository, looked) : []);
  if (isMany) for (const path of await staged(repository, ["data"])) changed.add(path);
  const notes = isMany ? ["data/ is very large: edits that are not staged were not looked for (git status data)"] : [];
  if (changed.size === 0) return notes;
  const where = ownConfig ? "data/" : "data/ and weave-configs/";
  const files = changed.size === 1 ? `${[...changed][0]} differs` : `${changed.size} files of ${where} differ`;
  return [`${files} from HEAD: uncommitted changes are not part of this`, ...notes];
}
