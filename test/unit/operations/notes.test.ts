import { expect, onTestFinished, test } from "vitest";
import { uncommittedNotes } from "../../../src/operations/notes.js";
import { openRepository } from "../../../src/repository/repository.js";
import { makeRepository } from "../../support/git.js";

async function withData() {
  const made = makeRepository();
  onTestFinished(() => made[Symbol.dispose]());
  made.write("weave-configs/a.yaml", "a");
  for (const name of ["a", "b", "c"]) made.write(`data/all/${name}.json`, name);
  const revision = made.commitAll();
  const repository = await openRepository(made.directory, { environment: made.environment });
  const notes = (options: Partial<Parameters<typeof uncommittedNotes>[1]> = {}) =>
    uncommittedNotes(repository, { revision, ownConfig: false, ...options });
  return { made, revision, notes };
}

const rest = "uncommitted changes are not part of this";

test("a plan for HEAD says what of data and configuration is not committed: new, changed, deleted, staged", async () => {
  const { made, notes } = await withData();
  expect(await notes()).toEqual([]);
  made.write("data/all/a.json", "other");
  expect(await notes()).toEqual([`data/all/a.json differs from HEAD: ${rest}`]);
  made.write("data/all/new.json", "new");
  made.git("rm", "-q", "--cached", "data/all/b.json");
  made.write("weave-configs/a.yaml", "other");
  expect(await notes()).toEqual([expect.stringMatching(/^4 files of data\/ and weave-configs\/ differ from HEAD/)]);
  expect(await notes({ ownConfig: true })).toEqual([expect.stringMatching(/^3 files of data\/ differ from HEAD/)]);
});

test("a plan for another revision than HEAD says nothing of the data that is checked out", async () => {
  const { made, revision, notes } = await withData();
  made.commitAll();
  made.write("data/all/a.json", "other");
  made.write("weave-configs/a.yaml", "other");
  expect(await notes({ revision })).toEqual([`weave-configs/a.yaml differs from HEAD: ${rest}`]);
  expect(await notes({ revision, ownConfig: true })).toEqual([]);
});

test("of very many files only the index is asked, and the plan says so", async () => {
  const { made, notes } = await withData();
  const unsure = "data/ is very large: edits that are not staged were not looked for (git status data)";
  made.write("data/all/a.json", "other");
  expect(await notes({ many: 4 })).toEqual([`data/all/a.json differs from HEAD: ${rest}`]);
  expect(await notes({ many: 3 })).toEqual([unsure]);
  made.git("add", "data");
  expect(await notes({ many: 3 })).toEqual([`data/all/a.json differs from HEAD: ${rest}`, unsure]);
});
