import { createHash, randomUUID } from "node:crypto";
import type { Database, ReadSession, Table, WriteBatch, WriteSession } from "../../src/database/database.js";
import type { Dataset } from "../../src/model/dataset.js";
import type { Entry, Key } from "../../src/model/entry.js";
import { HeddleError } from "../../src/model/errors.js";
import type { Journal } from "../../src/model/journal.js";
import { type Fields, renderFields } from "../../src/model/json.js";
import { keyOf } from "../../src/model/key.js";
import { type AppliedRecord, keptApplies, type PreImage } from "../../src/model/record.js";

export interface MemoryOptions {
  /** Rows go by the rules of `postgresql`, documents by those of `mongodb`: so is the engine named. */
  kind: "rows" | "documents";
  /** What the catalogue says; `uniques` are enforced. */
  tables: Table[];
  /** As in Capabilities. Without transactions every call of a write session stands by itself. */
  transactionLimit?: number;
  transactions?: boolean;
}

/** Never changed in place, so that whoever holds one has a snapshot. */
interface State {
  readonly entries: ReadonlyMap<string, ReadonlyMap<Key, Fields>>;
  readonly records: readonly AppliedRecord[];
  readonly images: ReadonlyMap<string, readonly PreImage[]>;
  readonly journals: ReadonlyMap<string, Journal>;
}

/** What several databases can be opened on, as on a server. */
export class Memory {
  readonly identity = createHash("sha256").update(randomUUID()).digest("hex");
  state: State = { entries: new Map(), records: [], images: new Map(), journals: new Map() };
  locked = false;
  /** Entries written since the beginning: a second apply must leave it alone. */
  writes = 0;
}

/** An in-memory database for fast tests of plan and apply. A predicate is `field >= number`. */
export function openMemory(options: MemoryOptions, memory = new Memory()): Database {
  let queue: Promise<unknown> = Promise.resolve();
  const { transactions = true } = options;
  return {
    engine: options.kind === "rows" ? "postgresql" : "mongodb",
    capabilities: {
      snapshots: true,
      transactions,
      ...(options.transactionLimit !== undefined && { transactionLimit: options.transactionLimit }),
    },
    isTransient: () => false,
    holder: async () => undefined,
    async read(work) {
      const { state } = memory;
      return work(readSession(options, memory, () => state));
    },
    write(work) {
      const turn = queue.then(async () => {
        const draft = transactions
          ? { state: memory.state, locked: false, writes: 0 }
          : Object.assign(direct(memory), { locked: false, writes: 0 });
        try {
          const result = await work(writeSession(options, memory, draft));
          memory.state = draft.state;
          memory.writes += draft.writes;
          return result;
        } finally {
          if (draft.locked) memory.locked = false;
        }
      });
      queue = turn.catch(() => {});
      return turn;
    },
    async [Symbol.asyncDispose]() {},
  };
}

/** Like a draft, but what is put into it stands at once. */
function direct(memory: Memory): { state: State } {
  return Object.defineProperty({} as { state: State }, "state", {
    get: () => memory.state,
    set: (state: State) => {
      memory.state = state;
    },
  });
}

function readSession(options: MemoryOptions, memory: Memory, state: () => State): ReadSession {
  const rows = (dataset: Dataset) => {
    if (options.kind === "rows" && !options.tables.some(({ name }) => name === dataset.name)) {
      throw new HeddleError("HDL202", `${dataset.name}: there is no such table`);
    }
    return state().entries.get(dataset.name) ?? new Map<Key, Fields>();
  };
  return {
    identity: async () => memory.identity,
    tables: async () => options.tables,
    async *entries(dataset, where) {
      const holds = where === undefined ? () => true : predicate(where);
      const found = [...rows(dataset).values()].filter(holds).map((fields) => entryOf(dataset, fields));
      for (let start = 0; start < found.length; start += 1000) yield found.slice(start, start + 1000);
    },
    async *lookup(dataset, keys) {
      const found = keys.flatMap((requested) => {
        const fields = rows(dataset).get(requested);
        return fields ? [{ requested, entry: entryOf(dataset, fields) }] : [];
      });
      if (found.length > 0) yield found;
    },
    normalize: async (_, entries) => entries.map((fields) => new Map(fields)),
    dependents: async () => [],
    examine: async () => [],
    estimate: async (dataset) => rows(dataset).size,
    async records() {
      const newest = [...state().records].reverse();
      return newest.filter((one, i) => newest.findIndex((other) => other.environment === one.environment) === i);
    },
    history: async (limit, environments) =>
      [...state().records]
        .reverse()
        .filter(({ environment }) => !environments || environments.includes(environment))
        .slice(0, limit),
    journals: async () => [...state().journals.values()],
    async *preImages(plan) {
      yield [...(state().images.get(plan) ?? [])];
    },
  };
}

function writeSession(
  options: MemoryOptions,
  memory: Memory,
  draft: { state: State; locked: boolean; writes: number },
): WriteSession {
  return {
    ...readSession(options, memory, () => draft.state),
    async lock() {
      if (memory.locked && !draft.locked) throw new HeddleError("HDL207", "another apply is writing to this database");
      memory.locked = draft.locked = true;
    },
    async write(dataset, changes) {
      const rows = new Map(draft.state.entries.get(dataset.name));
      const table = options.tables.find(({ name }) => name === dataset.name);
      change(dataset, rows, changes, options.kind === "rows" ? table : undefined);
      checkUniques(dataset, rows, table?.uniques ?? []);
      draft.state = { ...draft.state, entries: new Map(draft.state.entries).set(dataset.name, rows) };
      draft.writes += changes.kind === "delete" ? changes.keys.length : changes.entries.length;
    },
    async savePreImages(plan, images) {
      const all = [...(draft.state.images.get(plan) ?? []), ...structuredClone(images)];
      draft.state = { ...draft.state, images: new Map(draft.state.images).set(plan, all) };
    },
    async newIds(dataset, fields, count) {
      const rows = [...(draft.state.entries.get(dataset.name)?.values() ?? [])];
      const highest = (field: string) => Math.max(0, ...rows.map((row) => Number(row.get(field))));
      return Array.from({ length: count }, (_, i) => new Map(fields.map((field) => [field, highest(field) + 1 + i])));
    },
    command: async () => 0,
    async saveRecord(record) {
      const records = [...draft.state.records, structuredClone(record)];
      const own = records.filter(({ environment }) => environment === record.environment);
      const old = new Set(own.slice(0, -keptApplies).map(({ plan }) => plan));
      const images = new Map([...draft.state.images].filter(([plan]) => !old.has(plan)));
      draft.state = { ...draft.state, records, images };
    },
    async saveJournal(journal) {
      const journals = new Map(draft.state.journals).set(journal.record.plan, structuredClone(journal));
      draft.state = { ...draft.state, journals };
    },
    async closeJournal(plan) {
      const journals = new Map([...draft.state.journals].filter(([one]) => one !== plan));
      draft.state = { ...draft.state, journals };
    },
  };
}

function change(dataset: Dataset, rows: Map<Key, Fields>, changes: WriteBatch, table: Table | undefined): void {
  const refuse = (message: string): never => {
    throw new HeddleError("HDL205", `${dataset.name}: ${message}`);
  };
  if (changes.kind === "delete") {
    for (const key of changes.keys) if (!rows.delete(key)) refuse("a row to delete is not there");
  } else if (changes.kind === "create") {
    for (const { key, fields } of changes.entries) {
      checkColumns(dataset, fields, table);
      if (rows.has(key)) refuse("another row has the same key");
      // What is not given is NULL in a row.
      const others = (table?.columns ?? []).filter(({ name }) => !fields.has(name));
      rows.set(key, new Map([...fields, ...others.map(({ name }) => [name, null] as const)]));
    }
  } else {
    for (const { key, set, order } of changes.entries) {
      checkColumns(dataset, set, table);
      const old = rows.get(key) ?? refuse("a row to update is not there");
      const fields: Fields = new Map(old);
      for (const [name, value] of set) value === undefined ? fields.delete(name) : fields.set(name, value);
      const names = order
        ? [...order, ...[...fields.keys()].filter((name) => !order.includes(name))]
        : [...fields.keys()];
      rows.delete(key);
      rows.set(keyOf(dataset, fields)!, new Map(names.map((name) => [name, fields.get(name)!])));
    }
  }
}

function checkColumns(dataset: Dataset, fields: ReadonlyMap<string, unknown>, table: Table | undefined): void {
  if (!table) return;
  for (const [name, value] of fields) {
    if (value === undefined || !table.columns!.some((column) => column.name === name && !column.generated)) {
      throw new HeddleError("HDL206", `${dataset.name}: ${name} is no column, or was to be removed from a row`);
    }
  }
}

function checkUniques(dataset: Dataset, rows: ReadonlyMap<Key, Fields>, uniques: readonly string[][]): void {
  for (const unique of uniques) {
    const seen = new Set([...rows.values()].map((fields) => keyOf({ key: unique }, fields)));
    if (seen.size < rows.size) {
      throw new HeddleError("HDL205", `${dataset.name}: another row has the same ${unique.join(", ")}`);
    }
  }
}

function predicate(where: string): (fields: Fields) => boolean {
  const match = /^\s*(\w+)\s*>=\s*(-?\d+)\s*$/.exec(where);
  if (!match) throw new HeddleError("HDL202", "a predicate of the memory database is `field >= number`");
  return (fields) => Number(fields.get(match[1]!)) >= Number(match[2]);
}

function entryOf(dataset: Dataset, fields: Fields): Entry {
  const shown =
    dataset.fields && !dataset.omit && !dataset.pick ? dataset.fields.map(({ name }) => name) : [...fields.keys()];
  const picked = shown.filter((name) => {
    if (!fields.has(name)) return false;
    if (dataset.key.includes(name)) return true;
    return dataset.pick ? dataset.pick.includes(name) : !dataset.omit?.includes(name);
  });
  return {
    key: keyOf(dataset, fields)!,
    text: renderFields(new Map(picked.map((name) => [name, fields.get(name)!]))),
  };
}
