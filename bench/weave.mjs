// A first weave to a branch that is not checked out; the floor reads the table and has git import the same files.

import { fastImport, fastImportStream, newProject } from "./fixtures.mjs";
import { best, floor, heddle, inTurn, row } from "./measure.mjs";

export async function run(fixtures, { rounds }) {
  const source = await fixtures.shop();
  const stream = await fastImportStream(await fixtures.woven());
  const result = await best(rounds, {
    floor: async () =>
      inTurn(await floor("copy-out", [source, "items"]), await fastImport(fixtures.fresh("import"), stream)),
    heddle: async () => heddle(["weave", "--branch", "data"], newProject(fixtures.fresh("weave"), source).options),
  });
  return [row("first weave, not checked out", result, 0.5)];
}
