import type { Digest } from "../model/entry.js";
import { HeddleError } from "../model/errors.js";
import { renderFields } from "../model/json.js";
import { type ObjectReader, openObjects } from "../repository/object-reader.js";
import { fileOfEntry, findEntry, nameOf, readEntry } from "./entry-address.js";
import { findEntryEver } from "./last-seen.js";
import { type Moment, type MomentOptions, resolveMoment, tipOf } from "./moment.js";
import { openProject, type Project } from "./project.js";

export interface ShowOptions extends MomentOptions {
  /** Where to look for the project from. */
  directory: string;
  /** `[WEAVE:]DATASET/KEY`. */
  entry: string;
}

/** An entry as it was. */
export interface ShownEntry {
  weave: string;
  dataset: string;
  /** The file's plain name. */
  name: string;
  /** From the project root. */
  file: string;
  commit: Digest;
  /** ISO 8601, UTC: since when the state that it is part of was so; absent where a revision was named. */
  since?: string;
  /** The manifest: canonical JSON text with its final newline. */
  text: string;
  notes: string[];
}

/** One entry as it was at a time or revision; see `MomentOptions`. HDL104, HDL301, HDL311, HDL312, HDL400, HDL402. */
export async function show(options: ShowOptions): Promise<ShownEntry> {
  const project = await openProject(options.directory);
  await using objects = openObjects(project.repository);
  const moment = await resolveMoment(project, objects, options);
  const entry = await findEntry(moment.data, options.entry).catch((error) =>
    explain(project, objects, moment, options, error),
  );
  const manifest = await readEntry(moment.data, entry);
  const fields = moment.shape ? await moment.shape(entry, manifest.fields) : manifest.fields;
  if (!fields) throw new HeddleError("HDL402", `the overlay of ${options.applied} left ${options.entry} out`);
  const { weave, dataset, path } = entry;
  const file = fileOfEntry(entry);
  const { commit, since, notes } = moment;
  const text = renderFields(fields);
  return { weave, dataset: dataset.name, name: nameOf(path), file, commit, ...(since && { since }), text, notes };
}

/** Says of an entry that the branch has at another time when that was: it is not a mistyped key. */
async function explain(
  project: Project,
  objects: ObjectReader,
  moment: Moment,
  { entry, branch }: ShowOptions,
  error: unknown,
): Promise<never> {
  if (!(error instanceof HeddleError) || error.code !== "HDL402") throw error;
  const tip = await tipOf(project, objects, branch);
  const seen = await findEntryEver(project.repository, objects, tip, entry).catch(() => undefined);
  if (!seen) throw error;
  const hint = seen.deleted
    ? `it was deleted by ${seen.deleted.slice(0, 10)}: --at ${seen.deleted.slice(0, 10)}^`
    : `${seen.data.name} has it: \`heddle log\` tells since when`;
  throw new HeddleError("HDL402", error.message, { hint: moment.commit === tip && !seen.deleted ? error.hint! : hint });
}
