/** Asked now and then by work that may be stopped. */
export type Stop = Pick<AbortSignal, "aborted">;

/**
 * Works on items, by as many workers at a time as there are; gives the results in the order of the items. After a failure
 * nothing more is begun, what is going on is told to stop, and once all of it has ended the first failure is thrown.
 * @param outer stops all of it as well
 */
export async function spread<W, I, R>(
  workers: readonly W[],
  items: readonly I[],
  work: (worker: W, item: I, stop: Stop) => Promise<R>,
  outer?: Stop,
): Promise<R[]> {
  const results: R[] = [];
  const failures: unknown[] = [];
  const stop: Stop = {
    get aborted() {
      return failures.length > 0 || outer?.aborted === true;
    },
  };
  const rest = items.entries();
  await Promise.all(
    workers.map(async (worker) => {
      for (const [i, item] of rest) {
        if (failures.length > 0) return;
        try {
          results[i] = await work(worker, item, stop);
        } catch (error) {
          failures.push(error);
        }
      }
    }),
  );
  if (failures.length > 0) throw failures[0];
  return results;
}
