import type { Codec } from "../model/codec.js";
import type { Dataset } from "../model/dataset.js";
import { HeddleError } from "../model/errors.js";
import type { Database } from "./database.js";
import type { EventStore } from "./event-store.js";
import type { Scratch } from "./postgres/scratch.js";

export interface OpenOptions {
  /** What to do where row-level security would hide rows: raise (`off`, the default) or read what the role may see. */
  rowSecurity?: "off" | "accept";
  /** How messages name the database, instead of its address. */
  label?: string;
}

type Open = (url: string, options: OpenOptions) => Database;

const openPostgres = async (): Promise<Open> =>
  (await withNavigator(() => import("./postgres/postgres.js"))).openPostgres;
const openPglite = async (): Promise<Open> => (await import("./postgres/pglite.js")).openPglite;
const openMongodb = async (): Promise<Open> => (await import("./mongodb/mongodb.js")).openMongodb;

/**
 * Where there is no `navigator` to ask, as in Node.js 20, `pg` finds out where it runs by an HTTP response: loading what makes
 * one takes longer than loading `pg`.
 */
async function withNavigator<T>(load: () => Promise<T>): Promise<T> {
  const scope = globalThis as { navigator?: unknown };
  if (scope.navigator !== undefined) return load();
  scope.navigator = { userAgent: `Node.js/${process.versions.node}` };
  try {
    return await load();
  } finally {
    delete scope.navigator;
  }
}

/** The one list of engines, by the scheme of a URL. Drivers load when they are first needed. */
const engines: Record<string, () => Promise<Open>> = {
  "postgres:": openPostgres,
  "postgresql:": openPostgres,
  "pglite:": openPglite,
  "mongodb:": openMongodb,
  "mongodb+srv:": openMongodb,
};

/** By the engine's name in `_dataset.json`. */
const codecs: Record<string, () => Promise<Codec>> = {
  postgresql: async () => (await import("./postgres/codec.js")).postgresCodec,
  mongodb: async () => (await import("./mongodb/codec.js")).mongodbCodec,
};

/**
 * A database by its URL: `postgres://…`, `postgresql://…`, `pglite:DIRECTORY`, `mongodb://…`, `mongodb+srv://…`.
 * Connects at the first use only. HDL200 for a scheme that no engine has; the URL itself is never repeated.
 */
export async function openDatabase(url: string, options: OpenOptions = {}): Promise<Database> {
  const scheme = /^[a-z][a-z0-9+.-]*:/i.exec(url)?.[0].toLowerCase();
  const load = scheme !== undefined && Object.hasOwn(engines, scheme) ? engines[scheme] : undefined;
  if (!load) {
    const name = options.label ?? "the database URL";
    throw new HeddleError("HDL200", `${name}: ${scheme ? `no engine for ${scheme}` : "not a URL"}`, {
      hint: `a database URL begins with ${Object.keys(engines).join(", ")}`,
    });
  }
  return (await load())(url, options);
}

type OpenStore = (url: string, table: string, label: string) => EventStore;

const postgresStore = async (): Promise<OpenStore> => (await import("./postgres/postgres.js")).openPostgresEvents;
const pgliteStore = async (): Promise<OpenStore> => (await import("./postgres/pglite.js")).openPgliteEvents;

/** Engines that keep a table of events, by the scheme of a URL. */
const stores: Record<string, () => Promise<OpenStore>> = {
  "postgres:": postgresStore,
  "postgresql:": postgresStore,
  "pglite:": pgliteStore,
};

/** A table of events in a database. HDL200 for an engine that keeps none. */
export async function openEventStore(
  url: string,
  { table, label }: { table: string; label: string },
): Promise<EventStore> {
  const scheme = /^[a-z][a-z0-9+.-]*:/i.exec(url)?.[0].toLowerCase() ?? "";
  if (Object.hasOwn(stores, scheme)) return (await stores[scheme]!())(url, table, label);
  throw new HeddleError("HDL200", `${label}: events go into PostgreSQL only`, {
    hint: `the URL begins with ${Object.keys(stores).join(", ")}`,
  });
}

/** What an engine knows of values; loads no driver. HDL400 for an engine that there is not. */
export async function codecFor(engine: string): Promise<Codec> {
  const load = Object.hasOwn(codecs, engine) ? codecs[engine] : undefined;
  if (load) return load();
  throw new HeddleError("HDL400", `no engine is called ${JSON.stringify(engine)}`, {
    hint: `engines: ${Object.keys(codecs).join(", ")}`,
  });
}

/** Databases that are made for a moment, by the engine's name in `_dataset.json`. */
const scratches: Record<string, (datasets: readonly Dataset[]) => Promise<Scratch>> = {
  postgresql: async (datasets) => (await import("./postgres/scratch.js")).openPostgresScratch(datasets),
};

/** An empty database with tables for these datasets, gone after use; undefined for an engine that has none to give. */
export async function openScratch(engine: string, datasets: readonly Dataset[]): Promise<Scratch | undefined> {
  return Object.hasOwn(scratches, engine) ? scratches[engine]!(datasets) : undefined;
}
