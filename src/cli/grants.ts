import { type Command, InvalidArgumentError } from "commander";
import type { Grants } from "../plan/policy.js";

/** Adds the flags that grant consents. */
export function grantFlags(command: Command): Command {
  return command
    .option("--allow-deletes <n>", "delete up to <n> entries where that is over maxDeletes", wholeNumber)
    .option("--allow-changes <n>", "update up to <n> entries where that is over maxChanges", wholeNumber)
    .option("--allow-empty", "let a dataset become empty, or leave")
    .option("--adopt", "change existing entries that Heddle never wrote")
    .option("--rollback", "go back to a revision that does not descend from the applied one")
    .option("--into-source", "write a transformed dataset into the database that it came from")
    .option("--release-hold", "bring again what a rollback or undo took back")
    .option("--delete-released", "delete what is no longer selected; else it stays and is no longer owned")
    .option("--confirm <environment>", "the name of a protected environment");
}

const names = [
  "allowDeletes",
  "allowChanges",
  "allowEmpty",
  "adopt",
  "rollback",
  "intoSource",
  "releaseHold",
  "deleteReleased",
  "confirm",
] as const satisfies readonly (keyof Grants)[];

/** The grants among a command's options. */
export function grantsOf(options: object): Grants {
  const given: Grants = options;
  return Object.fromEntries(names.flatMap((name) => (given[name] === undefined ? [] : [[name, given[name]]])));
}

export function wholeNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError("a whole number belongs there.");
  return Number(text);
}

export function positiveNumber(text: string): number {
  if (wholeNumber(text) === 0) throw new InvalidArgumentError("a whole number from 1 belongs there.");
  return Number(text);
}
