import { HeddleError, type Problem } from "../../model/errors.js";
import type { Transaction } from "./connection.js";
import { isBadValue } from "./errors.js";

/**
 * Runs `work` on all items at once. Where the server refuses a value it runs on halves, until every item that is refused
 * is known: then HDL204 with the problem of each. Errors of other kinds pass through.
 */
export async function pinpoint<I, O>(
  transaction: Transaction,
  items: readonly I[],
  problemOf: (item: I) => Problem & { dataset: string },
  work: (items: readonly I[]) => Promise<O[]>,
): Promise<O[]> {
  const problems: Problem[] = [];
  const run = async (some: readonly I[]): Promise<O[]> => {
    await transaction.run("SAVEPOINT heddle");
    try {
      const results = await work(some);
      await transaction.run("RELEASE SAVEPOINT heddle");
      return results;
    } catch (error) {
      if (!isBadValue(error)) throw error;
      await transaction.run("ROLLBACK TO SAVEPOINT heddle; RELEASE SAVEPOINT heddle");
      if (some.length === 1) problems.push(problemOf(some[0]!));
      if (some.length <= 1) return [];
      const middle = some.length >> 1;
      const first = await run(some.slice(0, middle));
      return [...first, ...(await run(some.slice(middle)))];
    }
  };
  const results = await run(items);
  if (problems.length === 0) return results;
  throw new HeddleError("HDL204", `${problems[0]!.dataset}: values that their types do not accept`, { problems });
}
