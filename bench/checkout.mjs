// A first weave to the branch that is checked out; the floor also has git check the files out.
import { fastImport, fastImportStream, newProject } from "./fixtures.mjs";
import { best, floor, heddle, inTurn, program, row } from "./measure.mjs";

export async function run(fixtures, { rounds }) {
  const source = await fixtures.shop();
  const stream = await fastImportStream(await fixtures.woven());
  const result = await best(rounds, {
    floor: async () => {
      const cwd = fixtures.fresh("import");
      const read = await floor("copy-out", [source, "items"]);
      const imported = await fastImport(cwd, stream);
      return inTurn(read, imported, await program("git", ["checkout", "--quiet", "-f", "data"], { cwd }));
    },
    heddle: async () => heddle(["weave"], newProject(fixtures.fresh("weave"), source).options),
  });
  return [row("first weave, checked out", result, 0.8)];
}
