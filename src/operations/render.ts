import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pointersFor } from "../config/rules.js";
import { codecFor } from "../database/open.js";
import type { Codec } from "../model/codec.js";
import { HeddleError } from "../model/errors.js";
import { type Fields, type Json, renderFields } from "../model/json.js";
import { tableOf } from "../model/naming.js";
import { nearest } from "../model/nearest.js";
import { formatPointer } from "../model/pointer.js";
import { entryName, shownKey, showValues } from "../plan/show.js";
import { type Side, without } from "../plan/side.js";
import { datasetDirectory } from "../repository/layout.js";
import { resolveRevision } from "../repository/revision.js";
import { atCommit } from "../repository/source.js";
import { readWeave, weaveDirectory } from "../repository/weave.js";
import { type Inventory, readInventory } from "./inventory.js";
import { locate, type TargetOptions, wantedState } from "./target.js";

export interface RenderOptions extends Omit<TargetOptions, "warn" | "told"> {
  /** `DATASET`, or `DATASET/KEY` by the name of the entry's file; everything where it is not given. */
  entry?: string;
  /** A directory to write files to, laid out as `data/` is; it must be new or empty. */
  out?: string;
}

/** An entry as an environment would get it; what is redacted reads `(redacted)`. */
export interface RenderedEntry {
  /** The file's plain name. */
  name: string;
  key: string;
  fields: Fields;
}

export interface RenderedDataset {
  weave: string;
  dataset: string;
  /** The destination's name for it, where that is another. */
  table?: string;
  /** In batches, read as they are asked for. */
  entries(): AsyncIterable<RenderedEntry[]>;
}

export interface Rendering {
  environment: string;
  /** Commit id. */
  revision: string;
  notes: readonly string[];
  datasets: RenderedDataset[];
}

/**
 * What an environment would get of a revision: entries after the overlay, without what is local there, by the ids of git.
 * No database is asked. HDL104, HDL402 for a dataset or entry that is not there, HDL105 where `out` holds files.
 */
export async function render(options: RenderOptions): Promise<Rendering> {
  const place = await locate(options);
  const { environment } = place;
  const codec = await codecOf(place, options.revision);
  const wanted = await wantedState({ ...place, codec }, options);
  const inventory = await readInventory({ ...wanted, codec, weaves: environment.weaves });
  const chosen = choose(inventory, options.entry);
  const datasets = chosen.map(({ name, file }): RenderedDataset => {
    const { weave, side } = inventory.sides.get(name)!;
    const redact = pointersFor(environment.redact, name);
    const local = pointersFor(environment.local, name);
    const table = tableOf(name, wanted.naming);
    return {
      weave,
      dataset: name,
      ...(table !== name && { table }),
      entries: () => entriesOf(side, file, { redact, local, codec }),
    };
  });
  const { revision, notes } = wanted;
  const rendering = { environment: environment.name, revision, notes, datasets };
  if (options.out !== undefined) await writeFiles(options.out, rendering);
  return rendering;
}

/** The engine of the revision's data: what the URL says, without its variables being there. */
async function codecOf({ project, environment }: Awaited<ReturnType<typeof locate>>, asked = "HEAD"): Promise<Codec> {
  const source = atCommit(project.repository, await resolveRevision(project.repository, asked));
  for (const weave of environment.weaves) {
    for (const { dataset } of (await readWeave(source, weave)).datasets.values()) return codecFor(dataset.engine);
  }
  throw new HeddleError("HDL104", `the revision has no data of ${environment.weaves.join(", ")}`, {
    hint: `run \`heddle weave ${environment.weaves.join(" ")}\`, or name another revision with --rev`,
  });
}

/** The datasets that are meant, and of one the file. A `/` can belong to a dataset's name. */
function choose({ sides }: Inventory, asked: string | undefined): { name: string; file?: string }[] {
  const names = [...sides.keys()].sort();
  if (asked === undefined) return names.map((name) => ({ name }));
  if (sides.has(asked)) return [{ name: asked }];
  const name = names.filter((candidate) => asked.startsWith(`${candidate}/`)).at(-1);
  if (name === undefined) {
    const close = nearest(asked.split("/", 1)[0]!, names);
    throw new HeddleError("HDL104", `the environment gets no dataset ${JSON.stringify(asked)}`, {
      hint: close === undefined ? `datasets: ${names.join(", ")}` : `did you mean ${close}?`,
    });
  }
  const file = `${entryName(asked.slice(name.length + 1))}.json`;
  const { files } = sides.get(name)!.side;
  if (files.has(file)) return [{ name, file }];
  const close = nearest(entryName(file), [...files.keys()].map(entryName));
  throw new HeddleError("HDL402", `${name} has no entry ${JSON.stringify(entryName(file))}`, {
    hint: close === undefined ? "a key is written as its file's name" : `did you mean ${close}?`,
  });
}

async function* entriesOf(
  side: Side,
  only: string | undefined,
  { redact, local, codec }: { redact: readonly string[]; local: readonly string[]; codec: Codec },
): AsyncGenerator<RenderedEntry[]> {
  const { dataset } = side;
  const files = [...side.files].filter(([name]) => only === undefined || name === only);
  const context = { readValues: async () => new Map(), redact: () => redact, typeName: codec.typeName };
  for await (const batch of side.read(files)) {
    yield batch.map(({ name, key, fields }) => {
      const after = without(fields, local);
      const paths = [...after.keys()].map((field) => formatPointer([field]));
      const shown = showValues({ dataset, typeName: codec.typeName, redact }, paths, { before: undefined, after });
      const values = [...after.keys()].map((field, i): [string, Json] => [field, shownValue(shown[i]!.to!)]);
      return { name: entryName(name), key: shownKey(dataset, key, context), fields: new Map(values) };
    });
  }
}

/** What is hidden is no JSON text. */
function shownValue(text: string): Json {
  return text.startsWith("(") ? text : (JSON.parse(text) as Json);
}

async function writeFiles(directory: string, { datasets }: Rendering): Promise<void> {
  const there = await readdir(directory).catch(() => []);
  if (there.length > 0) {
    throw new HeddleError("HDL105", `${directory} holds files already`, { hint: "name a new or empty directory" });
  }
  for (const { weave, dataset, table, entries } of datasets) {
    const place = join(directory, weaveDirectory(weave), datasetDirectory(table ?? dataset));
    await mkdir(place, { recursive: true });
    for await (const batch of entries()) {
      for (const { name, fields } of batch) await writeFile(join(place, `${name}.json`), renderFields(fields));
    }
  }
}
