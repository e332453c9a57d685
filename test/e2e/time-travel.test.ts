import { expect, test } from "vitest";
import { createPostgresDatabase } from "../support/servers.js";
import { makeWoven, table } from "../support/woven.js";

const products = table("products", { id: "integer", price: "integer" });

test("rollback: tells, asks, commits; exit codes for nobody to ask, later edits and a missing flag", async () => {
  using project = await makeWoven(products);
  project.put(products, { id: 1, price: 10 });
  project.put(products, { id: 2, price: 20 });
  project.commitAt("2026-01-01T00:00:00Z", "woven");
  project.put(products, { id: 1, price: 11 });
  const dearer = project.commitAt("2026-01-02T00:00:00Z", "dearer");
  project.put(products, { id: 1, price: 12 });
  project.commitAt("2026-01-03T00:00:00Z", "dearer still");

  expect(await project.heddle("rollback")).toMatchObject({ code: 1, stderr: expect.stringContaining("HDL100") });
  expect((await project.heddle("rollback", "--to", "HEAD~1")).code).toBe(3);
  const later = await project.heddle("rollback", "--commit", dearer);
  expect(later.code).toBe(4);
  expect(later.stdout).toBe(
    `products
  ~ 1
      price: 12 → 10

takes back ${project.git("rev-parse", "HEAD").slice(0, 10)} 2026-01-03T00:00:00+00:00 Ada: dearer still (1 entry)
takes back ${dearer.slice(0, 10)} 2026-01-02T00:00:00+00:00 Ada: dearer (1 entry)
! changed again later: products/1
0 to create, 1 to update, 0 to delete.
`,
  );
  const { stdout } = await project.succeed("rollback", "--commit", dearer, "--yes", "--json");
  expect(JSON.parse(stdout)).toMatchObject({
    branch: "main",
    commit: project.git("rev-parse", "HEAD"),
    counts: { created: 0, updated: 1, deleted: 0 },
    takesBack: [{ subject: "dearer still", entries: 1 }, { subject: "dearer" }],
    datasets: [{ dataset: "products", changes: [{ name: "1", fields: [{ path: "/price", from: "12", to: "10" }] }] }],
  });
  const again = await project.succeed("rollback", "--commit", dearer, "--yes");
  expect(again.stdout).toContain("Nothing to restore; no commit.");
});

test("events: lines for people, CloudEvents for programs, a table for SQL", async () => {
  using project = await makeWoven(products);
  project.put(products, { id: 1, price: 10 });
  project.commitAt("2026-01-01T00:00:00Z", "woven");
  project.put(products, { id: 1, price: 11 });
  const dearer = project.commitAt("2026-01-02T00:00:00Z", "dearer");
  const text = await project.succeed("events", "products", "--since", "2026-01-01T00:00Z");
  expect(text.stdout).toBe(`${dearer.slice(0, 10)}  2026-01-02T00:00:00+00:00  updated     shop:products/1 (price)\n`);
  const { stdout } = await project.succeed("events", "--format", "jsonl");
  expect(
    stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line).type),
  ).toEqual(["heddle.entry.created", "heddle.entry.updated"]);
  project.variables.EVENTS_URL = await createPostgresDatabase();
  const imported = await project.succeed("events", "--into", "env:EVENTS_URL");
  expect(imported.stdout).toBe(`heddle_events has come to ${dearer.slice(0, 10)}: 2 added, 2 in all.\n`);
  const again = await project.succeed("events", "--into", "env:EVENTS_URL", "--json");
  expect(JSON.parse(again.stdout)).toMatchObject({ added: 0, events: 2 });
  expect((await project.heddle("events", "products", "--into", "env:EVENTS_URL")).stderr).toContain("HDL100");
});

test("restore: says what it does, asks, commits, and applies where it is told to", async () => {
  using project = await makeWoven(products);
  project.put(products, { id: 1, price: 10 });
  project.commitAt("2026-01-01T00:00:00Z", "woven");
  project.put(products, { id: 1, price: 11 });
  project.commitAt("2026-01-02T00:00:00Z", "dearer");
  const asked = ["restore", "products/1", "--at", "2026-01-01T12:00Z"];
  const refused = await project.heddle(...asked);
  expect([refused.code, refused.stdout]).toEqual([3, expect.stringContaining("price: 11 → 10")]);
  const { stdout } = await project.succeed(...asked, "--yes");
  expect(stdout).toContain(`Committed ${project.git("rev-parse", "HEAD").slice(0, 10)} to main.`);
  const json = await project.succeed("restore", "products/1", "--at", "HEAD~1", "--yes", "--json");
  expect(JSON.parse(json.stdout)).toMatchObject({ counts: { updated: 1 }, commit: project.git("rev-parse", "HEAD") });
  const unknown = await project.heddle("restore", "products/1", "--at", "HEAD~1", "--yes", "--apply", "nowhere");
  expect(unknown).toMatchObject({ code: 1, stderr: expect.stringContaining("HDL104") });
});
