// An apply of 100 changes where base is known, to a large and to a small table: its cost follows the changes.
import { edit } from "./fixtures.mjs";
import { best, heddle, timeRow, verdict } from "./measure.mjs";

export async function run(fixtures, { rounds }) {
  const sizes = { small: fixtures.big / 10, large: fixtures.big };
  const projects = { small: await fixtures.smallWoven(), large: await fixtures.bigWoven() };
  for (const { options } of Object.values(projects)) {
    await heddle(["apply", "target", "--rev", "data", "--yes"], options);
  }
  const contestant = (project) => async (round) => {
    edit(project, 100, `Changed ${round}`);
    return heddle(["apply", "target", "--rev", "data", "--yes"], project.options);
  };
  const { small, large } = await best(rounds, {
    small: contestant(projects.small),
    large: contestant(projects.large),
  });
  return [
    timeRow(`apply of 100 changes among ${sizes.small}`, { heddle: small }, 1),
    timeRow(`apply of 100 changes among ${sizes.large}`, { heddle: large }, 1),
    { work: "the second against the first", ...verdict(large.ms / small.ms, 1.5) },
  ];
}
