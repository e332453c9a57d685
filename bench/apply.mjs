// A first apply into an empty table; the floor reads the files from git and copies the same rows in.
import { copyText, emptyTable } from "./fixtures.mjs";
import { best, floor, heddle, row } from "./measure.mjs";

export async function run(fixtures, { rounds }) {
  const { directory, source, options } = await fixtures.woven();
  const server = (await fixtures.postgres()).url;
  const text = await copyText(source, `${directory}.copy`);
  const result = await best(rounds, {
    floor: async () => floor("copy-in", [await emptyTable(server), text], { cwd: directory }),
    heddle: async () => {
      const env = { ...options.env, BENCH_TARGET: await emptyTable(server) };
      return heddle(["apply", "target", "--rev", "data", "--yes"], { ...options, env });
    },
  });
  return [row("first apply", result, 2)];
}
