import { describeDependent } from "./dependents.js";
import type { DatasetPlan, Limit, Plan } from "./plan.js";

/** A named permission that a plan needs. `flag` grants it on the command line. */
export interface Consent {
  kind:
    | "deletes"
    | "changes"
    | "empty"
    | "adopt"
    | "rollback"
    | "into-source"
    | "protected"
    | "release-hold"
    | "released"
    | "atomic";
  dataset?: string;
  count: number;
  reason: string;
  /** What the reason speaks of, a line each, where that is more than one. */
  list?: string[];
  flag: string;
}

/** What flags, or a saved plan, grant. */
export interface Grants {
  allowDeletes?: number;
  allowChanges?: number;
  allowEmpty?: boolean;
  adopt?: boolean;
  rollback?: boolean;
  intoSource?: boolean;
  releaseHold?: boolean;
  /** Deletes what would be released: it changes the plan. */
  deleteReleased?: boolean;
  /** The environment's name, typed. */
  confirm?: string;
}

/** Every consent that the plan needs; each rule is one line here and one function below. */
export function policy(plan: Plan): Consent[] {
  return [
    ...rollback(plan),
    ...intoSource(plan),
    ...held(plan),
    ...protection(plan),
    ...reach(plan),
    ...plan.datasets.flatMap((d) => perDataset(d, plan.limits)),
  ];
}

/** The consents that the grants leave open. `--allow-deletes N` covers N deletes over all datasets together. */
export function missingConsents(consents: readonly Consent[], grants: Grants, environment: string): Consent[] {
  const total = (kind: Consent["kind"]) =>
    consents.filter((consent) => consent.kind === kind).reduce((sum, { count }) => sum + count, 0);
  const granted: Record<Consent["kind"], () => boolean> = {
    deletes: () => (grants.allowDeletes ?? 0) >= total("deletes"),
    changes: () => (grants.allowChanges ?? 0) >= total("changes"),
    empty: () => grants.allowEmpty === true,
    adopt: () => grants.adopt === true,
    rollback: () => grants.rollback === true,
    "into-source": () => grants.intoSource === true,
    released: () => grants.deleteReleased === true,
    "release-hold": () => grants.releaseHold === true,
    protected: () => grants.confirm === environment,
    atomic: () => false,
  };
  return consents.filter(({ kind }) => !granted[kind]());
}

/** The flags that grant all of these together: what several datasets need of a number is added up. */
export function flagsFor(missing: readonly Consent[]): string[] {
  const sums = new Map<string, number>();
  for (const { flag, count } of missing) {
    const [name, value] = flag.split(" ");
    const key = /^--allow-\w+$/.test(name!) && value ? name! : flag;
    sums.set(key, (sums.get(key) ?? 0) + count);
  }
  return [...sums].flatMap(([flag, sum]) =>
    flag.startsWith("--") ? [/^--allow-(?:deletes|changes)$/.test(flag) ? `${flag} ${sum}` : flag] : [],
  );
}

/** The number a limit stands for: a share is rounded up. */
export function budget(limit: Limit, total: number): number {
  // 0.07 × 100 is a little over 7 in binary: rounded to what was meant before it is rounded up.
  return "count" in limit ? limit.count : Math.ceil(Number((limit.share * total).toPrecision(12)));
}

function rollback({ takesBack }: Plan): Consent[] {
  if (takesBack.length === 0) return [];
  const commits = takesBack.slice(0, 10).map(({ id, subject }) => `${id.slice(0, 10)} ${subject}`);
  const more = takesBack.length > 10 ? [`and ${takesBack.length - 10} more`] : [];
  const [what, list] = takesBack.length === 1 ? [commits[0]] : [`${takesBack.length} commits`, [...commits, ...more]];
  const reason = `does not descend from the applied revision; takes back ${what}`;
  return [{ kind: "rollback", count: takesBack.length, reason, ...(list && { list }), flag: "--rollback" }];
}

function intoSource(plan: Plan): Consent[] {
  return plan.intoSource.map((dataset) => ({
    kind: "into-source",
    dataset,
    count: 1,
    reason: `${dataset} was transformed on its way out of this database`,
    flag: "--into-source",
  }));
}

function held({ held }: Plan): Consent[] {
  if (held.length === 0) return [];
  const shown = held.slice(0, 10).map(({ dataset, name }) => `${dataset}/${name.replace(/\.json$/, "")}`);
  const more = held.length > 10 ? `, and ${held.length - 10} more` : "";
  const reason = `a rollback or undo took back what this would bring again: ${shown.join(", ")}${more}`;
  return [{ kind: "release-hold", count: held.length, reason, flag: "--release-hold" }];
}

function protection(plan: Plan): Consent[] {
  if (!plan.protected || plan.datasets.every(({ changes }) => changes.length === 0)) return [];
  const flag = `--confirm ${plan.environment}`;
  return [{ kind: "protected", count: 1, reason: `${plan.environment} is protected`, flag }];
}

/** Rows that the plan does not name have no share in any budget: each one counts. */
function reach({ dependents = [] }: Plan): Consent[] {
  return dependents.map((dependent) => {
    const { dataset, action, count = 1 } = dependent;
    const reason = `${describeDependent(dependent)}; undo does not bring them back`;
    return action === "cascade"
      ? { kind: "deletes", dataset, count, reason, flag: `--allow-deletes ${count}` }
      : { kind: "changes", dataset, count, reason, flag: `--allow-changes ${count}` };
  });
}

function perDataset({ dataset, changes, owned, wanted, released }: DatasetPlan, limits: Plan["limits"]): Consent[] {
  const { name } = dataset;
  const count = (matches: (change: (typeof changes)[number]) => boolean) => changes.filter(matches).length;
  const deletes = count(({ kind }) => kind === "delete");
  const updates = count(({ kind }) => kind === "update");
  const adopts = count(({ label }) => label === "adopt");
  const releases = count(({ label }) => label === "released");
  const consents: Consent[] = [];
  const mostDeletes = budget(limits.maxDeletes, owned);
  const mostChanges = budget(limits.maxChanges, Math.max(owned, wanted));
  const need = (kind: Consent["kind"], amount: number, reason: string, flag: string) =>
    consents.push({ kind, dataset: name, count: amount, reason: `${name}: ${reason}`, flag });
  if (deletes > mostDeletes) {
    need(
      "deletes",
      deletes,
      `${deletes} deletes of ${owned} owned entries, at most ${mostDeletes} allowed`,
      `--allow-deletes ${deletes}`,
    );
  }
  if (updates > mostChanges) {
    need("changes", updates, `${updates} updates, at most ${mostChanges} allowed`, `--allow-changes ${updates}`);
  }
  if (owned > 0 && wanted === 0 && (deletes > 0 || released > 0)) {
    const what = deletes > 0 ? "now has none" : "keeps none as its own: all are released";
    need("empty", 1, `had ${owned} owned entries and ${what}`, "--allow-empty");
  }
  if (releases > 0)
    need("released", releases, `${releases} entries that left the selection would be deleted`, "--delete-released");
  if (adopts > 0)
    need("adopt", adopts, `${adopts} existing entries that Heddle never wrote would be changed`, "--adopt");
  return consents;
}
