// A first apply into an empty collection; the floor reads the files from git and inserts the same documents.
import { mongodbUrl } from "./fixtures.mjs";
import { best, floor, heddle, row } from "./measure.mjs";

export async function run(fixtures, { rounds }) {
  const { directory, options } = await fixtures.wovenDocuments();
  const server = await fixtures.mongodb();
  const result = await best(rounds, {
    floor: (round) =>
      floor("insert-many", [mongodbUrl(server, `least_${round}`), String(fixtures.rows)], { cwd: directory }),
    heddle: (round) => {
      const env = { ...options.env, BENCH_TARGET: mongodbUrl(server, `applied_${round}`) };
      return heddle(["apply", "target", "--rev", "data", "--yes"], { ...options, env });
    },
  });
  return [{ ...row("first apply, MongoDB", result, 1.5), server: server.server }];
}
