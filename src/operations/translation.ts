import { pointersFor } from "../config/rules.js";
import type { Database, ReadSession, Table } from "../database/database.js";
import { identified, identifiedSession } from "../database/identified.js";
import { type Identities, identitiesOf, keyLinks } from "../database/identities.js";
import { renamed, renamedSession } from "../database/renamed.js";
import { HeddleError, type Problem } from "../model/errors.js";
import { type Naming, tableOf } from "../model/naming.js";
import type { AppliedRecord } from "../model/record.js";
import type { CompareInput } from "./compare.js";
import { identify, secretReferences } from "./identified-inventory.js";
import type { Inventory } from "./inventory.js";
import { recordedShape, shapeDigest } from "./shape-digest.js";

/** A database and two inventories that can be compared: by git's names for datasets, and by natural keys where there are any. */
export interface Translation {
  session: ReadSession;
  /** It, and others of the same moment in which a dataset can be compared as well. */
  sessions: readonly ReadSession[];
  /** The same database, for writing. */
  database: Database;
  tables: readonly Table[];
  git: Inventory;
  base: Inventory | undefined;
  /** Pointers to references that would show what is redacted. */
  secret(dataset: string): readonly string[];
  notes: string[];
}

/**
 * Sees a database as the revision calls things. HDL206 where names do not fit it, HDL209 where entries cannot be told
 * apart by their natural keys, HDL400 where manifests refer to entries that git does not have.
 */
export async function translated(
  raw: ReadSession,
  { database, naming, overlay, environment, codec, others = [] }: Omit<CompareInput, "source">,
  inventories: { git: Inventory; base: Inventory | undefined; record: AppliedRecord | undefined },
): Promise<Translation> {
  const { git, base, record } = inventories;
  const named = renamedSession(raw, naming.map);
  const catalogue = await named.tables();
  checkMap(naming, [...git.sides.keys(), ...(base?.sides.keys() ?? [])], catalogue);
  const identities = identitiesOf(naming, catalogue);
  checkReferences(git, identities);
  const session = identifiedSession(named, identities);
  const isSame =
    identities.size > 0 && base && record?.overlay.digest === shapeDigest(naming, overlay) && sameTrees(git, base);
  const before = !isSame && base && record && withoutOthers(base, recordedShape(record).naming, naming, identities);
  const redact = (name: string) => pointersFor(environment.redact, name);
  const both = await identify({ git, base: before || undefined }, { identities, codec, redact });
  // Natural keys are those that one session has read.
  const more = identities.size > 0 ? [] : others.map((other) => renamedSession(other, naming.map));
  return {
    session,
    sessions: [session, ...more],
    database: identified(renamed(database, naming.map), identities),
    tables: identities.size > 0 ? await session.tables() : catalogue,
    ...both,
    // What is applied already need not be read twice.
    ...(isSame && { base: both.git }),
    secret: secretReferences(git, identities, redact),
  };
}

/** The same where there are no manifests to compare with: for undo, and to look at a database alone. */
export async function translatedDatabase(
  raw: ReadSession,
  database: Database,
  naming: Naming,
): Promise<Pick<Translation, "session" | "database"> & { identities: Identities }> {
  const named = renamedSession(raw, naming.map);
  const identities = identitiesOf(naming, await named.tables());
  return {
    session: identifiedSession(named, identities),
    database: identified(renamed(database, naming.map), identities),
    identities,
  };
}

function sameTrees(a: Inventory, b: Inventory): boolean {
  const trees = ({ weaves }: Inventory) => JSON.stringify([...weaves].map(([weave, { tree }]) => [weave, tree]).sort());
  return trees(a) === trees(b);
}

/** HDL206 where two datasets would lie in one table, or a table is not there. */
function checkMap(naming: Naming, datasets: readonly string[], tables: readonly Table[]): void {
  const problems: Problem[] = [];
  const { map } = naming;
  const hasColumns = tables.some(({ columns }) => columns);
  for (const [dataset, table] of Object.entries(map)) {
    if (!datasets.includes(dataset)) continue;
    const same = datasets.filter((other) => other !== dataset && tableOf(other, naming) === tableOf(dataset, naming));
    for (const other of same) problems.push({ dataset, message: `lies in ${table}, and so does ${other}` });
    if (hasColumns && !tables.some(({ name }) => name === dataset))
      problems.push({ dataset, message: `the database has no table ${table}, which map names` });
  }
  if (problems.length > 0) throw new HeddleError("HDL206", "map does not fit this database", { problems });
}

/** HDL206 where git knows of references to ids that the database does not know: they would keep the ids of git. */
function checkReferences({ sides }: Inventory, identities: Identities): void {
  const problems = [...sides].flatMap(([dataset, { side }]) => {
    const links = identities.get(dataset)?.links ?? [];
    const lost = (side.dataset.references ?? []).filter(
      ({ fields, dataset: parent, to }) =>
        to.some((name) => identities.get(parent)?.ids.includes(name)) &&
        !links.some((link) => link.dataset === parent && link.ways.some(([name]) => fields.includes(name))),
    );
    return lost.map(({ fields, dataset: parent }): Problem => {
      const message = `refers to ${parent} in git, but the database has no such foreign key`;
      return { dataset, path: fields.join(", "), message, hint: "create it, or declare it under references" };
    });
  });
  if (problems.length > 0) throw new HeddleError("HDL206", "references to ids would not be followed", { problems });
}

/** What was applied under other names, or told apart otherwise, lies elsewhere: nothing of it is compared, or deleted. */
function withoutOthers(base: Inventory, then: Naming, now: Naming, identities: Identities): Inventory {
  const called = (naming: Naming, name: string): unknown => {
    const { links = [], key = [] } = identities.get(name) ?? {};
    return [
      tableOf(name, naming),
      naming.identify[name] ?? null,
      ...keyLinks({ links, key }).map(({ dataset }) => [naming.identify[dataset] ?? null]),
    ];
  };
  const isSame = (name: string) => JSON.stringify(called(then, name)) === JSON.stringify(called(now, name));
  const sides = [...base.sides].map(([name, one]) => [name, isSame(name) ? one : { ...one, elsewhere: true }] as const);
  return { ...base, sides: new Map(sides) };
}
