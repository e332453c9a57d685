// What a user waits for before any work begins.
import { best, heddle, program, row, timeRow } from "./measure.mjs";

export async function run(fixtures, { rounds }) {
  const version = await best(10 * rounds, {
    floor: () => program(process.execPath, ["-e", "0"]),
    heddle: () => program(process.execPath, ["dist/main.js", "--version"]),
  });
  const { options } = await fixtures.tinyWoven();
  const plan = await best(3 * rounds, { heddle: () => heddle(["plan", "target", "--rev", "data"], options) });
  return [row("heddle --version", version, 1.5), timeRow("plan of ten rows", plan, 0.6)];
}
