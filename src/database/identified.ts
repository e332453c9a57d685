import type { Dataset } from "../model/dataset.js";
import type { Entry, Key } from "../model/entry.js";
import { HeddleError, type Problem } from "../model/errors.js";
import { fromIdentity, type Identity, type Index, type Indexes, toIdentity } from "../model/identity.js";
import { type Fields, type Json, renderFields } from "../model/json.js";
import { keyParts } from "../model/key.js";
import { parseManifest } from "../model/parse.js";
import type { Found } from "../model/snapshot.js";
import type { Database, Keyed, ReadSession, Table, Update, WriteBatch, WriteSession } from "./database.js";
import { type Identities, topNames } from "./identities.js";
import { indexer, indexesOf, type Load } from "./identity-index.js";
import { wrapped } from "./wrapped.js";

/**
 * A database as if its entries had no ids of their own: datasets that are identified are keyed by their natural key, their
 * ids are left out, and what refers to them reads `{"$key": […]}`. Created entries get ids that the database makes.
 * Natural keys are read as a whole, once in each session that needs them: HDL209 lists those that are null or not unique.
 */
export function identified(database: Database, identities: Identities): Database {
  if (identities.size === 0) return database;
  return wrapped(database, {
    read: (work) => database.read((session) => work(identifiedSession(session, identities))),
    write: (work) => database.write((session) => work(writeSession(session, identities))),
  });
}

/** The same for a session that is open already. */
export function identifiedSession(session: ReadSession, identities: Identities): ReadSession {
  return identities.size === 0
    ? session
    : readSession(session, identities, indexer(identities, rowsOf(session), "the database"));
}

/** The dataset as it is compared: by natural key, without the ids. */
export function asIdentified(dataset: Dataset, identity: Identity | undefined): Dataset {
  if (!identity?.isDeclared) return dataset;
  const kept = (name: string) => !identity.ids.includes(name);
  const { fields, pick, omit = [] } = dataset;
  return {
    ...dataset,
    key: [...identity.key],
    ...(fields && { fields: fields.filter(({ name }) => kept(name)) }),
    ...(pick ? { pick: pick.filter(kept) } : { omit: [...omit, ...identity.ids] }),
  };
}

/** What the engine is asked for: its own key, and all that telling identities takes. `hidden` was not asked for. */
function engineDataset(dataset: Dataset, { isDeclared, own, links }: Identity): { dataset: Dataset; hidden: string[] } {
  const { key, fields, pick, omit } = dataset;
  const needed = [...new Set([...(isDeclared ? own : []), ...key, ...links.flatMap(topNames)])];
  const selected = (name: string) => {
    if (pick) return pick.includes(name) || key.includes(name);
    return !omit?.includes(name) && (fields?.some((field) => field.name === name) ?? true);
  };
  const hidden = needed.filter((name) => !selected(name));
  const unlisted = hidden.filter((name) => !fields?.some((field) => field.name === name));
  return {
    dataset: {
      ...dataset,
      key: isDeclared ? [...own] : key,
      ...(fields && { fields: [...fields, ...unlisted.map((name) => ({ name }))] }),
      ...(pick && { pick: [...pick, ...hidden] }),
      ...(omit && { omit: omit.filter((name) => !hidden.includes(name)) }),
    },
    hidden,
  };
}

/** The entries that may be referred to, or that have natural keys, with no more fields than that takes. */
function rowsOf(session: ReadSession) {
  return async function* ({ dataset: name, own, kept }: Identity) {
    const dataset: Dataset = {
      engine: "",
      name,
      key: [...own],
      fields: kept.map((field) => ({ name: field })),
      pick: [...kept],
      selection: "",
      oneWay: false,
      layout: { kind: "files", fanout: 0 },
    };
    for await (const batch of session.entries(dataset)) {
      yield batch.map(({ key, text }) => ({ place: key, fields: parseManifest(text).fields }));
    }
  };
}

/** Identities of keys that a session's engine knows by others. */
interface Known {
  /** The engine's key → the one that was asked for. */
  keys: Map<Key, Key>;
  /** Keys that no entry has as they are spelled. */
  rest: Key[];
}

async function known({ key: names }: Dataset, identity: Identity, keys: readonly Key[], load: Load): Promise<Known> {
  const result: Known = { keys: new Map(), rest: [] };
  if (identity.isDeclared) {
    const { rows } = await load(identity.dataset);
    for (const key of keys) {
      const row = rows.get(key);
      if (row) result.keys.set(ownKey(identity, row), key);
      else result.rest.push(key);
    }
    return result;
  }
  const indexes = await indexesOf(load, identity.links);
  for (const key of keys) {
    const own = engineKey(names, key, identity, indexes);
    if (own !== undefined) result.keys.set(own, key);
  }
  return result;
}

/** A key with ids in the place of identities; undefined where it refers to an entry that is not there. */
function engineKey(names: readonly string[], key: Key, { links }: Identity, indexes: Indexes): Key | undefined {
  let isThere = true;
  const parts = keyParts(key);
  const fields = fromIdentity(new Map(names.map((name, i) => [name, parts[i]!])), links, indexes, () => {
    isThere = false;
  });
  return isThere ? JSON.stringify([...fields.values()]) : undefined;
}

const ownKey = ({ own }: Identity, row: ReadonlyMap<string, Json>): Key =>
  JSON.stringify(own.map((name) => row.get(name) ?? null));

function readSession(session: ReadSession, identities: Identities, load: Load): ReadSession {
  /** How entries of a dataset are shown, once all that they refer to was read. */
  const reader = async (dataset: Dataset, identity: Identity) => {
    const engine = engineDataset(dataset, identity);
    const indexes = await indexesOf(load, identity.links);
    const show = ({ text }: Entry): Entry => {
      const fields = toIdentity(parseManifest(text).fields, identity.links, indexes);
      const key = JSON.stringify(dataset.key.map((name) => fields.get(name) ?? null));
      return { key, text: renderFields(new Map([...fields].filter(([name]) => !engine.hidden.includes(name)))) };
    };
    return { dataset: engine.dataset, indexes, show };
  };
  const asked = async ({ dataset, keys, ...more }: Keyed) => {
    const identity = identities.get(dataset.name);
    if (!identity) return { dataset, keys, ...more };
    const { keys: own } = await known(dataset, identity, keys, load);
    return { dataset: engineDataset(dataset, identity).dataset, keys: [...own.keys()], ...more };
  };
  return {
    ...session,
    tables: async () => tablesAs(await session.tables(), identities),
    async *entries(dataset, where, digested) {
      const identity = identities.get(dataset.name);
      if (!identity) return yield* session.entries(dataset, where, digested);
      if (identity.isDeclared) await load(dataset.name);
      const { dataset: engine, show } = await reader(dataset, identity);
      for await (const batch of session.entries(engine, where)) yield batch.map(show);
    },
    async *lookup(dataset, keys) {
      const identity = identities.get(dataset.name);
      if (!identity) return yield* session.lookup(dataset, keys);
      const { keys: own, rest } = await known(dataset, identity, keys, load);
      const { dataset: engine, indexes, show } = await reader(dataset, identity);
      const found = (names: ReadonlyMap<Key, Key>) => (batch: Found[]) =>
        batch.map(({ requested, entry }) => ({ requested: names.get(requested)!, entry: show(entry) }));
      for await (const batch of session.lookup(engine, [...own.keys()])) yield found(own)(batch);
      if (rest.length === 0 || !identity.isUnique) return;
      const spelled = new Map(
        rest.flatMap((key) => {
          const other = engineKey(identity.key, key, identity, indexes);
          return other === undefined ? [] : [[other, key] as const];
        }),
      );
      const byNatural = { ...engine, key: [...identity.key] };
      for await (const batch of session.lookup(byNatural, [...spelled.keys()])) yield found(spelled)(batch);
    },
    async normalize(dataset, entries) {
      const tops = new Set((identities.get(dataset.name)?.links ?? []).flatMap(topNames));
      if (tops.size === 0) return session.normalize(dataset, entries);
      const each = (fields: Fields, value: (name: string, own: Json) => Json): Fields =>
        new Map([...fields].map(([name, own]) => [name, tops.has(name) ? value(name, own) : own]));
      const normal = await session.normalize(
        dataset,
        entries.map((fields) => each(fields, () => null)),
      );
      return normal.map((fields, i) => each(fields, (name, own) => entries[i]!.get(name) ?? own));
    },
    examine: (datasets, thorough) =>
      session.examine(
        datasets.map((dataset) => {
          const identity = identities.get(dataset.name);
          return identity ? engineDataset(dataset, identity).dataset : dataset;
        }),
        thorough,
      ),
    async dependents(doomed, rewritten) {
      const lists: [Keyed[], (Keyed & { fields: readonly string[] })[]] = [[], []];
      for (const one of doomed) lists[0].push(await asked(one));
      for (const one of rewritten) lists[1].push({ ...(await asked(one)), fields: one.fields });
      return session.dependents(...lists);
    },
  };
}

function writeSession(session: WriteSession, identities: Identities): WriteSession {
  const load = indexer(identities, rowsOf(session), "the database");
  return {
    ...session,
    ...readSession(session, identities, load),
    // A natural key need have no index.
    refusesExisting: false,
    ...(session.writeTexts && {
      writeTexts: async (dataset: Dataset, entries: readonly Entry[]) =>
        identities.has(dataset.name) ? entries : session.writeTexts!(dataset, entries),
    }),
    async write(dataset, changes) {
      const identity = identities.get(dataset.name);
      if (!identity) return session.write(dataset, changes);
      const { dataset: engine } = engineDataset(dataset, identity);
      const index = await load(dataset.name);
      const indexes = await indexesOf(load, identity.links);
      if (changes.kind === "create") {
        const entries = await created(session, engine, identity, changes.entries, { index, indexes });
        return session.write(engine, { kind: "create", entries });
      }
      const keys = changes.kind === "delete" ? changes.keys : changes.entries.map(({ key }) => key);
      const { keys: own } = await known(dataset, identity, keys, load);
      const asks = new Map([...own].map(([there, here]) => [here, there]));
      const there = (key: Key) => asks.get(key) ?? vanished(dataset, key);
      if (changes.kind === "delete") {
        await session.write(engine, { kind: "delete", keys: changes.keys.map(there) });
        for (const key of changes.keys) index.remove(key);
        return;
      }
      const entries = changes.entries.map(({ key, set, ...more }): Update => {
        return { ...more, key: there(key), set: withIds(set, identity, indexes, key) };
      });
      await session.write(engine, { kind: "update", entries });
      changes.entries.forEach(({ key, set }, i) => {
        follow(index, identity, key, set, entries[i]!.set);
      });
    },
  };
}

type Created = (WriteBatch & { kind: "create" })["entries"];

/** Entries with ids: those that they bring (an undo's do), or new ones. They are known at once, since they may refer to each other. */
async function created(
  session: WriteSession,
  dataset: Dataset,
  identity: Identity,
  entries: Created,
  { index, indexes }: { index: Index; indexes: Indexes },
): Promise<Created> {
  const { ids, sample } = identity;
  const bare = ids.length === 0 ? [] : entries.filter(({ fields }) => ids.some((name) => !fields.has(name)));
  const fresh = bare.length === 0 ? [] : await session.newIds(dataset, ids, bare.length, sample);
  const made = new Map(bare.map(({ fields }, i) => [fields, fresh[i]!]));
  const withOwn = entries.map(({ key, fields }) => ({
    key,
    fields: new Map([...(made.get(fields) ?? []), ...fields]),
  }));
  for (const { key, fields } of withOwn) index.add(key, fields);
  return withOwn.map(({ key, fields }) => {
    const raw = withIds(fields, identity, indexes, key) as Fields;
    index.add(key, raw);
    return { key: ownKey(identity, raw), fields: raw };
  });
}

/** An index follows what is written to its entries. */
function follow(index: Index, { key: names }: Identity, key: Key, said: Update["set"], written: Update["set"]): void {
  const row = index.rows.get(key);
  if (!row) return;
  const parts = keyParts(key).map((part, i) => said.get(names[i]!) ?? part);
  index.remove(key);
  const values = [...row].map(([name, value]): [string, Json] => [name, written.get(name) ?? value]);
  index.add(JSON.stringify(parts), new Map(values));
}

/** Fields with ids in the place of identities. HDL206 where they refer to an entry that is not there. */
function withIds(set: Update["set"], { dataset, links }: Identity, indexes: Indexes, key: Key): Update["set"] {
  const problems: Problem[] = [];
  const result = fromIdentity(set, links, indexes, (link) => {
    const message = `refers to an entry of ${link.dataset} that the database does not have`;
    problems.push({ dataset, key, path: `/${link.ways.map((way) => way.join("/")).join(", /")}`, message });
  });
  if (problems.length === 0) return result;
  throw new HeddleError("HDL206", `${dataset}: an entry refers to one that is not there`, { problems });
}

function vanished(dataset: Dataset, key: Key): never {
  throw new HeddleError("HDL602", `${dataset.name}: entries are gone since this plan was made`, {
    problems: [{ dataset: dataset.name, key, message: "was deleted" }],
    hint: "plan again",
  });
}

/** The catalogue with natural keys as unique keys, since that was checked, and with the references that are declared. */
function tablesAs(tables: readonly Table[], identities: Identities): Table[] {
  const missing = [...identities.keys()].filter((name) => !tables.some((table) => table.name === name));
  const there = missing.map(
    (name): Table => ({ name, key: [...identities.get(name)!.own], uniques: [], references: [] }),
  );
  return [...tables, ...there].map((table) => {
    const identity = identities.get(table.name);
    if (!identity) return table;
    const isLink = (fields: readonly string[], dataset: string) =>
      identity.links.some((link) => link.dataset === dataset && topNames(link).join("\n") === fields.join("\n"));
    // The id of a row that comes later is not known before.
    const foreign = table.references.map(({ deferrable, ...reference }) =>
      deferrable && !isLink(reference.fields, reference.dataset) ? { ...reference, deferrable } : reference,
    );
    const declared = identity.links
      .filter(
        (link) =>
          !foreign.some(
            ({ fields, dataset }) => dataset === link.dataset && fields.join("\n") === topNames(link).join("\n"),
          ),
      )
      .map((link) => ({ fields: topNames(link), dataset: link.dataset, to: [...link.to] }));
    const uniques = identity.isDeclared ? [...table.uniques, [...identity.key]] : table.uniques;
    return { ...table, uniques, references: [...foreign, ...declared] };
  });
}
