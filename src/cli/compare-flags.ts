import type { Command } from "commander";
import { positiveNumber } from "./grants.js";

/** How a database is compared, as options of a command. */
export interface CompareFlags {
  exact?: boolean;
  concurrency?: number;
}

/** Adds the flags that say how a database is compared. */
export function compareFlags(command: Command): Command {
  return command
    .option("--exact", "compare every entry, whatever the database's fingerprints say")
    .option("--concurrency <n>", "compare so many datasets at a time, on PostgreSQL (at most 8)", positiveNumber);
}

export function compareOptions({ exact, concurrency }: CompareFlags): CompareFlags {
  return { ...(exact && { exact }), ...(concurrency !== undefined && { concurrency }) };
}
