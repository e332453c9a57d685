import type { Reference } from "../model/dataset.js";
import { HeddleError, type Problem } from "../model/errors.js";
import type { Change, DatasetPlan } from "./plan.js";

/** One kind of change to one dataset: what reconcile writes in one go. */
export interface Step {
  plan: DatasetPlan;
  kind: Change["kind"];
  changes: Change[];
  /** Creates write null into these fields at first: they refer to rows that are not there yet. */
  without?: readonly string[];
  /** A second pass, which writes nothing but these fields: of rows just created their values, of rows to delete null. */
  only?: readonly string[];
}

/** What the order depends on: a table of the catalogue. */
export interface OrderTable {
  name: string;
  references: readonly (Reference & { constraint?: string })[];
  columns?: readonly { name: string; notNull: boolean; generated: boolean }[];
}

export interface WriteOrder {
  /** Parents first; where nothing binds, by name. */
  names: string[];
  /** The steps of these plans, which stand in the order of `names`. */
  steps(plans: readonly DatasetPlan[]): Step[];
}

/**
 * How datasets of a plan are written, by the foreign keys of all tables. A cycle is opened at a nullable column, which
 * then takes a second pass; HDL206 names the constraints of those that cannot be opened. Deferrable foreign keys bind
 * nothing: the database checks them at the end.
 */
export function writeOrder(names: readonly string[], tables: readonly OrderTable[]): WriteOrder {
  const byName = new Map(tables.map((table) => [table.name, table]));
  const planned = names.map((name) => byName.get(name) ?? { name, references: [] });
  const { sorted, late } = sortTables(planned);
  const referenced = new Set(tables.flatMap(({ references }) => references.map(({ dataset }) => dataset)));
  const inward = new Set(
    planned.filter(({ name, references }) => references.some((to) => to.dataset === name)).map(({ name }) => name),
  );
  return {
    names: sorted.map(({ name }) => name),
    steps: (plans) => orderSteps(plans, { referenced, inward, late }),
  };
}

/**
 * Tables sorted so that what is referenced comes before what references it; names break ties, so that the order is the
 * same on every machine. HDL206 for a cycle that has no nullable column.
 */
export function sortByReferences<T extends OrderTable>(tables: readonly T[]): T[] {
  return sortTables(tables).sorted;
}

/** `late`: by table, the fields that open cycles. */
function sortTables<T extends OrderTable>(tables: readonly T[]): { sorted: T[]; late: Map<string, string[]> } {
  const rest = new Map([...tables].sort((a, b) => (a.name < b.name ? -1 : 1)).map((table) => [table.name, table]));
  const sorted: T[] = [];
  const late = new Map<string, string[]>();
  const binding = ({ name, references }: OrderTable) =>
    references.filter(
      ({ dataset, deferrable, fields }) =>
        dataset !== name &&
        rest.has(dataset) &&
        !deferrable &&
        !fields.some((field) => late.get(name)?.includes(field)),
    );
  while (rest.size > 0) {
    const ready = [...rest.values()].filter((table) => binding(table).length === 0);
    for (const table of ready) {
      sorted.push(table);
      rest.delete(table.name);
    }
    if (ready.length === 0) openCycle(rest, binding, late);
  }
  return { sorted, late };
}

type Binding = (table: OrderTable) => OrderTable["references"];

/** Takes the first foreign key of a cycle that a null in one column switches off for a while (MATCH SIMPLE). */
function openCycle(rest: ReadonlyMap<string, OrderTable>, binding: Binding, late: Map<string, string[]>): void {
  const reaches = (from: string, to: string, seen = new Set<string>()): boolean =>
    !seen.has(from) &&
    binding(rest.get(from)!).some(({ dataset }) => dataset === to || reaches(dataset, to, seen.add(from)));
  const cyclic = [...rest.values()].flatMap((table) =>
    binding(table).flatMap((to) => (reaches(to.dataset, table.name) ? [{ table, to }] : [])),
  );
  for (const { table, to } of cyclic) {
    const nullable = to.fields.find((field) =>
      table.columns?.some(({ name, notNull, generated }) => name === field && !notNull && !generated),
    );
    if (nullable === undefined) continue;
    late.set(table.name, [...(late.get(table.name) ?? []), nullable]);
    return;
  }
  const names = [...new Set(cyclic.map(({ table }) => table.name))];
  const problems = cyclic.map(({ table, to }): Problem => {
    const which = to.constraint === undefined ? "" : ` ${to.constraint}`;
    return { dataset: table.name, message: `foreign key${which} over ${to.fields.join(", ")} refers to ${to.dataset}` };
  });
  throw new HeddleError("HDL206", `foreign keys form a cycle without a nullable column: ${names.join(", ")}`, {
    problems,
    hint: "make one of these constraints DEFERRABLE, or one of the columns nullable",
  });
}

interface Graph {
  referenced: ReadonlySet<string>;
  /** Tables whose rows refer to rows of the same table. */
  inward: ReadonlySet<string>;
  late: ReadonlyMap<string, readonly string[]>;
}

/**
 * The steps in the order of writing. Deletes come first where no table references the dataset, since they may free
 * unique values; those of referenced datasets come last, when no row points at them any more, children first. Updates
 * come before creates for the same reason, but for rows that may point at created ones: these come after.
 */
function orderSteps(plans: readonly DatasetPlan[], { referenced, inward, late }: Graph): Step[] {
  const step = (plan: DatasetPlan, kind: Change["kind"], pass: Pick<Step, "without" | "only"> = {}): Step[] => {
    const changes = plan.changes.filter((change) => change.kind === kind);
    return changes.length === 0 ? [] : [{ plan, kind, changes, ...pass }];
  };
  const early = plans.filter(({ dataset }) => !referenced.has(dataset.name));
  const last = plans.filter(({ dataset }) => referenced.has(dataset.name)).reverse();
  const cyclic = plans.flatMap((plan) => {
    const fields = late.get(plan.dataset.name);
    return fields ? [{ plan, fields }] : [];
  });
  return [
    ...early.flatMap((plan) => step(plan, "delete")),
    ...plans.flatMap((plan) => {
      const fields = late.get(plan.dataset.name);
      if (fields) return step(plan, "create", { without: fields });
      const [updates, creates] = [step(plan, "update"), step(plan, "create")];
      return inward.has(plan.dataset.name) ? [...creates, ...updates] : [...updates, ...creates];
    }),
    ...cyclic.flatMap(({ plan, fields }) => [...step(plan, "create", { only: fields }), ...step(plan, "update")]),
    ...cyclic.flatMap(({ plan, fields }) => step(plan, "delete", { only: fields })),
    ...last.flatMap((plan) => step(plan, "delete")),
  ];
}
