import type { Snapshot } from "../model/snapshot.js";

/**
 * Tells how far long work has come, how fast it goes and how long it will take yet: `what, 20,000 of 50,000, 9,000/s, 4 s left`.
 * @param total how much there is to do; undefined where nobody knows, and more may come than was thought
 * @param now milliseconds
 */
export function pace(
  progress: ((text: string) => void) | undefined,
  what: string,
  total?: number,
  now: () => number = Date.now,
): (done: number) => void {
  const started = now();
  let last = 0;
  return (done) => {
    if (!progress || now() - last < often) return;
    last = now();
    const seconds = (now() - started) / 1000;
    const known = total !== undefined && total >= done;
    const parts = [`${what}, ${count(done)}${known ? ` of ${count(total)}` : ""}`];
    // In the first second the rate says little.
    if (seconds >= 1 && done > 0) {
      parts.push(`${count(Math.round(done / seconds))}/s`);
      if (known && total > done) parts.push(`${left(((total - done) * seconds) / done)} left`);
    }
    progress(parts.join(", "));
  };
}

/** The same entries; `tell` is told how many have come. */
export function paced(snapshot: Snapshot, tell: (done: number) => void): Snapshot {
  return {
    lookup: (dataset, keys) => snapshot.lookup(dataset, keys),
    async *entries(...what) {
      let done = 0;
      for await (const batch of snapshot.entries(...what)) {
        done += batch.length;
        tell(done);
        yield batch;
      }
    },
  };
}

/** Milliseconds: nobody reads faster. */
const often = 100;

/** With commas, without what `toLocaleString` loads at its first call. */
const count = (number: number) => String(number).replace(/\B(?=(?:\d{3})+$)/g, ",");

function left(seconds: number): string {
  if (seconds < 90) return `${Math.ceil(seconds)} s`;
  return seconds < 5400 ? `${Math.ceil(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
}
