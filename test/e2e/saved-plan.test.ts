import { readFileSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { makeProject, type TestProject } from "../support/command.js";
import { copyConfig } from "../support/copy-project.js";
import { onDatabase, rowVersions } from "../support/postgres-client.js";
import { createPostgresDatabase } from "../support/servers.js";

const config = copyConfig(
  "shop",
  "[{ dataset: items }]",
  `  apply: { maxDeletes: 0 }
---
apiVersion: heddle/v1
kind: Environment
metadata: { name: other }
spec:
  database: { url: "\${OTHER_URL}" }
  weaves: [shop]
  apply: { maxDeletes: 0 }
`,
);
const table = "CREATE TABLE items (id int PRIMARY KEY, name text);";
const rows = "INSERT INTO items SELECT i, 'Item ' || i FROM generate_series(1, 10) i;";

let project: TestProject;
let copy: string;
/** The commit that is applied before every test. */
let start: string;

beforeAll(async () => {
  project = makeProject(config);
  for (const name of ["SOURCE_URL", "COPY_URL", "OTHER_URL"]) {
    project.variables[name] = await createPostgresDatabase();
    await onDatabase(project.variables[name], name === "SOURCE_URL" ? table + rows : table);
  }
  copy = project.variables.COPY_URL!;
  await project.succeed("weave");
  for (const name of ["copy", "other"]) await project.succeed("apply", name, "--yes");
  start = project.git("rev-parse", "HEAD");
}, 120_000);
afterAll(() => project?.[Symbol.dispose]());

beforeEach(async () => {
  project.git("reset", "--quiet", "--hard", start);
  await onDatabase(copy, `DELETE FROM items; ${rows} DELETE FROM heddle.applied WHERE id > 1`);
  item(1, "New");
  item(2, "New");
  project.git("rm", "-q", "data/shop/items/10.json");
  project.commitAll("two change, one goes");
});

const item = (id: number, name: string) =>
  project.write(`data/shop/items/${id}.json`, `{\n  "id": ${id},\n  "name": "${name}"\n}\n`);
const file = () => project.beside("plan.json");
const savePlan = (...more: string[]) => project.succeed("plan", "copy", "--out", file(), ...more);
const applyPlan = (environment = "copy", ...more: string[]) =>
  project.heddle("apply", environment, "--plan", file(), "--yes", ...more);
const live = async () =>
  Object.fromEntries((await onDatabase(copy, "SELECT id, name FROM items")).map(({ id, name }) => [id, name]));

/** Applying the saved plan has to end with this code, and to write nothing. */
async function refused(code: string, text: string, exit = 4, ...args: Parameters<typeof applyPlan>): Promise<string> {
  const before = await rowVersions(copy);
  const run = await applyPlan(...args);
  expect(run.stderr).toContain(`error ${code}: `);
  expect(run.stderr).toContain(text);
  expect(run.code).toBe(exit);
  expect(await rowVersions(copy), "a refused plan wrote something").toBe(before);
  return run.stderr;
}

it("G50: a saved plan is applied once, with the consents that it was made with and no others", async () => {
  await savePlan();
  await refused("HDL600", "(--allow-deletes 1)", 3);
  await refused("HDL100", "with the consents that it was made with", 1, "copy", "--allow-deletes", "1");
  await savePlan("--allow-deletes", "1");
  const { code, stdout, stderr } = await applyPlan();
  expect([code, stderr, stdout]).toEqual([0, "", expect.stringContaining("Applied ")]);
  expect(await live()).toMatchObject({ 1: "New", 2: "New", 3: "Item 3" });
  const [applied] = JSON.parse((await project.succeed("history", "copy", "--json")).stdout);
  expect(applied.id).toBe(JSON.parse(readFileSync(file(), "utf8")).plan.id);
  await refused("HDL607", "was applied already");
  await onDatabase(copy, "UPDATE items SET name = 'Item 1' WHERE id = 1");
  await refused("HDL607", "was applied already");
});

it("G50: an edited plan, one of another version and a file that is none are refused", async () => {
  await savePlan();
  const text = readFileSync(file(), "utf8");
  for (const [from, to] of [
    ['"grants": {}', '"grants": { "allowDeletes": 9 }'],
    ['"kind": "update"', '"kind": "delete"'],
    ['"maxDeletes": {\n        "count": 0', '"maxDeletes": {\n        "count": 9'],
    ['"notes": []', '"notes": [ "looks good" ]'],
  ] as const) {
    expect(text).toContain(from);
    writeFileSync(file(), text.replace(from, to));
    await refused("HDL607", "was edited");
  }
  writeFileSync(file(), text.replace('"heddlePlan": 1', '"heddlePlan": 2'));
  await refused("HDL607", "another version");
  for (const broken of ["", "{}", text.slice(0, -20), "null"]) {
    writeFileSync(file(), broken);
    await refused("HDL607", "is no saved plan");
  }
});

it("G50: a plan for another environment, configuration, database or revision is refused", async () => {
  await savePlan("--allow-deletes", "1");
  await refused("HDL607", "is for copy", 4, "other");

  const planned = project.git("rev-parse", "HEAD");
  project.write("weave-configs/heddle.yaml", config.replace("maxDeletes: 0", "maxDeletes: 5"));
  project.commitAll("a larger budget");
  await refused("HDL607", "another configuration");
  project.git("reset", "--quiet", "--hard", planned);

  item(3, "Newer");
  project.commitAll("one more");
  await refused("HDL607", "other trees");
  // The same trees in another commit are what was approved.
  project.git("reset", "--quiet", "--hard", planned);
  project.write("README.md", "# A shop\n");
  project.commitAll("a page");
  expect((await applyPlan()).code).toBe(0);
});

it("G50, G46: a stale entry is named, and what was applied since makes a plan too old", async () => {
  await savePlan("--allow-deletes", "1", "--full");
  await onDatabase(
    copy,
    "UPDATE items SET name = 'Moved' WHERE id = 2; UPDATE items SET name = 'Drifted' WHERE id = 5",
  );
  const said = await refused("HDL602", "items/2: is another change now");
  expect(said).toContain("items/5: was no change then");
  expect(said).not.toContain("items/1");
  await onDatabase(copy, "UPDATE items SET name = 'Item ' || id WHERE id IN (2, 5)");

  const planned = project.git("rev-parse", "HEAD");
  project.git("reset", "--quiet", "--hard", start);
  item(4, "Between");
  project.commitAll("another change");
  await project.succeed("apply", "copy", "--yes");
  project.git("reset", "--quiet", "--hard", planned);
  await refused("HDL607", "older than what was applied last");
});
