import type { WeaveConfig } from "../config/config.js";
import type { Secret } from "../config/secret.js";
import { codecFor, openDatabase } from "../database/open.js";
import { withRetry } from "../database/retry.js";
import { readTogether } from "../database/together.js";
import type { Codec } from "../model/codec.js";
import { HeddleError } from "../model/errors.js";
import type { Source } from "../repository/source.js";
import type { WeaveFiles } from "../repository/weave.js";
import type { ObjectWriter } from "../repository/writer.js";
import { compilePipeline, type Pipeline } from "../transform/pipeline.js";
import { type DatasetDraft, readDraft } from "./draft.js";
import { withSchemas } from "./target.js";

/** What a weave takes from its configuration in secret. */
export interface Secrets {
  url: Secret;
  maskKey?: Secret;
}

/** A weave to read: its configuration, and what the branch has of it. */
export interface Job {
  weave: WeaveConfig;
  secrets: Secrets;
  current: WeaveFiles;
}

/** What the source gave for one weave: blobs that nothing names yet, and their index. */
export interface Reading {
  weave: WeaveConfig;
  /** Identity of the source. */
  source: string;
  drafts: DatasetDraft[];
  codec: Codec;
  validate: Pipeline["validate"];
}

export interface ReadInput {
  /** Where schemas are read from. */
  config: Source;
  writer: ObjectWriter;
  acceptSource: boolean;
  acceptFields: boolean;
  /** What a user should know. */
  notes: string[];
  /** Datasets that are read at a time, where the source can do that. */
  concurrency: number;
  progress?: (text: string) => void;
  signal?: AbortSignal;
}

/**
 * Reads the selections of weaves that have one source, that of the first, in one snapshot, transformed and validated; connects
 * before `jobs` are there. HDL500 to HDL502 for entries that fail, HDL605 for another source than before.
 */
export async function readSource(
  first: WeaveConfig,
  { url }: Secrets,
  jobs: Promise<readonly Job[]>,
  input: ReadInput,
): Promise<Reading[]> {
  const { rowSecurity } = first.source;
  const opened = await openDatabase(url.reveal(), {
    label: `the source of ${first.name}`,
    ...(rowSecurity === "accept" && { rowSecurity }),
  });
  await using database = withRetry(opened);
  const codec = await codecFor(database.engine);
  if (!database.capabilities.snapshots) input.notes.push("not one moment: this server has no snapshots");
  return await readTogether(database, input.concurrency, async (sessions) => {
    const identity = await sessions[0].identity();
    const tables = await sessions[0].tables();
    const readings: Reading[] = [];
    for (const { weave, secrets, current } of await jobs) {
      refuseOtherSource(weave, current, identity, input.acceptSource);
      const pipeline = await pipelineOf(weave, secrets, input.config, codec);
      const drafts = await readDraft({
        sessions,
        tables,
        engine: database.engine,
        codec,
        weave,
        pipeline,
        previous: current.datasets,
        writer: input.writer,
        acceptFields: input.acceptFields,
        ...(input.progress && { progress: input.progress }),
        ...(input.signal && { signal: input.signal }),
      });
      readings.push({ weave, source: identity, drafts, codec, validate: pipeline.validate });
    }
    return readings;
  });
}

async function pipelineOf(
  { transform, validate }: WeaveConfig,
  { maskKey }: Secrets,
  source: Source,
  codec: Codec,
): Promise<Pipeline> {
  const schemas = await withSchemas(source, validate);
  return compilePipeline({ rules: transform, validate: schemas, codec, ...(maskKey && { maskKey: maskKey.reveal() }) });
}

function refuseOtherSource(weave: WeaveConfig, { description }: WeaveFiles, identity: string, accept: boolean): void {
  if (!description || description.source === identity || accept) return;
  throw new HeddleError("HDL605", `${weave.name} was woven from another database before; nothing was committed`, {
    hint: "check the URL; --accept-source weaves from this one from now on",
  });
}
