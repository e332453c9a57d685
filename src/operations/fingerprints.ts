import { hash } from "node:crypto";
import { pointersFor } from "../config/rules.js";
import type { ReadSession, Table } from "../database/database.js";
import { renamedSession } from "../database/renamed.js";
import type { Dataset } from "../model/dataset.js";
import { HeddleError } from "../model/errors.js";
import {
  bucketDigits,
  combine,
  differingBuckets,
  type Fingerprint,
  type SeenRows,
  total,
} from "../model/fingerprint.js";
import type { AppliedRecord } from "../model/record.js";
import type { Snapshot } from "../model/snapshot.js";
import { fingerprinted } from "../plan/fingerprinted.js";
import type { DatasetPlan } from "../plan/plan.js";
import type { Side } from "../plan/side.js";
import type { Target } from "../reconcile/reconcile.js";
import type { ListedEntries } from "../repository/changed.js";
import { placeDigits } from "../repository/layout.js";
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
  /** A snapshot of nothing but what `moved` told of a dataset; undefined where it told of no buckets. */
  live(session: ReadSession, dataset: string): Snapshot | undefined;
  /** As this session sees the rows, of datasets whose entries will be what the plan wants once it is applied. */
  seen(targets: ReadonlyMap<DatasetPlan, Pick<Target, "git">>): Promise<ReadonlyMap<string, SeenRows>>;
}

type Input = Pick<CompareInput, "naming" | "environment">;

/** Undefined where the engine makes no fingerprints, or where entries are not told apart by the database's own keys. */
export function fingerprintsOf(
  raw: ReadSession,
  { naming, environment }: Input,
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
  let catalogue: Promise<readonly Table[]> | undefined;
  const tables = () => {
    catalogue ??= session.tables();
    return catalogue;
  };
  const shown = (dataset: Dataset) => {
    const pointers = (byDataset: Record<string, readonly string[]>) => pointersFor(byDataset, dataset.name);
    return fingerprinted(dataset, { ignore: pointers(environment.ignore), local: pointers(environment.local) });
  };
  const made = new Map<string, SeenRows | undefined>();
  const now = async (dataset: Dataset): Promise<SeenRows | undefined> => {
    if (!made.has(dataset.name)) {
      const rows = await session.fingerprint!(shown(dataset));
      made.set(dataset.name, rows && { rows, untold: [] });
    }
    return made.get(dataset.name);
  };
  const asKept = (name: string, rows: Fingerprint, untold: readonly string[] = []): SeenRows => {
    return { rows, untold, kept: plans.get(name)! };
  };
  const untold = (name: string) => record?.datasets?.[name]?.untold ?? [];
  /** What a trigger took away as it was written: fingerprints have no such row, and would not miss it. */
  const isUnwritten = (name: string) =>
    record?.exceptions.some(
      (one) => one.kind === "altered" && one.dataset === name && one.fields.every(({ stored }) => stored === undefined),
    ) === true;
  const told = new Map<string, readonly string[]>();
  return {
    kept,
    async moved(dataset) {
      const { name, layout } = dataset;
      const then = (await kept()).get(name);
      // What does not fit the table is told with all else that does not.
      if (!then || isUnwritten(name) || !(await fits(session, dataset, await tables()))) return "all";
      const isSame = (await session.fingerprintTotal!(shown(dataset))) === total(then);
      if (isSame) made.set(name, asKept(name, then));
      if (isSame && untold(name).length === 0) return "changed";
      const rows = (await now(dataset))?.rows;
      const length = Math.min(bucketDigits, placeDigits(layout));
      const buckets = rows ? [...differingBuckets(then, rows), ...untold(name)] : [];
      const digits = [...new Set(buckets.map((bucket) => bucket.slice(0, length)))];
      if (length === 0 || digits.length === 0 || digits.length > 16 ** length / 2) return "all";
      told.set(name, digits);
      return digits;
    },
    live(within, name) {
      const digits = told.get(name);
      return (
        digits && {
          lookup: (dataset, keys) => within.lookup(dataset, keys),
          entries: (dataset, _where, digested) => within.entriesIn!(dataset, digits, digested),
        }
      );
    },
    async seen(targets) {
      const seen = new Map<string, SeenRows>();
      for (const [{ dataset, kept: left, wanted, compared, changes, strays = [] }, { git }] of targets) {
        const { name } = dataset;
        // What is left otherwise than git wants it would be taken for what git wants.
        if (!git || wanted < leastEntries || left.some(({ why }) => why !== "released")) continue;
        if (mayBeRespelled(git)) continue;
        const then = compared === "changed" ? (await kept()).get(name) : undefined;
        // What such an entry was when the fingerprint was made is not known, so that it cannot be taken out.
        const unknown = strays.map((key) => hash("sha256", key).slice(0, bucketDigits));
        const followed = then && asKept(name, then, [...new Set([...untold(name), ...unknown])].sort());
        const print = followed ?? (compared === "changed" ? undefined : await now(dataset));
        if (!print) continue;
        const rows = new BigUint64Array(print.rows);
        const before = changes.flatMap(({ kind, liveKey, key }) => (kind === "create" ? [] : [liveKey ?? key]));
        if (before.length > 0) combine(rows, (await session.fingerprint!(shown(dataset), before))!);
        seen.set(name, { ...print, rows });
      }
      return seen;
    },
  };
}

/** Whether an entry may have another key in git than in the database, and so another bucket: uuids in capitals. Their files have a hash in their names. */
function mayBeRespelled({ dataset: { key, fields = [] }, files }: Side): boolean {
  if (!fields.some(({ name, type }) => key.includes(name) && type === "uuid")) return false;
  for (const name of files.keys()) if (name.includes("~")) return true;
  return false;
}

async function fits(session: ReadSession, dataset: Dataset, tables: readonly Table[]): Promise<boolean> {
  try {
    await preflight(session, [dataset], tables);
    return true;
  } catch (error) {
    if (error instanceof HeddleError && error.code === "HDL206") return false;
    throw error;
  }
}
