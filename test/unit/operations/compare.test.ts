import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { plan } from "../../../src/operations/plan.js";
import { weave } from "../../../src/operations/weave.js";
import { onDatabase } from "../../support/postgres-client.js";
import { makeTwin } from "../../support/twin.js";

type Twin = Awaited<ReturnType<typeof makeTwin>>;

/** Changes the configuration and commits what the source then gives. */
async function reconfigure({ project }: Twin, ...replace: (readonly [string, string])[]): Promise<void> {
  const path = "weave-configs/heddle.yaml";
  const text = readFileSync(join(project.directory, path), "utf8");
  project.write(
    path,
    replace.reduce((text, [from, to]) => text.replace(from, to), text),
  );
  project.commitAll("configuration");
  await weave({ directory: project.directory, allowDeletes: 1000, acceptFields: true });
}

describe("what a dataset's weaves say of it", () => {
  test("of two weaves of one dataset the masked one is never applied to its source, and shows no original", async () => {
    const twin = await makeTwin("CREATE TABLE people (id int PRIMARY KEY, region text, email text)");
    await onDatabase(
      twin.source,
      "INSERT INTO people VALUES (1, 'eu', 'a@example.com'), (2, 'us', 'secret@example.com')",
    );
    const part = (name: string, more = "") => `apiVersion: heddle/v1
kind: Weave
metadata: { name: ${name} }
spec:
  source: { url: "\${TWIN_SOURCE}" }
  select: [{ dataset: people, where: "region = '${name}'" }]
${more}---
`;
    const masked = `  maskKey: "\${TWIN_SOURCE}"
  transform: [{ for: people, steps: [{ mask: { /email: email } }] }]
`;
    const environment = `apiVersion: heddle/v1
kind: Environment
metadata: { name: copy }
spec:
  database: { url: "\${TWIN_SOURCE}" }
  weaves: [eu, us]
  apply: { onDrift: overwrite }
`;
    twin.project.write("weave-configs/heddle.yaml", part("eu") + part("us", masked) + environment);
    twin.project.commitAll("two weaves");
    await weave({ directory: twin.project.directory, acceptFields: true });
    await expect(twin.apply({ grants: { adopt: true, intoSource: true } })).rejects.toMatchObject({ code: "HDL600" });
    expect(await onDatabase(twin.source, "SELECT email FROM people WHERE id = 2")).toEqual([
      { email: "secret@example.com" },
    ]);
  });
});

describe("a selection that changes", () => {
  test("another key: all is released, and no file of the old key counts as what was applied", async () => {
    const twin = await makeTwin("CREATE TABLE items (id int PRIMARY KEY, code int UNIQUE NOT NULL, name text)", {
      tables: "items",
    });
    await twin.want("INSERT INTO items VALUES (1, 11, 'A'), (2, 1, 'B'), (3, 12, 'C')");
    await twin.apply();
    await reconfigure(twin, ['dataset: "items"', 'dataset: "items", key: [code]']);
    await twin.want("UPDATE items SET name = 'B2' WHERE id = 2");
    const { plan: made, missing } = await plan({ directory: twin.project.directory, environment: "copy" });
    expect(made.datasets[0]).toMatchObject({ released: 3, blocked: [], changes: [{ name: "1.json", label: "adopt" }] });
    expect(missing.map(({ flag }) => flag)).toEqual(["--adopt"]);
  });
});

describe("a dataset chosen with pick", () => {
  test("is pruned only where it is named, and the plan tells what unselected fields go with a delete", async () => {
    const twin = await makeTwin("CREATE TABLE items (id int PRIMARY KEY, name text, stock int)", {
      tables: "items",
      spec: "apply: { maxDeletes: 100% }",
    });
    await reconfigure(twin, ['dataset: "items"', 'dataset: "items", pick: [name]']);
    await twin.want("INSERT INTO items VALUES (1, 'A', 1), (2, 'B', 2)");
    await twin.apply();
    await twin.want("DELETE FROM items WHERE id = 2");
    const made = async () => (await plan({ directory: twin.project.directory, environment: "copy" })).plan;
    expect(await made()).toMatchObject({ datasets: [{ changes: [], kept: [{ name: "2.json", why: "released" }] }] });
    await reconfigure(twin, ["maxDeletes: 100%", "maxDeletes: 100%, prune: { items: owned }"]);
    expect(await made()).toMatchObject({
      notes: ["items: 1 delete would take 1 unselected field along: stock"],
      datasets: [{ changes: [{ kind: "delete", name: "2.json" }] }],
    });
  });
});

describe("columns that come and go", () => {
  test("on both sides: what the source fills is git's, and a deleted row is deleted", async () => {
    const twin = await makeTwin("CREATE TABLE items (id int PRIMARY KEY, name text)");
    await twin.want("INSERT INTO items VALUES (1, 'A'), (2, 'B'), (3, 'C')");
    await twin.apply();
    await twin.rows("ALTER TABLE items ADD COLUMN color text");
    await twin.want(
      "ALTER TABLE items ADD COLUMN color text; UPDATE items SET color = 'red'; DELETE FROM items WHERE id = 3",
    );
    await twin.apply();
    expect(await twin.same("items")).toBe(true);
    await twin.rows("ALTER TABLE items DROP COLUMN name");
    await twin.want("ALTER TABLE items DROP COLUMN name; DELETE FROM items WHERE id = 2");
    await twin.apply();
    expect(await twin.same("items")).toBe(true);
  });
});

describe("local members of a sub-document", () => {
  test("are left out of creates, kept by updates, and nothing is written over them", async () => {
    const twin = await makeTwin("CREATE TABLE items (id int PRIMARY KEY, settings jsonb)", {
      spec: "local: { items: [/settings/theme] }",
    });
    await twin.want(`INSERT INTO items VALUES (1, '{"a": 1, "theme": "source"}')`);
    await twin.apply();
    expect(await twin.rows("SELECT * FROM items")).toEqual([{ id: 1, settings: { a: 1 } }]);
    await twin.rows(`UPDATE items SET settings = '{"a": 1, "theme": "mine"}'`);
    await twin.want(`UPDATE items SET settings = '{"a": 2, "theme": "source"}'`);
    await twin.apply();
    expect(await twin.rows("SELECT * FROM items")).toEqual([{ id: 1, settings: { a: 2, theme: "mine" } }]);
    await twin.want("UPDATE items SET settings = NULL");
    await expect(twin.apply()).rejects.toMatchObject({ code: "HDL601" });
  });
});
