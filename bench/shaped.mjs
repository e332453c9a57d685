// A whole plan that finds nothing to do in an environment with an overlay: with and without the digests of shaped entries
// that lie beside the repository. The floor reads the table and digests its rows.
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { emptyTable, newProject } from "./fixtures.mjs";
import { best, floor, heddle, row } from "./measure.mjs";

const overlay = `  overlay:
    - for: items
      when: active
      steps:
        - compute: { /name: "name & ' (staging)'" }
`;

export async function run(fixtures, { rounds }) {
  const target = await emptyTable((await fixtures.postgres()).url);
  const { directory, git, options } = newProject(fixtures.fresh("shaped"), await fixtures.shop(), target);
  const file = join(directory, "weave-configs/bench.yaml");
  writeFileSync(file, readFileSync(file, "utf8") + overlay);
  git("commit", "--quiet", "--all", "--message", "overlay");
  await heddle(["weave", "--branch", "data"], options);
  await heddle(["apply", "target", "--rev", "data", "--yes"], options);
  const plan = () => heddle(["plan", "target", "--rev", "data", "--exact"], options);
  const results = await best(rounds, {
    floor: () => floor("copy-out", [target, "items", "sha1"]),
    first: () => {
      rmSync(join(directory, ".git/heddle"), { recursive: true, force: true });
      return plan();
    },
    again: plan,
  });
  return [
    row("plan of everything under an overlay, for the first time", { ...results, heddle: results.first }, 20),
    row("the same again", { ...results, heddle: results.again }, 3),
  ];
}
