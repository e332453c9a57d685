import { pointersFor } from "../config/rules.js";
import type { ReadSession } from "../database/database.js";
import { renamedSession } from "../database/renamed.js";
import type { Dataset } from "../model/dataset.js";
import { HeddleError } from "../model/errors.js";
import { bucketCount, differingBuckets, type Fingerprint, type SeenRows, total } from "../model/fingerprint.js";
import type { AppliedRecord } from "../model/record.js";
import { fingerprinted } from "../plan/fingerprinted.js";
import type { Plan } from "../plan/plan.js";
import type { ListedEntries } from "../repository/changed.js";
import { entryName } from "../repository/layout.js";
import type { CompareInput } from "./compare.js";
import { preflight } from "./preflight.js";

/** Entries from which on a fingerprint is kept: fewer are read as fast as they are digested. */
const leastEntries = 1000;

/** The fingerprints of an environment's datasets, each asked for once. */
export interface Fingerprints {
  /** As the last apply left the rows, by dataset, where one was kept. */
  kept(): Promise<ReadonlyMap<string, Fingerprint>>;
  /** Which entries may not be as the last apply left them: what differs between fingerprints then and now tells. */
  moved(dataset: Dataset): Promise<ListedEntries>;
  /** As this session sees the rows, of datasets whose entries will be what the plan wants once it is applied. */
  seen(plan: Plan): Promise<ReadonlyMap<string, SeenRows>>;
}

type Input = Pick<CompareInput, "codec" | "naming" | "environment">;

/** Undefined where the engine makes no fingerprints, or where entries are not told apart by the database's own keys. */
export function fingerprintsOf(
  raw: ReadSession,
  { codec, naming, environment }: Input,
  record: AppliedRecord | undefined,
): Fingerprints | undefined {
  const session = renamedSession(raw, naming.map);
  if (!session.fingerprint || Object.keys(naming.identify).length > 0) return undefined;
  const datasets = Object.entries(record?.datasets ?? {});
  const plans = new Map(datasets.flatMap(([name, { fingerprint }]) => (fingerprint ? [[name, fingerprint]] : [])));
  let stored: Promise<ReadonlyMap<string, Fingerprint>> | undefined;
  const kept = () => {
    stored ??= session.fingerprints!(plans);
    return stored;
  };
  const shown = (dataset: Dataset) => {
    const pointers = (byDataset: Record<string, readonly string[]>) => pointersFor(byDataset, dataset.name);
    return fingerprinted(dataset, { ignore: pointers(environment.ignore), local: pointers(environment.local) });
  };
  const made = new Map<string, SeenRows>();
  const now = async (dataset: Dataset): Promise<SeenRows> => {
    const seen = made.get(dataset.name) ?? { rows: await session.fingerprint!(shown(dataset)) };
    made.set(dataset.name, seen);
    return seen;
  };
  const asKept = (name: string, rows: Fingerprint): SeenRows => ({ rows, kept: plans.get(name)! });
  return {
    kept,
    async moved(dataset) {
      const then = (await kept()).get(dataset.name);
      // What does not fit the table is told with all else that does not.
      if (!then || !(await fits(session, dataset))) return "all";
      if ((await session.fingerprintTotal!(shown(dataset))) === total(then)) {
        made.set(dataset.name, asKept(dataset.name, then));
        return "changed";
      }
      const buckets = differingBuckets(then, (await now(dataset)).rows);
      if (buckets.size > bucketCount / 4) return "all";
      return async (names) => {
        const missing = new Set(names);
        const moved = new Set<string>();
        for await (const batch of session.keysByBucket!(dataset, buckets)) {
          for (const { key, chosen } of batch) {
            const name = entryName(key, codec.keyName);
            if (missing.delete(name) && chosen) moved.add(name);
          }
        }
        // A bucket does not tell which rows are no longer in it.
        return new Set([...moved, ...missing]);
      };
    },
    async seen({ datasets }) {
      const seen = new Map<string, SeenRows>();
      for (const { dataset, kept: left, wanted, compared } of datasets) {
        // What is left otherwise than git wants it would be taken for what git wants.
        if (wanted < leastEntries || left.some(({ why }) => why !== "released")) continue;
        const { name } = dataset;
        const then = compared === "changed" ? (await kept()).get(name) : undefined;
        if (then) seen.set(name, asKept(name, then));
        else if (compared !== "changed") seen.set(name, await now(dataset));
      }
      return seen;
    },
  };
}

async function fits(session: ReadSession, dataset: Dataset): Promise<boolean> {
  try {
    await preflight(session, [dataset], await session.tables());
    return true;
  } catch (error) {
    if (error instanceof HeddleError && error.code === "HDL206") return false;
    throw error;
  }
}
