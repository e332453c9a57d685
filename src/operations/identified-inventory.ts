import { asIdentified } from "../database/identified.js";
import { type Identities, keyLinks } from "../database/identities.js";
import { indexer, indexesOf, type Load } from "../database/identity-index.js";
import type { Codec } from "../model/codec.js";
import type { Digest, Key } from "../model/entry.js";
import { HeddleError, type Problem } from "../model/errors.js";
import { type Identity, type Index, identityOf, isReference, toIdentity } from "../model/identity.js";
import type { Json } from "../model/json.js";
import { formatPointer } from "../model/pointer.js";
import { type Side, type Wanted, withFields } from "../plan/side.js";
import { entryName } from "../repository/layout.js";
import type { Inventory } from "./inventory.js";

interface How {
  identities: Identities;
  codec: Codec;
  /** Pointers of a dataset that are never shown. */
  redact(dataset: string): readonly string[];
}

/**
 * What a revision wants and what was applied, both by natural keys: entries are named by these, have no ids of their own,
 * and refer to others by `{"$key": […]}`. All entries of the datasets concerned are read for that.
 */
export async function identify(
  { git, base }: { git: Inventory; base: Inventory | undefined },
  how: How,
): Promise<{ git: Inventory; base: Inventory | undefined; notes: string[] }> {
  if (how.identities.size === 0) return { git, base, notes: [] };
  const wanted = indexesOfInventory(git, how.identities, "git");
  const applied = base && indexesOfInventory(base, how.identities, undefined);
  const notes: string[] = [];
  for (const [name, identity] of how.identities) {
    if (!identity.isDeclared || !git.sides.has(name)) continue;
    const index = await wanted.load(name);
    const [row] = index.rows.values();
    if (row) identity.sample = row;
    if (applied) notes.push(...renamedNotes(identity, index, await applied.load(name)));
  }
  return {
    git: await translatedInventory(git, wanted, how, true),
    base: base && applied && (await translatedInventory(base, applied, how, false)),
    notes,
  };
}

/** Pointers to references that would show a natural key with redacted or masked fields. */
export function secretReferences(
  { sides }: Inventory,
  identities: Identities,
  redact: How["redact"],
): (dataset: string) => string[] {
  return (dataset) =>
    (identities.get(dataset)?.links ?? [])
      .filter((link) => isSecret(link.dataset, { identities, redact }, sides))
      .flatMap(({ ways }) => ways.map((way) => formatPointer([way[0]])));
}

/** Whether the natural key of a dataset, or of one that it goes over, has fields that are never shown. */
export function isSecret(
  dataset: string,
  { identities, redact }: Pick<How, "identities" | "redact">,
  sides: Inventory["sides"],
): boolean {
  const identity = identities.get(dataset);
  if (!identity) return false;
  const { key } = identity;
  const hidden = [
    ...redact(dataset),
    ...(sides.get(dataset)?.side.dataset.masked ?? []).map((name) => formatPointer([name])),
  ];
  return (
    key.some((name) => hidden.some((pointer) => `${pointer}/`.startsWith(`${formatPointer([name])}/`))) ||
    keyLinks(identity).some((link) => isSecret(link.dataset, { identities, redact }, sides))
  );
}

/** Manifests as they are shaped, for an index. */
function rowsOf({ sides }: Inventory) {
  return async function* ({ dataset }: Identity) {
    const side = sides.get(dataset)?.side;
    for await (const batch of side?.read([...side.files]) ?? []) {
      yield batch.map(({ name, fields }) => ({ place: name.replace(/\.json$/, ""), fields }));
    }
  };
}

/** Entries that git still has under their ids, but with another natural key: other entries. */
function renamedNotes({ dataset, ids, key }: Identity, git: Index, base: Index): string[] {
  if (ids.length === 0) return [];
  const changed = [...git.rows].filter(([identity, row]) => {
    const before = base.find(
      ids,
      ids.map((name) => row.get(name) ?? null),
    );
    return before !== undefined && before !== identity && !git.rows.has(before);
  });
  if (changed.length === 0) return [];
  const have = changed.length === 1 ? "1 entry has" : `${changed.length} entries have`;
  return [
    `${dataset}: ${have} another ${key.join(", ")} than was applied: by that they are others, to delete and to create`,
  ];
}

/** The indexes of an inventory, and the names that manifests have by the identities of their entries. */
interface Indexed {
  load: Load;
  manifests: Map<string, Map<Key, string>>;
}

function indexesOfInventory(inventory: Inventory, identities: Identities, where: string | undefined): Indexed {
  const manifests = new Map<string, Map<Key, string>>();
  const load = indexer(identities, rowsOf(inventory), where, (dataset, key, place) => {
    const names = manifests.get(dataset) ?? new Map<Key, string>();
    manifests.set(dataset, names.set(key, `${place}.json`));
  });
  return { load, manifests };
}

async function translatedInventory(
  inventory: Inventory,
  indexed: Indexed,
  how: How,
  strict: boolean,
): Promise<Inventory> {
  const sides: Inventory["sides"] = new Map();
  for (const [name, { side, ...more }] of inventory.sides) {
    const identity = how.identities.get(name);
    const hide = isSecret(name, how, inventory.sides);
    sides.set(name, {
      ...more,
      side: identity ? await translatedSide(side, identity, indexed, how.codec, { hide, strict }) : side,
    });
  }
  return { ...inventory, sides };
}

async function translatedSide(
  side: Side,
  identity: Identity,
  { load, manifests: known }: Indexed,
  codec: Codec,
  { hide, strict }: { hide: boolean; strict: boolean },
): Promise<Side> {
  const { links, isDeclared, ids } = identity;
  const dataset = asIdentified(side.dataset, identity);
  const indexes = await indexesOf(load, links);
  const nameOf = entryNamer(codec, hide);
  const translate = (entry: Wanted, problems: Problem[]): Wanted => {
    const unresolved: Parameters<typeof toIdentity>[3] = (link) => {
      const path = link.ways.map((way) => formatPointer(way)).join(", ");
      const message = `refers to an entry of ${link.dataset} that git does not have`;
      problems.push({ dataset: dataset.name, key: entry.name.replace(/\.json$/, ""), path, message });
    };
    const fields = new Map(toIdentity(entry.fields, links, indexes, unresolved));
    const key = identityOf(fields, dataset.key) ?? entry.key;
    for (const name of isDeclared ? ids : []) fields.delete(name);
    return { ...withFields(entry, fields), name: nameOf(key), key };
  };
  const read = async function* (files: Parameters<Side["read"]>[0]) {
    const problems: Problem[] = [];
    for await (const batch of side.read(files)) {
      const entries = batch.map((entry) => translate(entry, problems));
      if (!strict || problems.length === 0) yield entries;
    }
    if (!strict || problems.length === 0) return;
    throw new HeddleError("HDL400", `${dataset.name}: entries refer to others that git does not have`, {
      problems,
      hint: "ids mean nothing in another database: add these entries, or correct the references",
    });
  };
  if (!isDeclared && keyLinks({ links, key: dataset.key }).length === 0) {
    const { shapedDigest: _, learn: __, ...rest } = side;
    return { ...rest, dataset, shaped: true, nameOf, read };
  }
  /** The names that manifests have, by the names of entries. */
  const manifests = new Map<string, readonly [name: string, digest: Digest]>();
  if (isDeclared) {
    await load(identity.dataset);
    for (const [key, name] of known.get(identity.dataset) ?? [])
      manifests.set(nameOf(key), [name, side.files.get(name)!]);
  } else {
    for await (const batch of side.read([...side.files])) {
      for (const entry of batch) manifests.set(translate(entry, []).name, [entry.name, side.files.get(entry.name)!]);
    }
  }
  return {
    dataset,
    files: new Map([...manifests].map(([name, [, digest]]) => [name, digest])),
    shaped: true,
    nameOf,
    read: (files) => read(files.map(([name]) => manifests.get(name)!)),
  };
}

/** Names of entries by their keys, as files have them. @param hide says nothing of the key */
export function entryNamer(codec: Codec, hide: boolean): Side["nameOf"] {
  const keyName: Codec["keyName"] = (part) =>
    hide || isReference(part) ? { text: hide ? "" : textOf(part, codec.keyName), plain: false } : codec.keyName(part);
  return (key) => entryName(key, keyName);
}

function textOf(part: Json, keyName: Codec["keyName"]): string {
  return isReference(part) ? part.$key.map((inner) => textOf(inner, keyName)).join(",") : keyName(part).text;
}
