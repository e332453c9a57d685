import type { ReadSession } from "../database/database.js";
import type { Fields } from "../model/json.js";
import { parseManifest } from "../model/parse.js";
import type { Change, DatasetPlan } from "../plan/plan.js";
import type { ChangeValues } from "../plan/show.js";
import type { Side } from "../plan/side.js";

/** The fields of a text that an engine's codec made. */
export function trustedFields(text: string): Fields {
  return parseManifest(text).fields;
}

/** Both sides of changes, by the change's name; a deleted entry has neither. */
export async function readValues(
  session: ReadSession,
  git: Side | undefined,
  { dataset }: DatasetPlan,
  changes: readonly Change[],
): Promise<Map<string, ChangeValues>> {
  const values = new Map<string, ChangeValues>(changes.map(({ name }) => [name, { git: undefined, live: undefined }]));
  const files = changes.flatMap(({ kind, name, git: id }) => (kind !== "delete" && id ? [[name, id] as const] : []));
  if (git && files.length > 0) {
    for await (const batch of git.read(files)) for (const { name, fields } of batch) values.get(name)!.git = fields;
  }
  const names = new Map(
    changes.flatMap(({ kind, key, liveKey, name }) => (kind === "update" ? [[liveKey ?? key, name]] : [])),
  );
  if (names.size > 0) {
    for await (const found of session.lookup(dataset, [...names.keys()])) {
      for (const { requested, entry } of found) values.get(names.get(requested)!)!.live = trustedFields(entry.text);
    }
  }
  return values;
}
