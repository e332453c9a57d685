// A first weave of a collection to a branch that is not checked out; the floor reads it and has git import the same files.
import { fastImport, fastImportStream, newProject } from "./fixtures.mjs";
import { best, floor, heddle, inTurn, row } from "./measure.mjs";

export async function run(fixtures, { rounds }) {
  const source = await fixtures.documents();
  const stream = await fastImportStream(await fixtures.wovenDocuments());
  const result = await best(rounds, {
    floor: async () => inTurn(await floor("find", [source]), await fastImport(fixtures.fresh("import"), stream)),
    heddle: async () => heddle(["weave", "--branch", "data"], newProject(fixtures.fresh("weave"), source).options),
  });
  return [{ ...row("first weave, MongoDB, not checked out", result, 0.5), server: (await fixtures.mongodb()).server }];
}
