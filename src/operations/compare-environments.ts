import type { EnvironmentConfig } from "../config/config.js";
import { pointersFor } from "../config/rules.js";
import type { ReadSession } from "../database/database.js";
import { asIdentified } from "../database/identified.js";
import type { Identities } from "../database/identities.js";
import type { Dataset } from "../model/dataset.js";
import type { Digest, Key } from "../model/entry.js";
import { HeddleError } from "../model/errors.js";
import type { Fields } from "../model/json.js";
import type { Naming } from "../model/naming.js";
import { differingPaths } from "../plan/entry-diff.js";
import { entryName, type ShownValue, shownKey, showValues } from "../plan/show.js";
import { comparedDigest, without } from "../plan/side.js";
import { slices } from "../reconcile/chunks.js";
import { entryNamer, isSecret, secretReferences } from "./identified-inventory.js";
import { type Inventory, readInventory } from "./inventory.js";
import { preflight } from "./preflight.js";
import { type Destination, locate, wantedState, withDatabase } from "./target.js";
import { translatedDatabase } from "./translation.js";
import { trustedFields } from "./values.js";

export interface CompareEnvironmentsOptions {
  /** Where to look for the project from. */
  directory: string;
  environments: readonly [first: string, second: string];
  /** Whose description of the datasets counts; HEAD. */
  revision?: string;
  /** Where the trusted configuration is read from: a revision, or a directory; HEAD. */
  config?: string;
  progress?: (text: string) => void;
}

/** An entry by its plain name and key; `(redacted)` for a key that is not shown. */
interface Named {
  name: string;
  key: string;
}

export interface ComparedDataset {
  dataset: string;
  /** Entries that both have, and that are the same. */
  same: number;
  onlyFirst: Named[];
  onlySecond: Named[];
  /** `from` is what the first environment has, `to` the second. */
  differing: (Named & { fields: ShownValue[] })[];
}

export interface EnvironmentComparison {
  environments: readonly [first: string, second: string];
  /** Commit id. */
  revision: string;
  datasets: ComparedDataset[];
  differs: boolean;
}

/**
 * Compares what the databases of two environments hold, over the datasets that both get, field by field: all rows, whoever
 * wrote them. Left out is what either ignores or has as local; redacted as in plans is what either redacts. With natural
 * keys where either has them. HDL104 where there is no such dataset, HDL206 where a database does not fit, HDL209 where entries cannot be told apart.
 */
export async function compareEnvironments(options: CompareEnvironmentsOptions): Promise<EnvironmentComparison> {
  const { environments, revision, progress, ...more } = options;
  const [first, second] = await Promise.all(environments.map((environment) => locate({ ...more, environment })));
  return withDatabase(first!, (one) =>
    withDatabase(second!, async (other) => {
      if (one.codec.engine !== other.codec.engine)
        throw new HeddleError("HDL203", "the two environments have databases of different engines");
      const sides = [await wantedSide(one, revision), await wantedSide(other, revision)] as const;
      const naming = sharedNaming(sides[0].naming, sides[1].naming);
      const names = [...sides[0].inventory.sides.keys()].filter((name) => sides[1].inventory.sides.has(name)).sort();
      if (names.length === 0) {
        throw new HeddleError("HDL104", `the revision has no dataset that both ${environments.join(" and ")} get`, {
          hint: "environments that share a weave are compared by what it holds: weave it first, or name a revision with --rev",
        });
      }
      const datasets = await one.database.read((a) =>
        other.database.read(async (b) => {
          const open = async (raw: ReadSession, i: 0 | 1): Promise<Opened> => {
            const { environment, database } = [one, other][i]!;
            const own = { ...naming, map: sides[i].naming.map };
            const { session, identities } = await translatedDatabase(raw, database, own);
            const described = names.map((name) => describe(name, sides, identities));
            await preflight(session, described, await session.tables());
            return { session, identities, environment, described };
          };
          const opened = [await open(a, 0), await open(b, 1)] as const;
          const compared: ComparedDataset[] = [];
          for (const [i, name] of names.entries()) {
            progress?.(`comparing ${name}`);
            compared.push(await compareDataset(i, opened, { codec: one.codec, inventory: sides[0].inventory }));
          }
          return compared;
        }),
      );
      const differs = datasets.some(
        (part) => part.onlyFirst.length + part.onlySecond.length + part.differing.length > 0,
      );
      return { environments, revision: sides[0].revision, datasets, differs };
    }),
  );
}

interface Wanted {
  inventory: Inventory;
  naming: Naming;
  revision: string;
}

interface Opened {
  session: ReadSession;
  identities: Identities;
  environment: EnvironmentConfig;
  described: readonly Dataset[];
}

async function wantedSide(destination: Destination, revision: string | undefined): Promise<Wanted> {
  const { environment } = destination;
  const wanted = await wantedState(destination, {
    directory: "",
    environment: environment.name,
    ...(revision !== undefined && { revision }),
  });
  const { naming, revision: commit } = wanted;
  return { inventory: await readInventory({ ...wanted, weaves: environment.weaves }), naming, revision: commit };
}

/** HDL206 where the two tell the entries of a dataset apart by other fields. */
function sharedNaming(a: Naming, b: Naming): Naming {
  const problems = Object.keys(a.identify)
    .filter((name) => b.identify[name] && JSON.stringify(a.identify[name]) !== JSON.stringify(b.identify[name]))
    .map((dataset) => ({ dataset, message: "the two environments identify its entries by other fields" }));
  if (problems.length > 0) throw new HeddleError("HDL206", "the two environments cannot be compared", { problems });
  const references = { ...a.references, ...b.references };
  for (const name of Object.keys(a.references)) references[name] = { ...b.references[name], ...a.references[name] };
  return { map: {}, identify: { ...b.identify, ...a.identify }, references };
}

/** A dataset with what both overlays leave of its fields. */
function describe(name: string, [a, b]: readonly [Wanted, Wanted], identities: Identities): Dataset {
  const [one, other] = [a, b].map(({ inventory }) => inventory.sides.get(name)!.side.dataset) as [Dataset, Dataset];
  const both = new Set(other.fields?.map((field) => field.name));
  const fields = one.fields?.filter((field) => both.has(field.name));
  const masked = [...new Set([...(one.masked ?? []), ...(other.masked ?? [])])];
  const dataset = { ...one, ...(fields && { fields }), ...(masked.length > 0 && { masked }) };
  return asIdentified(dataset, identities.get(name));
}

async function compareDataset(
  index: number,
  opened: readonly [Opened, Opened],
  { codec, inventory }: { codec: Destination["codec"]; inventory: Inventory },
): Promise<ComparedDataset> {
  const [first, second] = opened;
  const [dataset, other] = [first.described[index]!, second.described[index]!];
  const { name } = dataset;
  const pointers = (part: "ignore" | "local" | "redact") =>
    opened.flatMap(({ environment }) => pointersFor(environment[part], name));
  const rules = { ignore: pointers("ignore"), local: pointers("local") };
  const redactOf = (asked: string) => opened.flatMap(({ environment }) => pointersFor(environment.redact, asked));
  const how = { identities: first.identities, redact: redactOf };
  const redact = [...pointers("redact"), ...secretReferences(inventory, first.identities, redactOf)(name)];
  const namer = entryNamer(codec, isSecret(name, how, inventory.sides));
  const context = { readValues: async () => new Map(), redact: () => redact, typeName: codec.typeName };
  const named = (key: Key): Named => ({ name: entryName(namer(key)), key: shownKey(dataset, key, context) });

  const seen = await digests(second.session, other, rules);
  const result: ComparedDataset = { dataset: name, same: 0, onlyFirst: [], onlySecond: [], differing: [] };
  const differing: Key[] = [];
  for (const [key, digest] of await digests(first.session, dataset, rules)) {
    const there = seen.get(key);
    seen.delete(key);
    if (there === undefined) result.onlyFirst.push(named(key));
    else if (there === digest) result.same++;
    else differing.push(key);
  }
  result.onlySecond = [...seen.keys()].map(named);
  for (const keys of slices(differing, batchSize)) {
    const [before, after] = [await values(first.session, dataset, keys), await values(second.session, other, keys)];
    for (const key of keys) {
      const states = [before.get(key), after.get(key)].map(
        (fields) => fields && without(fields, [...rules.ignore, ...rules.local]),
      );
      const shown = { before: states[0], after: states[1] };
      const fields = showValues(
        { dataset, typeName: codec.typeName, redact },
        differingPaths(states[0], states[1]),
        shown,
      );
      result.differing.push({ ...named(key), fields });
    }
  }
  for (const list of [result.onlyFirst, result.onlySecond, result.differing])
    list.sort((a, b) => (a.name < b.name ? -1 : 1));
  return result;
}

/** Entries. */
const batchSize = 500;

async function digests(
  session: ReadSession,
  dataset: Dataset,
  rules: { ignore: string[]; local: string[] },
): Promise<Map<Key, Digest>> {
  const found = new Map<Key, Digest>();
  for await (const batch of session.entries(dataset)) {
    for (const { key, text } of batch) found.set(key, comparedDigest(trustedFields(text), rules));
  }
  return found;
}

async function values(session: ReadSession, dataset: Dataset, keys: readonly Key[]): Promise<Map<Key, Fields>> {
  const found = new Map<Key, Fields>();
  for await (const batch of session.lookup(dataset, keys)) {
    for (const { requested, entry } of batch) found.set(requested, trustedFields(entry.text));
  }
  return found;
}
