import { readFileSync } from "node:fs";
import { join } from "node:path";
import { PGlite } from "@electric-sql/pglite";
import { expect, it } from "vitest";
import { openDatabase } from "../../src/database/open.js";
import { makeProject } from "../support/command.js";
import { copyConfig } from "../support/copy-project.js";
import { createPgliteDirectory } from "../support/pglite.js";

const config = copyConfig("shop", "[{ dataset: items }]");
const schema = "CREATE TABLE items (id int PRIMARY KEY, name text, at timestamptz);";

it("PGlite: weave, apply, edit, apply; a second process on the directory is refused (HDL207)", async () => {
  using project = makeProject(config);
  const rows =
    "INSERT INTO items SELECT i, 'Item ' || i, '2020-02-29 12:00:00.123456+01' FROM generate_series(1, 50) i;";
  const source = await createPgliteDirectory(schema + rows);
  const copy = await createPgliteDirectory(schema);
  try {
    Object.assign(project.variables, { SOURCE_URL: source.url, COPY_URL: copy.url });
    await project.succeed("weave");
    await project.succeed("apply", "copy", "--yes");
    const file = "data/shop/items/7.json";
    project.write(file, readFileSync(join(project.directory, file), "utf8").replace("Item 7", "Seven"));
    project.commitAll();

    await using first = await openDatabase(copy.url);
    await first.read(async () => {
      const second = await project.heddle("apply", "copy", "--yes");
      expect(second.stderr).toContain("error HDL207: copy: another process has this PGlite directory open");
      expect([second.code, second.stdout]).toEqual([4, ""]);
    });
    await first[Symbol.asyncDispose]();

    const applied = await project.succeed("apply", "copy", "--yes");
    expect(applied.stdout).toContain("0 to create, 1 to update, 0 to delete.");
    const database = await PGlite.create(copy.url.slice("pglite:".length));
    const { rows } = await database.query("SELECT id, name, at::text FROM items WHERE id IN (7, 8) ORDER BY id");
    await database.close();
    expect(rows.map((row) => Object.values(row as object))).toEqual([
      [7, "Seven", expect.stringContaining(".123456")],
      [8, "Item 8", expect.stringContaining(".123456")],
    ]);
  } finally {
    await Promise.all([source.remove(), copy.remove()]);
  }
}, 180_000);
