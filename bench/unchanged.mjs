// A weave and a whole plan that find nothing to do; the floor reads the table and digests its rows.
import { best, floor, heddle, row } from "./measure.mjs";

export async function run(fixtures, { rounds }) {
  const { source, options } = await fixtures.woven();
  // The source itself is the destination: all of it is adopted, and nothing written.
  await heddle(["apply", "target", "--rev", "data", "--yes"], options);
  const {
    floor: least,
    weave,
    plan,
    fingerprints,
  } = await best(rounds, {
    floor: () => floor("copy-out", [source, "items", "sha1"]),
    weave: () => heddle(["weave", "--branch", "data"], options),
    plan: () => heddle(["plan", "target", "--rev", "data", "--exact"], options),
    fingerprints: () => heddle(["plan", "target", "--rev", "data", "--full"], options),
  });
  return [
    row("weave, nothing changed", { heddle: weave, floor: least }, 3),
    row("plan of everything, nothing changed", { heddle: plan, floor: least }, 3),
    row("the same by fingerprints", { heddle: fingerprints, floor: least }, 1),
  ];
}
