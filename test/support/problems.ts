import { HeddleError, type Problem } from "../../src/model/errors.js";

/** The error that `work` ends with; it has to be a HeddleError. */
export async function failure(work: () => unknown): Promise<HeddleError> {
  try {
    await work();
  } catch (error) {
    if (error instanceof HeddleError) return error;
    throw error;
  }
  throw new Error("no error was thrown");
}

/** Problems as lines of `file:line:column: message (hint)`. */
export function problemLines(problems: readonly Problem[]): string[] {
  return problems.map(
    ({ file, line, column, message, hint }) =>
      `${[file, line, column].filter((part) => part !== undefined).join(":")}: ${message}${hint === undefined ? "" : ` (${hint})`}`,
  );
}
