import type { Codec } from "../model/codec.js";
import { type Digest, digestOf } from "../model/entry.js";
import { HeddleError, type Problem } from "../model/errors.js";
import { type Fields, renderFields } from "../model/json.js";
import type { Side, Wanted } from "../plan/side.js";
import { entryName, nameIn } from "../repository/layout.js";
import { manifests } from "../repository/manifests.js";
import type { Source } from "../repository/source.js";
import { type DatasetFiles, weaveDirectory } from "../repository/weave.js";
import type { Pipeline } from "../transform/pipeline.js";
import { judgedFiles } from "./judged-files.js";
import type { ShapeCache, ShapedDigests } from "./shaped-digests.js";
import { UnreadEntry } from "./unread-entry.js";

export interface SideInput {
  source: Source;
  weave: string;
  data: DatasetFiles;
  codec: Codec;
  /** Shapes entries on their way into a database. */
  overlay: Pipeline;
  /** Judges shaped entries; HDL501 lists all that do not fit. */
  validate?: Pipeline;
  /** Knows some shaped entries, and learns of those that are read. */
  shapes?: ShapeCache;
}

/** Files that are read at one time only to know what they become. */
const learntFiles = 10_000;

/** One dataset of a revision as plan and reconcile read it: by file name, shaped by the overlay, strictly read. */
export function sideOf({ source, weave, data, codec, overlay, validate, shapes }: SideInput): Side {
  const { dataset } = data;
  const directory = `${weaveDirectory(weave)}/${data.directory}`;
  const byName = data.files.byName();
  const shaped = overlay.touches(dataset);
  const pathOf = (name: string) => byName.pathOf(name)!;
  const judged = judgedFiles(source, directory, pathOf);
  async function* again(files: Parameters<Side["read"]>[0]): ReturnType<Side["read"]> {
    for await (const batch of judged.read(files)) {
      const entries: Wanted[] = [];
      for (const { name, digest, text } of batch) {
        const entry = new UnreadEntry(name, digest, text, dataset);
        const wished = shaped ? await overlay.shape(dataset, entry.fields) : undefined;
        if (!shaped) entries.push(entry);
        else if (wished) entries.push({ name, key: entry.key, fields: wished, digest });
      }
      yield entries;
    }
  }
  // As it is after the overlay: with fields that this adds or renames. Whether it is one-way, the weave alone decides.
  const shape = shaped ? { ...overlay.describe(dataset), oneWay: dataset.oneWay } : dataset;
  const digests = shaped ? shapes?.of({ dataset, overlay, ...(validate && { validate }) }, byName) : undefined;
  const learn = async (known: ShapedDigests) => {
    const unknown: [name: string, digest: Digest][] = [];
    for (const file of byName) if (known.get(file[1]) === undefined) unknown.push(file);
    for (let start = 0; start < unknown.length; start += learntFiles)
      for await (const _ of side.read(unknown.slice(start, start + learntFiles)));
  };
  const side: Side = {
    dataset: shape,
    files: byName,
    shaped,
    ...(digests && { shapedDigest: (_, digest) => digests.get(digest), learn: () => learn(digests) }),
    nameOf: (key) => entryName(key, codec.keyName),
    async *read(files) {
      if (judged.hasAll(files)) return yield* again(files);
      const problems: Problem[] = [];
      const misfits: Problem[] = [];
      const kept = digests ? files.filter(([, digest]) => digests.get(digest) !== null) : files;
      const wanted = new Map(kept.map(([name, digest]) => [pathOf(name), digest]));
      for await (const batch of manifests(source, { codec, dataset, directory, files: wanted, lazy: true }, problems)) {
        const entries: Wanted[] = [];
        for (const file of batch) {
          const { key, digest } = file;
          const name = nameIn(file.path);
          if (file.plain) judged.add(name, file.text);
          if (file.sure && !shaped && !validate) {
            entries.push(new UnreadEntry(name, digest, file.text, dataset, key));
            continue;
          }
          const wished = shaped ? await overlay.shape(dataset, file.fields) : file.fields;
          const found = (wished && validate?.validate(shape, key, wished)) ?? [];
          misfits.push(...found);
          if (digests && found.length === 0) remember(digests, wanted.get(file.path)!, wished);
          if (wished === undefined) continue;
          entries.push({ name, key, fields: wished, digest });
        }
        if (problems.length === 0) yield entries;
      }
      if (problems.length > 0) throw unfitFiles(problems);
      if (misfits.length > 0) throw new HeddleError("HDL501", "entries do not fit their schema", { problems: misfits });
    },
  };
  return side;
}

function remember(digests: ShapedDigests, manifest: Digest, wished: Fields | undefined): void {
  if (digests.get(manifest) === undefined) digests.set(manifest, wished ? digestOf(renderFields(wished)) : null);
}

/** A plan over files that cannot be read would take them for deletes: none is made. */
export function unfitFiles(problems: readonly Problem[], hint = "`heddle validate` checks the work tree"): HeddleError {
  const count = problems.length === 1 ? "a data file is unfit" : `${problems.length} data files are unfit`;
  return new HeddleError("HDL400", count, { problems, hint });
}
