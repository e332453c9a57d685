import { type Config, type EnvironmentConfig, findEnvironment, findWeave } from "../config/config.js";
import { resolve } from "../config/template.js";
import type { Database } from "../database/database.js";
import { codecFor, openDatabase } from "../database/open.js";
import { withRetry } from "../database/retry.js";
import type { Codec } from "../model/codec.js";
import { HeddleError } from "../model/errors.js";
import type { NoticeKind } from "../model/notice.js";
import { resolveRevision } from "../repository/revision.js";
import { atCommit, readText, type Source } from "../repository/source.js";
import { compilePipeline, type Pipeline } from "../transform/pipeline.js";
import type { CompareInput } from "./compare.js";
import { uncommittedNotes } from "./notes.js";
import { configOf, openProject, type Project, trustedConfig } from "./project.js";

/** What plan, apply and drift have in common. */
export interface TargetOptions {
  /** Where to look for the project from. */
  directory: string;
  /** Name of an environment. */
  environment: string;
  /** Any revision; HEAD where it is not given. */
  revision?: string;
  /** Where the trusted configuration is read from: a revision, or a directory (`.` is the work tree); HEAD. */
  config?: string;
  /** Compares what git changed since it was applied, and whatever may have drifted. */
  full?: boolean;
  /** Compares every entry, also where the database's fingerprints say that nothing drifted. */
  exact?: boolean;
  /** Datasets that are compared at a time, over a connection each, of one moment all the same; 1. One where the database cannot. */
  concurrency?: number;
  /** Called with a line about what goes on. */
  progress?: (text: string) => void;
  /** Stops at the next safe point, with HDL900. */
  signal?: AbortSignal;
  /** Called with a line for each webhook that was not told. */
  warn?: (text: string) => void;
  /** For work that is done over and over: what webhooks were told last, by kind. */
  told?: Map<NoticeKind, string>;
}

/** The environment's database and rules, without a revision yet. */
export interface Destination {
  project: Project;
  environment: EnvironmentConfig;
  config: Config;
  database: Database;
  codec: Codec;
}

/** Opens an environment's database under the trusted configuration, and closes it after `work`. */
export async function withDestination<T>(
  options: TargetOptions,
  work: (destination: Destination) => Promise<T>,
): Promise<T> {
  return withDatabase(await locate(options), work);
}

/** An environment under the trusted configuration. */
export async function locate({
  directory,
  environment: name,
  config: from = "HEAD",
}: TargetOptions): Promise<Omit<Destination, "database" | "codec">> {
  const project = await openProject(directory);
  const config = await trustedConfig(project, from);
  const environment = await environmentOf(config, name, project);
  return { project, environment, config };
}

/** Opens its database, and closes it after `work`. */
export async function withDatabase<T>(
  place: Awaited<ReturnType<typeof locate>>,
  work: (destination: Destination) => Promise<T>,
): Promise<T> {
  const { url } = resolve({ url: place.environment.database.url });
  await using database = withRetry(await openDatabase(url.reveal(), { label: place.environment.name }));
  return await work({ ...place, database, codec: await codecFor(database.engine) });
}

/** What a revision wants of a destination: its data, its overlay, its schemas. */
export async function desiredState(destination: Destination, options: TargetOptions): Promise<CompareInput> {
  return { ...(await wantedState(destination, options)), database: destination.database };
}

/** The same without a database. */
export async function wantedState(
  { project, environment, config, codec }: Omit<Destination, "database">,
  { revision: asked = "HEAD", config: from, full, exact, concurrency, progress, signal }: TargetOptions,
): Promise<Omit<CompareInput, "database">> {
  const revision = await resolveRevision(project.repository, asked);
  const source = atCommit(project.repository, revision);
  const [wanted, notes] = await Promise.all([
    configOf(source),
    uncommittedNotes(project.repository, { revision, ownConfig: from === "." }),
  ]);
  const own = wanted.environments.find(({ name }) => name === environment.name);
  if (!own) notes.push(`the revision does not know ${environment.name}: the overlay is the trusted configuration's`);
  const validate = new Map<string, Pipeline>();
  for (const weave of environment.weaves) {
    const rules = (wanted.weaves.find(({ name }) => name === weave) ?? findWeave(config, weave)).validate;
    if (rules.length === 0) continue;
    validate.set(weave, await compilePipeline({ rules: [], validate: await withSchemas(source, rules), codec }));
  }
  const { overlay, naming } = own ?? environment;
  const more = {
    ...(full && { full }),
    ...(exact && { exact }),
    ...(concurrency !== undefined && { concurrency }),
    ...(progress && { progress }),
    ...(signal && { signal }),
  };
  return { project, environment, codec, revision, source, overlay, naming, validate, notes, ...more };
}

/** Rules with the schemas that they name. HDL102 where one is missing or no JSON. */
export async function withSchemas<T extends { schema: string }>(
  source: Source,
  rules: readonly T[],
): Promise<{ rule: T; schema: unknown }[]> {
  return Promise.all(
    rules.map(async (rule) => {
      const text = await readText(source, rule.schema);
      try {
        if (text !== undefined) return { rule, schema: JSON.parse(text) as unknown };
      } catch {
        // Reported below: what the parser says may quote the file.
      }
      throw new HeddleError(
        "HDL102",
        `${rule.schema}: ${text === undefined ? "there is no such file" : "is no JSON"}`,
        {
          hint: "validate: names a JSON Schema by its path from the project root",
        },
      );
    }),
  );
}

/** The environment of a configuration; where it only lies in the work tree, the error says so. */
export async function environmentOf(config: Config, name: string, project: Project): Promise<EnvironmentConfig> {
  try {
    return findEnvironment(config, name);
  } catch (error) {
    const here = await trustedConfig(project, ".").catch(() => undefined);
    if (!here?.environments.some((candidate) => candidate.name === name)) throw error;
    throw new HeddleError(
      "HDL104",
      `the environment ${name} is in the work tree only, not in the trusted configuration`,
      { hint: "commit it (`git add weave-configs && git commit`), or try it with `--config .`" },
    );
  }
}
