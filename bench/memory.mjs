// Peak memory of the process at the largest size, git and the server not counted.
import { newProject } from "./fixtures.mjs";
import { heddle } from "./measure.mjs";

const target = 400;

export async function run(fixtures) {
  const { options, source } = await fixtures.bigWoven();
  const row = (work, { mb, ms }) => ({
    work: `${work}, ${fixtures.big} entries`,
    "peak MB": mb,
    target: `${target} MB`,
    met: mb <= target,
    "heddle s": Number((ms / 1000).toFixed(1)),
  });
  const first = await heddle(["weave", "--branch", "data"], newProject(fixtures.fresh("memory"), source).options);
  const again = await heddle(["weave", "--branch", "data"], options);
  const plan = await heddle(["plan", "target", "--rev", "data", "--exact"], options);
  return [row("first weave", first), row("weave, nothing changed", again), row("plan of everything", plan)];
}
