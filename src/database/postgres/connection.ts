import type { Cells } from "./row.js";

/** Where the SQL of this engine goes: a server by its driver, or PGlite. */
export interface Connection {
  /** How many transactions there can be at a time. */
  most: number;
  /**
   * Runs `work` in one transaction that `begin` (one or several statements) opens: committed when it ends, rolled back
   * when it throws. No state outlives it, so that a pooler in transaction mode may stand between.
   */
  transaction<T>(begin: string, work: (transaction: Transaction) => Promise<T>): Promise<T>;
  end(): Promise<void>;
}

export interface Transaction {
  /** One statement by the extended protocol; values as the server prints them. `count`: rows it read or changed. */
  query(sql: string, parameters?: readonly (string | null)[]): Promise<{ rows: Cells[]; count: number }>;
  /** Several statements without results or parameters. */
  run(sql: string): Promise<void>;
  /** What `COPY source TO` gives, in text format. Nothing else may be asked until it has been read or left. */
  stream(source: string): AsyncIterable<Buffer>;
  /** `COPY target FROM` these lines in text format; how many rows went in. */
  copyIn(target: string, lines: Iterable<string>): Promise<number>;
}
