import { readFileSync, statSync } from "node:fs";
import { Ajv2020 } from "ajv/dist/2020.js";
import { beforeAll, expect, it } from "vitest";
import { makeCopyProject } from "../support/copy-project.js";
import { onDatabase } from "../support/postgres-client.js";
import { createPostgresDatabase } from "../support/servers.js";

const schema = JSON.parse(readFileSync(new URL("../../schemas/plan-report.schema.json", import.meta.url), "utf8"));
const validate = new Ajv2020().compile(schema);
const table = "CREATE TABLE items (id int PRIMARY KEY, name text, secret text);";

function report(text: string) {
  const parsed = JSON.parse(text);
  expect([validate(parsed), validate.errors]).toEqual([true, null]);
  return parsed;
}

let project: ReturnType<typeof makeCopyProject>;
beforeAll(async () => {
  const [source, copy] = [await createPostgresDatabase(), await createPostgresDatabase()];
  await onDatabase(source, `${table} INSERT INTO items SELECT i, 'Item ' || i, 'x' FROM generate_series(1, 5) i`);
  await onDatabase(copy, table);
  project = makeCopyProject(source, copy);
  await project.succeed("weave");
  return () => project[Symbol.dispose]();
}, 180_000);

it("plan, apply, drift and undo give JSON of one schema, and write every format to files", async () => {
  const files = ["txt", "json", "md", "html"].map((extension) => project.beside(`plan.${extension}`));
  const plan = await project.succeed("plan", "copy", "--json", ...files.flatMap((file) => ["--report", file]));
  const planned = report(plan.stdout);
  expect(planned.counts).toEqual({ created: 5, updated: 0, deleted: 0 });
  expect(planned.binding).toBe((await project.succeed("binding", "copy")).stdout.trim());
  const [text, json, markdown, html] = files.map((file) => readFileSync(file, "utf8"));
  expect(text).toContain("5 to create");
  expect(report(json!)).toEqual(planned);
  expect(markdown).toContain("**5 to create, 0 to update, 0 to delete\\.**");
  expect(html).toContain("<h1>Plan for copy</h1>");
  expect(statSync(files[3]!).mode & 0o077).toBe(0);
  expect((await project.heddle("plan", "copy", "--report", "plan.pdf")).stderr).toContain(".md or .html");

  const applied = report((await project.succeed("apply", "copy", "--yes", "--json")).stdout);
  expect(applied).toMatchObject({ written: true, counts: { created: 5 } });
  expect(report((await project.succeed("apply", "copy", "--yes", "--json")).stdout).written).toBe(false);

  await onDatabase(project.variables.COPY_URL!, "UPDATE items SET name = 'Other' WHERE id = 1");
  const drift = await project.heddle("drift", "copy", "--format", "markdown");
  expect(drift.stdout).toMatch(/^## Drift of copy\n/);
  expect(report((await project.heddle("drift", "copy", "--json")).stdout).datasets[0].changes[0]).toMatchObject({
    label: "drift",
    fields: [{ path: "/name", from: '"Other"', to: '"Item 1"' }],
  });
  await onDatabase(project.variables.COPY_URL!, "UPDATE items SET name = 'Item 1' WHERE id = 1");

  const undone = await project.succeed("undo", "copy", "--yes", "--allow-deletes", "5", "--allow-empty", "--json");
  expect(report(undone.stdout)).toMatchObject({ undone: [applied.id] });
  const page = await project.heddle("apply", "copy", "--yes", "--format", "html", "--release-hold");
  expect(page.stdout).toMatch(/<\/html>\n$/);
  expect(page.stderr).toContain("Applied ");
}, 180_000);

it("the binding is that of the data, the overlay and the configuration, not of the commit", async () => {
  const binding = async (...more: string[]) => (await project.succeed("binding", "copy", ...more)).stdout;
  const before = await binding();
  project.write("README.md", "more\n");
  project.commitAll("a page");
  expect(await binding()).toBe(before);
  project.git("checkout", "-q", "-b", "side");
  project.write("data/all/items/1.json", '{\n  "id": 1,\n  "name": "One",\n  "secret": "x"\n}\n');
  project.commitAll("one");
  const side = await binding();
  expect(side).not.toBe(before);
  project.git("checkout", "-q", "main");
  expect(await binding()).toBe(before);
  project.git("merge", "-q", "--squash", "side");
  project.commitAll("one (#1)");
  expect(await binding()).toBe(side);
  const config = readFileSync(`${project.directory}/weave-configs/heddle.yaml`, "utf8");
  project.write(
    "weave-configs/heddle.yaml",
    config.replace("weaves: [all]", "weaves: [all]\n  apply: { maxDeletes: 7 }"),
  );
  project.commitAll("a budget");
  expect(await binding()).not.toBe(side);
  expect(await binding("--config", "HEAD~1")).toBe(side);
});
