import { readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { weave } from "../../../src/operations/weave.js";
import type { TestProject } from "../../support/command.js";
import { makeTwin } from "../../support/twin.js";

const products = `CREATE TABLE products (id int PRIMARY KEY, name text, price int);
  INSERT INTO products VALUES (1, 'Loom', 10), (2, 'Reed', 20), (3, 'Shuttle', 30);`;

function configure(project: TestProject, from: string, to: string): void {
  const file = join(project.directory, "weave-configs/heddle.yaml");
  const text = readFileSync(file, "utf8");
  expect(text).toContain(from);
  writeFileSync(file, text.replace(from, to));
}

test("only configuration and the schemas it names are committed with the data, nothing else that lies there", async () => {
  const { project } = await makeTwin(products);
  configure(
    project,
    'select: [{ dataset: "*" }]',
    'validate: [{ for: "*", schema: schemas/any.json }]\n  select: [{ dataset: "*" }]',
  );
  project.write("schemas/any.json", "true\n");
  project.write("schemas/other.json", "true\n");
  project.write("weave-configs/.env", "PASSWORD=secret\n");
  project.write("weave-configs/notes.txt", "secret\n");
  project.write("weave-configs/.draft.yaml", "secret\n");
  symlinkSync(join(project.directory, ".git/config"), join(project.directory, "weave-configs/link"));
  const { notes } = await weave({ directory: project.directory });
  expect(notes).toEqual(["committed with the data: weave-configs/heddle.yaml, schemas/any.json"]);
  expect(project.git("ls-files", "weave-configs", "schemas")).toBe("schemas/any.json\nweave-configs/heddle.yaml");
});
